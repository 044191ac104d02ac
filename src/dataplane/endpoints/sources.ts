import type { Family } from '../../base/index.ts';
import type { DesiredSpoofing } from '../../calc/desired/index.ts';
import { type Contents, isOf, outermost, PREROUTING, wordOf } from '../filter/index.ts';

/**
 * A pod sends from where a route leads back to it, its own addresses, and from networks that it is allowed. IPv6 knows no
 * `rp_filter`, and that of IPv4 is loose wherever an administrator has set 2 for all interfaces: the kernel takes the larger.
 */
export function ownSources(family: Family, spoofing: readonly DesiredSpoofing[], interfacePrefix: string): Contents {
  const word = wordOf(family);
  const allowed = spoofing.flatMap(({ interfaceName, prefixes, why }) => {
    const own = outermost(prefixes.filter((cidr) => isOf(family, cidr)));
    const expression = `iifname "${interfaceName}" ${word} saddr { ${own.join(', ')} } accept`;
    return own.length === 0 ? [] : [{ expression, why }];
  });
  const expression = `iifname "${interfacePrefix}*" fib saddr . iif oif missing counter drop`;
  return { chains: [[PREROUTING, [...allowed, { expression, why: 'pods send from their own addresses' }]]] };
}
