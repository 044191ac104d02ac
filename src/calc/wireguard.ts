import { type Family, formatPrefix, hostPrefix, isWireguardKey, parseAddress, parseDuration } from '../base/index.ts';
import type { Node } from '../model/index.ts';
import type { DesiredWireguard, DesiredWireguardPeer, DesiredWireguardRoute } from './desired/index.ts';
import type { FelixSettings } from './felix.ts';
import type { Holding } from './holdings.ts';
import { marksOf } from './marks.ts';
import { nodeAddress } from './node-bgp.ts';

const DEFAULTS = {
  4: { device: 'wireguard.cali', port: 51820 },
  6: { device: 'wg-v6.cali', port: 51821 },
} as const;
const DEFAULT_PRIORITY = 99;
export const DEFAULT_TABLES = [{ min: 1, max: 250 }] as const;

/** WireGuard of one family with all that belongs to it; undefined when it is off, or the node has no address there. */
export function desiredWireguard(
  family: Family,
  node: Node | undefined,
  felix: FelixSettings,
  { peers, routes }: Pick<DesiredWireguard, 'peers' | 'routes'>,
): DesiredWireguard | undefined {
  const underlay = nodeAddress(node, family);
  if (!isEnabled(felix, family) || underlay === undefined) return undefined;
  const hostEncryption = felix.wireguardHostEncryptionEnabled ?? false;
  return {
    family,
    device: (family === 4 ? felix.wireguardInterfaceName : felix.wireguardInterfaceNameV6) || DEFAULTS[family].device,
    underlay,
    address: hostEncryption ? underlay : interfaceAddress(node, family),
    mtu: (family === 4 ? felix.wireguardMTU : felix.wireguardMTUV6) || undefined,
    listenPort: peerSettings(felix, family).port,
    mark: marksOf(felix).wireguard,
    rulePriority: felix.wireguardRoutingRulePriority ?? DEFAULT_PRIORITY,
    tables: felix.routeTableRanges ?? DEFAULT_TABLES,
    hostEncryption,
    peers,
    routes,
  };
}

/** The settings of every peer. */
export interface PeerSettings {
  readonly port: number;
  /** Seconds; 0 for off. */
  readonly keepalive: number;
}

export function peerSettings(felix: FelixSettings, family: Family): PeerSettings {
  const listenPort = (family === 4 ? felix.wireguardListeningPort : felix.wireguardListeningPortV6) || undefined;
  return {
    port: listenPort ?? DEFAULTS[family].port,
    keepalive: Math.ceil((parseDuration(felix.wireguardKeepAlive ?? '0') ?? 0) / 1000),
  };
}

export function isEnabled(felix: FelixSettings, family: Family): boolean {
  return (family === 4 ? felix.wireguardEnabled : felix.wireguardEnabledV6) ?? false;
}

/** Where a node can be reached and by what key, or why it can't. */
export type Standing =
  | { readonly kind: 'encrypted'; readonly address: string; readonly publicKey: string }
  | { readonly kind: 'clear'; readonly why: string };

/** `rival`: another node that claims the same key, which then is nobody's. */
export function standingOf(node: Node, family: Family, rival: string | undefined): Standing {
  const { name } = node.metadata;
  const address = nodeAddress(node, family);
  const publicKey = publicKeyOf(node, family);
  if (address === undefined) return { kind: 'clear', why: `${name} has no IPv${family} address` };
  if (publicKey === undefined) return { kind: 'clear', why: `${name} has no WireGuard key` };
  if (rival !== undefined) return { kind: 'clear', why: `${name} has the same WireGuard key as ${rival}` };
  return { kind: 'encrypted', address, publicKey };
}

export function publicKeyOf({ status }: Node, family: Family): string | undefined {
  const key = family === 4 ? status?.wireguardPublicKey : status?.wireguardPublicKeyV6;
  return key && isWireguardKey(key) ? key : undefined;
}

function interfaceAddress(node: Node | undefined, family: Family): string | undefined {
  const { interfaceIPv4Address, interfaceIPv6Address } = node?.spec.wireguard ?? {};
  return (family === 4 ? interfaceIPv4Address : interfaceIPv6Address) || undefined;
}

/**
 * Addresses that are on a node besides what IPAM says of its blocks: its tunnels', and with host encryption its own.
 */
export function placesOf(node: Node, family: Family, hostEncryption: boolean): Holding[] {
  const { name } = node.metadata;
  const address = nodeAddress(node, family);
  const place = (text: string, why: string): Holding => {
    const prefix = hostPrefix(parseAddress(text));
    return { cidr: formatPrefix(prefix), prefix, node: name, why };
  };
  return [
    ...tunnelAddresses(node)
      .filter((text) => text.includes(':') === (family === 6))
      .map((text) => place(text, `tunnel address of ${name}`)),
    ...(hostEncryption && address !== undefined ? [place(address, `${name} itself`)] : []),
  ];
}

function tunnelAddresses({ spec }: Node): readonly string[] {
  const { interfaceIPv4Address, interfaceIPv6Address } = spec.wireguard ?? {};
  const all = [
    spec.bgp?.ipv4IPIPTunnelAddr,
    spec.ipv4VXLANTunnelAddr,
    spec.ipv6VXLANTunnelAddr,
    interfaceIPv4Address,
    interfaceIPv6Address,
  ];
  return all.filter((text): text is string => Boolean(text));
}

export function peerOf(
  node: string,
  standing: Standing | undefined,
  allowedIps: readonly string[],
  { port, keepalive }: PeerSettings,
): DesiredWireguardPeer | undefined {
  if (standing?.kind !== 'encrypted') return undefined;
  const host = standing.address.includes(':') ? `[${standing.address}]` : standing.address;
  return { node, publicKey: standing.publicKey, endpoint: `${host}:${port}`, keepalive, allowedIps };
}

/**
 * The route to a node. Our own addresses, and a node that can't decrypt, go on to the next rule: there it has its
 * ordinary route.
 */
export function routeTo(
  { cidr, node, why }: Holding,
  standing: Standing | undefined,
  nodename: string,
): DesiredWireguardRoute {
  if (standing?.kind === 'encrypted') return { cidr, mode: 'tunnel', why };
  const reason = node === nodename ? 'our own' : `in clear: ${standing?.why ?? `${node} is unknown`}`;
  return { cidr, mode: 'throw', why: `${why}; ${reason}` };
}
