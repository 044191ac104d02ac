import type { DesiredPool } from '../../calc/desired.ts';
import type { Link } from '../../netlink/index.ts';

/** Interfaces whose MTU bounds the pods': Calico's `mtuIfacePattern`. */
const UPLINK = /^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)/;
/** When no interface matches: safe on every cloud. */
const FALLBACK = 1460;
/** Octets that an encapsulation adds to each packet: outer IP header, and for VXLAN also UDP, VXLAN and Ethernet. */
export const IPIP_OVERHEAD = 20;
export const VXLAN_OVERHEAD = { 4: 50, 6: 70 } as const;

/** The smallest MTU of the links that lead out of the node. */
export function hostMtu(links: Iterable<Link>): number {
  const uplinks = [...links].filter((link) => link.up && isUplink(link)).map((link) => link.mtu);
  return uplinks.length === 0 ? FALLBACK : Math.min(...uplinks);
}

/** Whether the link's MTU bounds the pods' and the tunnels'. */
export function isUplink({ name }: Link): boolean {
  return UPLINK.test(name);
}

/** The MTU for pods: the host's, less what the widest encapsulation in use adds. */
export function podMtu(links: Iterable<Link>, pools: readonly DesiredPool[]): number {
  const overheads = pools.map(({ cidr, vxlan, ipip }) => {
    if (vxlan !== 'Never') return VXLAN_OVERHEAD[cidr.includes(':') ? 6 : 4];
    return ipip === 'Never' ? 0 : IPIP_OVERHEAD;
  });
  return hostMtu(links) - Math.max(0, ...overheads);
}
