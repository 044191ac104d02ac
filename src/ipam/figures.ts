import { type Prefix, parsePrefix } from '../base/index.ts';
import type { IPAMBlock } from '../model/index.ts';
import { hostOf } from './affinity.ts';
import { attributeOf, isBorrowed } from './block.ts';
import { isReadable } from './block-check.ts';

/** The counts of one block: all that statistics have to remember of it. */
export interface BlockFigures {
  readonly cidr: Prefix;
  /** The node that the block belongs to. */
  readonly node: string | undefined;
  /** Addresses in use, by the node that uses them; the key of those that don't say is undefined. */
  readonly inUse: ReadonlyMap<string | undefined, { readonly used: number; readonly borrowed: number }>;
}

/** Undefined when the block can't be read. */
export function blockFigures({ spec }: IPAMBlock): BlockFigures | undefined {
  if (!isReadable(spec)) return undefined;
  const inUse = new Map<string | undefined, { used: number; borrowed: number }>();
  for (const ordinal of spec.allocations.keys()) {
    const owner = attributeOf(spec, ordinal);
    if (owner === undefined || owner.releasedAt !== undefined) continue;
    const node = owner.secondary?.['node'];
    const { used, borrowed } = inUse.get(node) ?? { used: 0, borrowed: 0 };
    inUse.set(node, { used: used + 1, borrowed: borrowed + (isBorrowed(spec, ordinal) === true ? 1 : 0) });
  }
  return { cidr: parsePrefix(spec.cidr), node: hostOf(spec.affinity), inUse };
}
