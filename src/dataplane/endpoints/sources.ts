import type { Family } from '../../base/index.ts';
import type { DesiredSpoofing } from '../../calc/desired/index.ts';
import { type Contents, isOf, ON_ARRIVAL, outermost, wordOf } from '../filter/index.ts';

/**
 * A pod sends from where a route leads back to it, its own addresses, and from networks that it is allowed. IPv6 knows no
 * `rp_filter`, and that of IPv4 is loose wherever an administrator has set 2 for all interfaces: the kernel takes the larger.
 * Looked at fragment by fragment: put together, a datagram has come by the interface of the last one that came, so that a pod could
 * slip its own words into another host's.
 */
export function ownSources(family: Family, spoofing: readonly DesiredSpoofing[], interfacePrefix: string): Contents {
  const word = wordOf(family);
  const allowed = spoofing.flatMap(({ interfaceName, prefixes, why }) => {
    const own = outermost(prefixes.filter((cidr) => isOf(family, cidr)));
    const expression = `iifname "${interfaceName}" ${word} saddr { ${own.join(', ')} } accept`;
    return own.length === 0 ? [] : [{ expression, why }];
  });
  const expression = `iifname "${interfacePrefix}*" fib saddr . iif oif missing counter drop`;
  const own = [...allowed, { expression, why: 'pods send from their own addresses' }];
  return { chains: [[ON_ARRIVAL, family === 4 ? [loopback(interfacePrefix), ...own] : own]] };
}

/**
 * Host ends have `route_localnet`, so that what a pod sends to a port of the host may be led to a service on its loopback. What
 * comes with such a destination was led there by nobody. The kernel itself drops `::1`.
 */
function loopback(interfacePrefix: string): { readonly expression: string; readonly why: string } {
  const expression = `iifname "${interfacePrefix}*" ip daddr 127.0.0.0/8 counter drop`;
  return { expression, why: "the host's loopback is not on any wire" };
}
