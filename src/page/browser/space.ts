import { containsPrefix, type Prefix, parsePrefix, prefixSize } from '../../base/prefix.ts';
import type { ClusterAnswer } from '../../control/answers.ts';

/** A piece of a pool, and what is in it. */
export interface SpaceCell {
  /** Its first address and its length, as CIDR text. */
  readonly blocks: number;
  readonly inUse: number;
  /** Addresses of those of its blocks that are there. */
  readonly claimed: number;
  readonly isOwn: boolean;
}

/** Cells that a picture has at most: a power of two. */
const MOST = 1024;

type Block = ClusterAnswer['blocks'][0];

/** A pool cut into equal pieces, each a block where there are not too many of them. */
export function spaceOf(
  cidr: string,
  blockSize: number,
  blocks: readonly Block[],
  own: string | undefined,
): readonly SpaceCell[] {
  const pool = parsePrefix(cidr);
  const bits = Math.min(Math.max(blockSize - pool.length, 0), Math.log2(MOST));
  const size = prefixSize(pool) >> BigInt(bits);
  const cells = Array.from({ length: 2 ** bits }, () => ({ blocks: 0, inUse: 0, claimed: 0, isOwn: false }));
  for (const { cidr: text, node, inUse, size: addresses } of blocks) {
    const block = parsePrefix(text);
    if (!isWithin(pool, block)) continue;
    const cell = cells[Number((block.value - pool.value) / size)];
    cell.blocks++;
    cell.inUse += inUse;
    cell.claimed += addresses;
    if (node !== undefined && node === own) cell.isOwn = true;
  }
  return cells;
}

export function blocksIn(cidr: string, blocks: readonly Block[]): readonly Block[] {
  const pool = parsePrefix(cidr);
  return blocks.filter((block) => isWithin(pool, parsePrefix(block.cidr)));
}

function isWithin(pool: Prefix, block: Prefix): boolean {
  return pool.family === block.family && containsPrefix(pool, block);
}

/** From 0, nobody's, over 1, claimed and empty, to 4, full. */
export function fullness({ blocks, inUse, claimed }: SpaceCell): 0 | 1 | 2 | 3 | 4 {
  if (blocks === 0) return 0;
  const part = inUse / claimed;
  return part === 0 ? 1 : part < 0.5 ? 2 : part < 0.9 ? 3 : 4;
}
