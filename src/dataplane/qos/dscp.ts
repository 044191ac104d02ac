import type { Family } from '../../base/index.ts';
import type { DesiredDscp, DesiredPool } from '../../calc/desired/index.ts';
import type { Chain } from '../../nftables/index.ts';
import { addresses, type Contents, isOf, outermost, wordOf } from '../filter/index.ts';

/** Before source NAT: pods still have their own addresses. */
const MANGLE: Chain = { name: 'postrouting', base: { type: 'filter', hook: 'postrouting', priority: -150 } };

/** Marks packets of a pod with a DSCP to outside of all pools, for routers further on. */
export function dscpMarks(
  family: Family,
  pools: readonly DesiredPool[],
  marks: readonly DesiredDscp[] = [],
): Contents | undefined {
  const own = marks.map((mark) => ({ ...mark, addresses: mark.addresses.filter((cidr) => isOf(family, cidr)) }));
  const values = [...Map.groupBy(own, ({ value }) => value)]
    .map(([value, of]) => ({ value, sources: of.flatMap((mark) => mark.addresses) }))
    .filter(({ sources }) => sources.length > 0)
    .sort((a, b) => a.value - b.value);
  if (values.length === 0) return undefined;
  const inside = pools.filter(({ cidr, loadBalancerOnly }) => isOf(family, cidr) && !loadBalancerOnly);
  const word = wordOf(family);
  const rules = values.map(({ value }) => ({
    expression: `${word} saddr @dscp-${value} ${word} daddr != @network-ip-pools ${word} dscp set ${value}`,
    why: `DSCP ${value}`,
  }));
  return {
    sets: [
      [addresses(family, 'network-ip-pools'), outermost(inside.map(({ cidr }) => cidr))],
      ...values.map(({ value, sources }) => [addresses(family, `dscp-${value}`), outermost(sources)] as const),
    ],
    chains: [[MANGLE, rules]],
  };
}
