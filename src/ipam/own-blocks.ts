import { parsePrefix } from '../base/index.ts';
import type { IPAMBlock } from '../model/index.ts';
import type { BlockFinder } from './block-finder.ts';
import { blockLimit, type Errand, isAllowed } from './errand.ts';
import { IpamError, isIpamError } from './errors.ts';
import type { IpamParts } from './parts.ts';

/** A node's own blocks: those that we remember, those that the store knows of, and new ones. */
export class OwnBlocks {
  readonly #parts: IpamParts;
  readonly #finder: BlockFinder;
  /** By owner: the blocks that we have seen to be its own. They are tried first, without asking. */
  readonly #warm = new Map<string, Set<string>>();

  constructor(parts: IpamParts, finder: BlockFinder) {
    this.#parts = parts;
    this.#finder = finder;
  }

  /** Blocks of the errand's pools that we remember as the node's; no promise that they still are. */
  async *remembered(errand: Errand): AsyncGenerator<IPAMBlock> {
    const warm = this.#warmOf(errand);
    for (const cidr of warm) {
      const block = this.#parts.blocks.remembered(cidr);
      if (block?.spec.affinity !== errand.mine) warm.delete(cidr);
      else if (isAllowed(errand, cidr)) yield block;
      else if (errand.left(cidr)) await this.#giveUp(errand, cidr);
    }
  }

  /**
   * Asks the store which blocks the node has, and hands them to `visit` one by one, confirmed, until it has had
   * enough (false). Returns how many blocks there are in all.
   */
  async each(errand: Errand, visit: (block: IPAMBlock) => Promise<boolean>): Promise<number> {
    const { owner, request } = errand;
    let owned = 0;
    let wanted = true;
    for (const affinity of await this.#parts.affinities.of(owner, request.family)) {
      const { cidr } = affinity.spec;
      if (!isAllowed(errand, cidr)) {
        if (errand.left(cidr)) await this.#giveUp(errand, cidr);
        continue;
      }
      owned++;
      if (!wanted || errand.reservations.coversAll(parsePrefix(cidr))) continue;
      try {
        const block = await this.#parts.affinities.confirm(affinity, parsePrefix(cidr));
        this.#warmOf(errand).add(cidr);
        wanted = await visit(block);
      } catch (error) {
        if (!isIpamError(error, 'BLOCK_CLAIMED')) throw error;
        owned--;
      }
    }
    return owned;
  }

  /** Claims one block more than `owned`; undefined when there is none, or none may be claimed. `BLOCK_LIMIT`: the node has its share. */
  async claim(errand: Errand, owned: number): Promise<IPAMBlock | undefined> {
    const { owner, settings, pools, reservations } = errand;
    if (!settings.autoAllocateBlocks) return undefined;
    const limit = blockLimit(errand);
    if (owned >= limit) {
      const why = `Need to allocate an IPAM block but could not - limit of ${limit} blocks reached for this node`;
      throw new IpamError('BLOCK_LIMIT', `cannot allocate new block due to per host block limit: ${why}`);
    }
    const block = await this.#finder.claim(owner, pools, reservations);
    if (block !== undefined) this.#warmOf(errand).add(block.spec.cidr);
    return block;
  }

  /** A block in a pool that no longer selects the node goes as soon as it is empty. */
  async #giveUp(errand: Errand, cidr: string): Promise<void> {
    try {
      await this.#parts.affinities.release(errand.owner, cidr, { mustBeEmpty: true });
      this.#warmOf(errand).delete(cidr);
    } catch (error) {
      if (!isIpamError(error, 'BLOCK_NOT_EMPTY')) throw error;
    }
  }

  #warmOf({ mine }: Errand): Set<string> {
    const known = this.#warm.get(mine) ?? new Set();
    this.#warm.set(mine, known);
    return known;
  }
}
