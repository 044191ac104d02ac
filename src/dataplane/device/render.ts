import { containsPrefix, type Family, hostCidr, parsePrefix } from '../../base/index.ts';
import type {
  DesiredIpip,
  DesiredPool,
  DesiredTunnels,
  DesiredVxlan,
  DesiredWireguard,
} from '../../calc/desired/index.ts';
import type { InterfaceAddressEntry, Link, LinkSpec, VxlanAttributes } from '../../netlink/index.ts';
import { IPIP_OVERHEAD, VXLAN_OVERHEAD, wireguardMtu } from '../endpoints/mtu.ts';

/** The tunnels that there can be, by what they are called in `Desired`. */
export const TUNNEL_KINDS = [
  'ipip',
  'vxlan4',
  'vxlan6',
  'wireguard4',
  'wireguard6',
] as const satisfies readonly (keyof DesiredTunnels)[];
export type TunnelKind = (typeof TUNNEL_KINDS)[number];

/** Calico's names for the devices. `tunl0` is the kernel's own name for the tunnel without a fixed far end. */
export const DEVICE: Readonly<Record<TunnelKind, string>> = {
  ipip: 'tunl0',
  vxlan4: 'vxlan.calico',
  vxlan6: 'vxlan-v6.calico',
  wireguard4: 'wireguard.cali',
  wireguard6: 'wg-v6.cali',
};

/** A WireGuard device may be called otherwise. */
function deviceName(kind: TunnelKind, desired: DesiredTunnels[TunnelKind]): string {
  return desired !== undefined && 'device' in desired ? desired.device : DEVICE[kind];
}

/** The devices of each family that have an address: what the host sends through one should come from it. */
export function addressedDevices(tunnels: DesiredTunnels): Readonly<Record<Family, readonly string[]>> {
  const addressed = TUNNEL_KINDS.filter((kind) => tunnels[kind]?.address !== undefined);
  const of = (family: Family): readonly string[] =>
    addressed.filter((kind) => kind.endsWith('6') === (family === 6)).map((kind) => deviceName(kind, tunnels[kind]));
  return { 4: of(4), 6: of(6) };
}

/** A tunnel device as it should be. */
export interface DeviceSpec {
  readonly link: LinkSpec & { readonly kind: 'ipip' | 'vxlan' | 'wireguard' };
  readonly mtu: number;
  readonly mac?: string;
  /** `/32` or `/128`; undefined until IPAM has given one. */
  readonly address: string | undefined;
  /** Index of the link that packets leave by; VXLAN only. */
  readonly parent?: number;
}

/** The kernel's state: enough to work out what a device should be and what it lacks. */
export interface DeviceSurroundings {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddressEntry[];
  /** The MTU of the node's way out. */
  readonly hostMtu: number;
}

/** The devices that may be asked for. */
export type DesiredDevice = DesiredIpip | DesiredVxlan | DesiredWireguard;

/** The device as it should be on this host, or a sentence that says why it can't be. */
export function deviceSpec(
  desired: DesiredDevice,
  { links, addresses, hostMtu }: DeviceSurroundings,
): DeviceSpec | string {
  if (!('vni' in desired)) {
    const [kind, name, mtu] =
      'device' in desired
        ? (['wireguard', desired.device, wireguardMtu(desired, hostMtu)] as const)
        : (['ipip', DEVICE.ipip, desired.mtu ?? hostMtu - IPIP_OVERHEAD] as const);
    if (links.some((link) => link.name === name && link.kind !== kind)) {
      return `${name} is there, but it is no ${kind === 'ipip' ? 'IPIP' : 'WireGuard'} device; rename or remove it`;
    }
    return { link: { kind, name, mtu }, mtu, address: desired.address && hostCidr(desired.address) };
  }
  const { family, vni, port, underlay: local, mac } = desired;
  const holder = addresses.find(({ address }) => address.split('/')[0] === local);
  const parent = links.find(({ index }) => index === holder?.index);
  if (parent === undefined) return `no link of this node has its address ${local}`;
  const mtu = desired.mtu ?? hostMtu - VXLAN_OVERHEAD[family];
  const vxlan: VxlanAttributes = { vni, port, local, parentIndex: parent.index, learning: false };
  const name = family === 4 ? DEVICE.vxlan4 : DEVICE.vxlan6;
  return {
    link: { kind: 'vxlan', name, mac, mtu, vxlan },
    mtu,
    mac,
    address: desired.address && hostCidr(desired.address),
    parent: parent.index,
  };
}

