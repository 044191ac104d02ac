import { containsPrefix, formatPrefix, type Prefix, parsePrefix, subnet } from '../base/index.ts';
import { host, ownerOf } from './affinity.ts';
import { IpamError, isIpamError } from './errors.ts';
import type { IpamParts } from './parts.ts';
import { poolOf } from './pools.ts';

/** Blocks of one CIDR, by what came of claiming them. */
export interface ClaimedBlocks {
  readonly claimed: readonly Prefix[];
  /** These are somebody else's. */
  readonly failed: readonly Prefix[];
}

/** The larger doings with whole blocks: what calicoctl and the garbage collector ask for. */
export class Ownership {
  readonly #parts: IpamParts;

  constructor(parts: IpamParts) {
    this.#parts = parts;
  }

  /** Claims every block inside `cidr`. `NOT_IN_POOL`, `BAD_BLOCK_SIZE`. */
  async claim(cidr: Prefix, node: string): Promise<ClaimedBlocks> {
    const claimed: Prefix[] = [];
    const failed: Prefix[] = [];
    for (const block of await this.#blocksIn(cidr)) {
      try {
        await this.#parts.affinities.claim(host(node), block);
        claimed.push(block);
      } catch (error) {
        if (!isIpamError(error, 'BLOCK_CLAIMED')) throw error;
        failed.push(block);
      }
    }
    return { claimed, failed };
  }

  /**
   * Gives up the node's blocks inside `cidr`. `BLOCK_NOT_EMPTY` when they must be empty and one isn't: the others are
   * given up all the same.
   */
  async release(cidr: Prefix, node: string, mustBeEmpty: boolean): Promise<void> {
    const owned = await this.#parts.affinities.of(host(node), cidr.family);
    const inside = owned.map(({ spec }) => spec.cidr).filter((block) => containsPrefix(cidr, parsePrefix(block)));
    await this.#giveUp(node, inside, mustBeEmpty);
  }

  /** Gives up all blocks of a node, as `release` does. */
  async releaseHost(node: string, mustBeEmpty: boolean): Promise<void> {
    const owned = await this.#parts.affinities.of(host(node));
    await this.#giveUp(
      node,
      owned.map(({ spec }) => spec.cidr),
      mustBeEmpty,
    );
  }

  async #giveUp(node: string, cidrs: readonly string[], mustBeEmpty: boolean): Promise<void> {
    let inUse: IpamError | undefined;
    for (const cidr of cidrs) {
      try {
        await this.#parts.affinities.release(host(node), cidr, { mustBeEmpty });
      } catch (error) {
        if (!isIpamError(error, 'BLOCK_NOT_EMPTY')) throw error;
        inUse ??= error;
      }
    }
    if (inUse !== undefined) throw inUse;
  }

  /** Gives up all blocks inside a pool's CIDR, whosever they are: before the pool goes. */
  async releasePool(pool: Prefix): Promise<void> {
    for (const affinity of await this.#parts.affinities.all()) {
      const { cidr } = affinity.spec;
      if (!containsPrefix(pool, parsePrefix(cidr))) continue;
      await this.#parts.affinities.release(ownerOf(affinity), cidr);
    }
  }

  async #blocksIn(cidr: Prefix): Promise<readonly Prefix[]> {
    const pool = poolOf(await this.#parts.facts.pools(), cidr);
    if (!pool?.enabled) {
      throw new IpamError(
        'NOT_IN_POOL',
        `The requested CIDR (${formatPrefix(cidr)}) is not within any configured pools.`,
      );
    }
    const { blockSize } = pool.spec;
    if (cidr.length > blockSize) {
      const text = `The requested CIDR (${formatPrefix(cidr)}) is smaller than the minimum.`;
      throw new IpamError('BAD_BLOCK_SIZE', `${text} Blocks of pool ${pool.name} have ${blockSize} bits.`);
    }
    const count = 2 ** (blockSize - cidr.length);
    if (count > MOST_BLOCKS_AT_ONCE) {
      const text = `The requested CIDR (${formatPrefix(cidr)}) holds ${count} blocks, more than ${MOST_BLOCKS_AT_ONCE}.`;
      throw new IpamError('BAD_BLOCK_SIZE', text);
    }
    return Array.from({ length: count }, (_, index) => subnet(cidr, blockSize, index));
  }
}

/** A slip of the finger in an IPv6 prefix length would otherwise claim blocks for years. */
const MOST_BLOCKS_AT_ONCE = 4096;
