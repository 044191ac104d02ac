import { type DesiredPool, type DesiredTunnels, type DesiredWireguard, NO_TUNNELS } from '../../calc/desired/index.ts';
import type { Link } from '../../netlink/index.ts';

/** Interfaces whose MTU bounds the pods', where `mtuIfacePattern` does not say: Calico's default. */
const UPLINK = /^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)/;
/** When no interface matches: safe on every cloud. */
const FALLBACK = 1460;
/** Octets that an encapsulation adds to each packet: outer IP header, and for VXLAN also UDP, VXLAN and Ethernet. */
export const IPIP_OVERHEAD = 20;
export const VXLAN_OVERHEAD = { 4: 50, 6: 70 } as const;
/** Outer IP header, UDP, and WireGuard's own header and authentication tag. */
export const WIREGUARD_OVERHEAD = { 4: 60, 6: 80 } as const;

/** The smallest MTU of the links that lead out of the node. */
export function hostMtu(links: Iterable<Link>, uplinks?: string): number {
  const mtus = [...links].filter((link) => link.up && isUplink(link, uplinks)).map((link) => link.mtu);
  return mtus.length === 0 ? FALLBACK : Math.min(...mtus);
}

/** Whether the link's MTU bounds the pods' and the tunnels'. `uplinks`: a regular expression for their names. */
export function isUplink({ name }: Link, uplinks?: string): boolean {
  return (uplinks === undefined ? UPLINK : new RegExp(uplinks)).test(name);
}

/** What is set for the device, or what the host's links leave it. */
export function wireguardMtu(
  { family, mtu }: Pick<DesiredWireguard, 'family' | 'mtu'>,
  links: Iterable<Link>,
  uplinks?: string,
): number {
  return mtu ?? hostMtu(links, uplinks) - WIREGUARD_OVERHEAD[family];
}

/** The MTU for pods: what the narrowest way out in use leaves them. */
export function podMtu(
  links: Iterable<Link>,
  pools: readonly DesiredPool[],
  tunnels: DesiredTunnels = NO_TUNNELS,
  uplinks?: string,
): number {
  const all = [...links];
  const host = hostMtu(all, uplinks);
  const carried = pools.map(({ cidr, vxlan, ipip }) => {
    const family = cidr.includes(':') ? 6 : 4;
    if (vxlan !== 'Never') return tunnels[`vxlan${family}`]?.mtu ?? host - VXLAN_OVERHEAD[family];
    return ipip === 'Never' ? host : (tunnels.ipip?.mtu ?? host - IPIP_OVERHEAD);
  });
  const encrypted = [tunnels.wireguard4, tunnels.wireguard6].flatMap((wireguard) =>
    wireguard === undefined ? [] : [wireguardMtu(wireguard, all, uplinks)],
  );
  return Math.min(host, ...carried, ...encrypted);
}
