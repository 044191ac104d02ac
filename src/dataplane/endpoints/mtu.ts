import type { DesiredPool } from '../../calc/desired.ts';
import type { Link } from '../../netlink/index.ts';

/** Interfaces whose MTU bounds the pods': Calico's `mtuIfacePattern`. */
const UPLINK = /^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)/;
/** When no interface matches: safe on every cloud. */
const FALLBACK = 1460;
const IPIP_OVERHEAD = 20;
const VXLAN_OVERHEAD = 50;

/** The MTU for pods: the smallest uplink's, less what the widest encapsulation in use adds. */
export function podMtu(links: Iterable<Link>, pools: readonly DesiredPool[]): number {
  const uplinks = [...links].filter((link) => link.up && UPLINK.test(link.name)).map((link) => link.mtu);
  const host = uplinks.length === 0 ? FALLBACK : Math.min(...uplinks);
  const vxlan = pools.some((pool) => pool.vxlan !== 'Never');
  const ipip = pools.some((pool) => pool.ipip !== 'Never');
  return host - (vxlan ? VXLAN_OVERHEAD : ipip ? IPIP_OVERHEAD : 0);
}