/** One change that brings a device nearer to what it should be. */
export type DeviceStep =
  | { readonly verb: 'delete link' }
  | { readonly verb: 'add link' }
  | { readonly verb: 'set link'; readonly change: { mtu?: number; mac?: string; up?: boolean } }
  | { readonly verb: 'add address' | 'delete address'; readonly address: string };

/**
 * The steps to make the device as it should be, in this order; none when it is. A VXLAN device whose network, port,
 * local address or parent is another can't be changed, so it is made anew. `tunl0` is never deleted: it is the
 * kernel's. An old address goes after the new one has come: with its last address a device loses its routes.
 */
export function deviceSteps(spec: DeviceSpec, { links, addresses }: DeviceSurroundings): readonly DeviceStep[] {
  const { name, kind } = spec.link;
  const found = links.find((link) => link.name === name);
  const fits = found?.kind === kind && (spec.link.kind !== 'vxlan' || sameVxlan(found.vxlan, spec.link.vxlan));
  const change = {
    ...(fits && found.mtu !== spec.mtu && { mtu: spec.mtu }),
    ...(fits && spec.mac !== undefined && found.mac !== spec.mac && { mac: spec.mac }),
    ...(!(fits && found.up) && { up: true }),
  };
  const held = fits ? addresses.filter(({ dev, scope }) => dev === name && scope === 'global') : [];
  return [
    ...(found !== undefined && !fits ? [{ verb: 'delete link' } as const] : []),
    ...(fits ? [] : [{ verb: 'add link' } as const]),
    ...(Object.keys(change).length > 0 ? [{ verb: 'set link', change } as const] : []),
    ...(spec.address !== undefined && !held.some(({ address }) => address === spec.address)
      ? [{ verb: 'add address', address: spec.address } as const]
      : []),
    ...held
      .filter(({ address }) => spec.address !== undefined && address !== spec.address)
      .map(({ address }) => ({ verb: 'delete address', address }) as const),
  ];
}

function sameVxlan(found: VxlanAttributes | undefined, wanted: VxlanAttributes): boolean {
  return (
    found?.vni === wanted.vni &&
    found.port === wanted.port &&
    found.local === wanted.local &&
    found.parentIndex === wanted.parentIndex &&
    found.learning === wanted.learning
  );
}

/**
 * The steps for a tunnel that nobody wants: a VXLAN or WireGuard device goes; `tunl0` stays, but an address of
 * ours on it (one inside a pool) would keep packets from whoever has that address next. If there is no other, nobody
 * else uses it: it goes down, since it would take packets from anybody.
 */
export function retirementSteps(
  device: { readonly kind: TunnelKind; readonly name: string },
  pools: readonly DesiredPool[],
  { links, addresses }: DeviceSurroundings,
): readonly DeviceStep[] {
  const found = links.find(({ name }) => name === device.name);
  if (device.kind !== 'ipip') {
    const own = device.kind.startsWith('vxlan') ? 'vxlan' : 'wireguard';
    return found?.kind === own ? [{ verb: 'delete link' }] : [];
  }
  const ranges = pools.map(({ cidr }) => parsePrefix(cidr));
  const ours = (cidr: string): boolean => ranges.some((range) => containsPrefix(range, parsePrefix(cidr)));
  const held = addresses.filter(({ dev, scope }) => dev === DEVICE.ipip && scope === 'global');
  const own = held.filter(({ address }) => ours(address));
  return [
    ...(own.length > 0 && own.length === held.length ? [{ verb: 'set link', change: { up: false } } as const] : []),
    ...own.map(({ address }) => ({ verb: 'delete address', address }) as const),
  ];
}

/** A device as a line for people, after `ip -d link`. */
export function deviceText({ link, mtu, address }: DeviceSpec, parentName: string): string {
  const kind =
    link.kind === 'vxlan'
      ? `vxlan id ${link.vxlan.vni} local ${link.vxlan.local} dev ${parentName} dstport ${link.vxlan.port} nolearning`
      : link.kind === 'ipip'
        ? 'ipip remote any local any'
        : 'wireguard';
  return `${link.name} ${kind} mtu ${mtu}${address === undefined ? '' : ` address ${address}`}`;
}
