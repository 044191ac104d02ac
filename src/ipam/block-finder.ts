import { type Clock, containsPrefix, formatPrefix, type Prefix, parsePrefix, prefixSize } from '../base/index.ts';
import type { IPAMBlock } from '../model/index.ts';
import type { Affinities } from './affinities.ts';
import { affinityText, type BlockOwner, host, hostOf } from './affinity.ts';
import { addressAt, type BlockSpec, isEmpty } from './block.ts';
import type { Blocks } from './blocks.ts';
import { isIpamError } from './errors.ts';
import type { Pool } from './pools.ts';
import { blockWalk, walkStart } from './random-walk.ts';
import type { Reservations } from './reservations.ts';

/** An empty block of another node may be taken over once it has been that node's for this long. */
const RECLAIM_AGE = 60_000;
/** So many taken blocks on the walk, one read each, and we ask for all of them at once. */
const READS_BEFORE_LISTING = 8;

/** How many addresses of the block automatic assignment may still give out. */
export function freeCount(block: BlockSpec, reservations: Reservations): number {
  if (!reservations.touches(parsePrefix(block.cidr))) return block.unallocated.length;
  return block.unallocated.filter((ordinal) => !reservations.has(addressAt(block, ordinal))).length;
}

/** Finds blocks in pools: new ones to claim, others' to borrow from. */
export class BlockFinder {
  readonly #blocks: Blocks;
  readonly #affinities: Affinities;
  readonly #clock: Clock;

  constructor(parts: { readonly blocks: Blocks; readonly affinities: Affinities; readonly clock: Clock }) {
    this.#blocks = parts.blocks;
    this.#affinities = parts.affinities;
    this.#clock = parts.clock;
  }

  /**
   * A block with free addresses that now is the owner's: the first one on its walk that nobody has, else one that
   * another node has had for a while and doesn't use. Undefined when the pools have none.
   */
  async claim(claimer: BlockOwner, pools: readonly Pool[], reservations: Reservations): Promise<IPAMBlock | undefined> {
    const idle: IPAMBlock[] = [];
    for (const pool of pools) {
      const claimed = await this.#claimInPool(claimer, pool, reservations, idle);
      if (claimed !== undefined) return claimed;
    }
    for (const block of idle) {
      const owner = hostOf(block.spec.affinity);
      if (owner === undefined) continue;
      const { cidr, sequenceNumber } = block.spec;
      try {
        await this.#affinities.release(host(owner), cidr, { mustBeEmpty: true, sequenceNumber });
        return await this.#affinities.claim(claimer, parsePrefix(cidr));
      } catch (error) {
        if (!isIpamError(error, 'BLOCK_NOT_EMPTY') && !isIpamError(error, 'BLOCK_CLAIMED')) throw error;
      }
    }
    return undefined;
  }

  async #claimInPool(
    claimer: BlockOwner,
    pool: Pool,
    reservations: Reservations,
    idle: IPAMBlock[],
  ): Promise<IPAMBlock | undefined> {
    const mine = affinityText(claimer);
    let known: ReadonlyMap<string, IPAMBlock> | undefined;
    let reads = 0;
    for (const cidr of blockWalk(pool.cidr, pool.spec.blockSize, claimer.name, this.#clock.wallTime())) {
      if (reservations.coversAll(cidr)) continue;
      const text = formatPrefix(cidr);
      if (reads === READS_BEFORE_LISTING) known ??= byCidr(await this.#blocks.all());
      const block = known === undefined ? await this.#blocks.read(text) : known.get(text);
      reads++;
      if (block === undefined) {
        try {
          return await this.#affinities.claim(claimer, cidr);
        } catch (error) {
          if (!isIpamError(error, 'BLOCK_CLAIMED')) throw error;
        }
      } else if (freeCount(block.spec, reservations) > 0) {
        if (block.spec.affinity === mine) return block;
        if (isEmpty(block.spec) && this.#isIdle(block)) idle.push(block);
      }
    }
    return undefined;
  }

  #isIdle({ spec: { affinityClaimTime } }: IPAMBlock): boolean {
    const since = affinityClaimTime === undefined ? 0 : Date.parse(affinityClaimTime);
    return this.#clock.wallTime() - since >= RECLAIM_AGE;
  }

  /** Blocks with free addresses, whoever has them: pool by pool, in the order of the node's walk. */
  async withFree(node: string, pools: readonly Pool[], reservations: Reservations): Promise<readonly string[]> {
    const all = (await this.#blocks.all()).map(({ spec }) => ({ spec, cidr: parsePrefix(spec.cidr) }));
    return pools.flatMap((pool) => {
      const { blockSize } = pool.spec;
      const count = 1n << BigInt(blockSize - pool.cidr.length);
      const start = walkStart(pool.cidr, blockSize, node, this.#clock.wallTime());
      const step = (cidr: Prefix): bigint =>
        ((cidr.value - pool.cidr.value) / prefixSize(cidr) - start + count) % count;
      return all
        .filter(({ spec, cidr }) => containsPrefix(pool.cidr, cidr) && freeCount(spec, reservations) > 0)
        .map(({ cidr }) => ({ cidr, step: step(cidr) }))
        .sort((a, b) => (a.step < b.step ? -1 : a.step > b.step ? 1 : 0))
        .map(({ cidr }) => formatPrefix(cidr));
    });
  }
}

function byCidr(blocks: readonly IPAMBlock[]): ReadonlyMap<string, IPAMBlock> {
  return new Map(blocks.map((block) => [block.spec.cidr, block]));
}
