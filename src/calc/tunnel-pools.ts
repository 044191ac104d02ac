import { tryParsePrefix } from '../base/index.ts';
import {
  effectivePool,
  type IPPool,
  isClosed,
  matchesSelector,
  type Node,
  type TunnelAddressKind,
} from '../model/index.ts';
import type { DesiredStore } from './desired/index.ts';
import { encapsulationOf, isIpip, isVxlan } from './encapsulation.ts';
import type { FelixSettings } from './felix.ts';

/** WireGuard is no pool's business: any pool will do. */
const whatever = (): boolean => true;

const KINDS: Readonly<Record<TunnelAddressKind, { readonly family: 4 | 6; readonly carries: typeof isIpip }>> = {
  wireguard: { family: 4, carries: whatever },
  wireguardV6: { family: 6, carries: whatever },
  ipip: { family: 4, carries: isIpip },
  vxlan: { family: 4, carries: isVxlan },
  vxlanV6: { family: 6, carries: isVxlan },
};

/**
 * From which pools the node's tunnels have their addresses: those that are open, allow tunnels, select the node and use the
 * encapsulation. WireGuard has one while the node has a key, unless the node encrypts its own traffic too: then its own
 * address is the device's. Pools are tried by name. `vxlanStays`: some node is reached only by VXLAN, so this one keeps the address
 * for that which it has in a pool that is IPIP's now.
 */
export function tunnelPools(
  pools: Iterable<IPPool>,
  node: Node | undefined,
  felix: FelixSettings,
  vxlanStays = false,
): DesiredStore['tunnelPools'] {
  const labels = node?.metadata.labels ?? {};
  const open = [...pools]
    .filter((pool) => !isClosed(pool) && tryParsePrefix(pool.spec.cidr) !== undefined)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map(effectivePool)
    .filter(({ allowedUses }) => allowedUses.includes('Tunnel'))
    .filter(({ nodeSelector }) => nodeSelector === '' || matchesSelector(nodeSelector, labels));
  const of = (kind: TunnelAddressKind): readonly string[] => {
    const { family, carries: asked } = KINDS[kind];
    const keeps = kind === 'vxlan' && vxlanStays && Boolean(node?.spec.ipv4VXLANTunnelAddr);
    const carries: typeof asked = (encapsulation) => asked(encapsulation) || (keeps && isIpip(encapsulation));
    if (node === undefined || !isUsed(kind, node, felix)) return [];
    return open
      .filter((pool) => tryParsePrefix(pool.cidr)?.family === family && carries(encapsulationOf(pool)))
      .map(({ cidr }) => cidr);
  };
  return {
    wireguard: of('wireguard'),
    wireguardV6: of('wireguardV6'),
    ipip: of('ipip'),
    vxlan: of('vxlan'),
    vxlanV6: of('vxlanV6'),
  };
}

function isUsed(kind: TunnelAddressKind, { status }: Node, felix: FelixSettings): boolean {
  if (kind !== 'wireguard' && kind !== 'wireguardV6') return true;
  const key = kind === 'wireguard' ? status?.wireguardPublicKey : status?.wireguardPublicKeyV6;
  return Boolean(key) && !felix.wireguardHostEncryptionEnabled;
}
