import { prefixSize, tryParsePrefix } from '../base/index.ts';
import type { BlockSpec } from './block.ts';

/** The block's CIDR can be read and its lists are there: without that nobody can say anything about it. */
export function isReadable({ cidr, allocations, unallocated, attributes }: BlockSpec): boolean {
  return tryParsePrefix(cidr) !== undefined && [allocations, unallocated, attributes].every(Array.isArray);
}

/**
 * The faults of a block in itself; none when it is sound. Takes anything that a store may hold. With `wallTime`
 * (milliseconds since 1970) it looks for addresses, too, that were given back later than that.
 */
export function blockFaults(block: BlockSpec, wallTime = Number.POSITIVE_INFINITY): readonly string[] {
  const cidr = tryParsePrefix(block.cidr);
  if (cidr === undefined || !isReadable(block)) return [`its CIDR '${block.cidr}' or its lists can't be read`];
  const size = Number(prefixSize(cidr));
  const faults: string[] = [];
  if (block.allocations.length !== size) {
    faults.push(`it lists ${block.allocations.length} ordinals, its CIDR has ${size}`);
  }
  const free = new Set(block.unallocated);
  if (free.size !== block.unallocated.length) faults.push('an ordinal waits twice in the queue of free ones');
  for (const ordinal of free) {
    if (ordinal >= block.allocations.length) faults.push(`the queue has ordinal ${ordinal}, beyond its end`);
  }
  const used = new Set<number>();
  for (const [ordinal, index] of block.allocations.entries()) {
    if (index === null) {
      if (!free.has(ordinal))
        faults.push(`ordinal ${ordinal} is neither allocated nor free: it is never given out again`);
      continue;
    }
    used.add(index);
    if (free.has(ordinal)) faults.push(`ordinal ${ordinal} is allocated and free at once: it may be given out twice`);
    if (index < 0 || index >= block.attributes.length)
      faults.push(`ordinal ${ordinal} refers to owner ${index}, of ${block.attributes.length}`);
  }
  const spare = block.attributes.filter((_, index) => !used.has(index)).length;
  if (spare > 0) faults.push(`${spare} owners have no address in it`);
  const ahead = block.attributes.filter(({ releasedAt = '' }) => Date.parse(releasedAt) > wallTime).length;
  if (ahead > 0) faults.push(`${ahead} of its addresses were given back in the future: the clock of a node is wrong`);
  return faults;
}
