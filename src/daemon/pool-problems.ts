import { compareAddress, formatPrefix, networkAddress, overlaps, type Prefix, parsePrefix } from '../base/index.ts';
import type { DesiredPool } from '../calc/index.ts';
import type { ObjectProblem } from '../keeping/index.ts';

/**
 * Pools that lie in others: calicoctl lets nobody make one, but an API server takes whatever is right by itself. Each is
 * named with the one that it lies in.
 */
export function poolProblems(pools: readonly Pick<DesiredPool, 'name' | 'cidr'>[]): ObjectProblem[] {
  const sorted = pools.map(({ name, cidr }) => ({ name, net: parsePrefix(cidr) })).sort((a, b) => order(a.net, b.net));
  const around: typeof sorted = [];
  return sorted.flatMap((pool) => {
    while (around.length > 0 && !overlaps(around[around.length - 1].net, pool.net)) around.pop();
    const outer = around.at(-1);
    around.push(pool);
    if (outer === undefined) return [];
    const message =
      `IPPool(${pool.name}) ${formatPrefix(pool.net)} overlaps with IPPool(${outer.name}) ${formatPrefix(outer.net)}: which ` +
      'of them an address belongs to is chance, and where their block sizes differ it may be given out twice; delete one';
    return [{ about: { kind: 'IPPool', name: pool.name }, reason: 'Overlap', message }];
  });
}

/** The outer one before those that lie in it. */
function order(a: Prefix, b: Prefix): number {
  return compareAddress(networkAddress(a), networkAddress(b)) || a.length - b.length;
}
