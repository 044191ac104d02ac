import { containsPrefix, parsePrefix } from '../../base/index.ts';
import type { Desired } from '../../calc/desired/index.ts';

/** Where pods have their addresses: the pools, and blocks that have outlived theirs. Services have theirs to themselves. */
export function podRanges({ pools, blocks }: Pick<Desired, 'pools' | 'blocks'>): readonly string[] {
  const ranges = pools.filter(({ loadBalancerOnly }) => !loadBalancerOnly).map(({ cidr }) => cidr);
  const covering = ranges.map((cidr) => parsePrefix(cidr));
  const orphaned = blocks.filter(({ cidr }) => !covering.some((range) => containsPrefix(range, parsePrefix(cidr))));
  return [...ranges, ...orphaned.map(({ cidr }) => cidr)];
}
