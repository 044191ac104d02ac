import { addressPlus, formatPrefix, hostPrefix, networkAddress, type Prefix, parsePrefix } from '../base/index.ts';
import type { IPAMBlock } from '../model/index.ts';

/** Pod addresses that are on one node, as IPAM has it. */
export interface Holding {
  readonly cidr: string;
  readonly prefix: Prefix;
  readonly node: string;
  readonly why: string;
}

/** Each node's blocks, and the single addresses that a node borrowed from a block that isn't its own. */
export function holdings(blocks: Iterable<IPAMBlock>): Holding[] {
  return [...blocks].flatMap(({ spec }) => {
    const block = parsePrefix(spec.cidr);
    const owner = spec.affinity?.startsWith('host:') ? spec.affinity.slice(5) : undefined;
    const found: Holding[] = [];
    if (owner !== undefined) found.push({ cidr: spec.cidr, prefix: block, node: owner, why: `block of ${owner}` });
    for (const [ordinal, attribute] of spec.allocations.entries()) {
      if (attribute === null) continue;
      const node = spec.attributes[attribute]?.secondary?.['node'];
      if (node === undefined || node === owner) continue;
      const prefix = hostPrefix(addressPlus(networkAddress(block), ordinal));
      found.push({ cidr: formatPrefix(prefix), prefix, node, why: `borrowed by ${node}` });
    }
    return found;
  });
}
