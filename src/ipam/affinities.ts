import { type Clock, type Family, formatPrefix, type Prefix, tryParsePrefix } from '../base/index.ts';
import type { Store } from '../datastore/index.ts';
import { affinityLabels, affinityName, type BlockAffinity, type IPAMBlock } from '../model/index.ts';
import {
  affinityState,
  affinityText,
  type BlockOwner,
  isConfirmed,
  isHostAffinity,
  newAffinity,
  ownerLabels,
  ownerOf,
} from './affinity.ts';
import { type BlockSpec, disowned, emptyBlock, isEmpty, touched } from './block.ts';
import type { Blocks } from './blocks.ts';
import { lostRace, retryRaces } from './conflict.ts';
import { IpamError } from './errors.ts';
import { type Sequence, sameSequence } from './sequence.ts';
import { unlessDeleted } from './tombstone.ts';

/** The condition of a block for its release to go on. */
export interface ReleaseCondition {
  readonly mustBeEmpty?: boolean;
  /** Nobody has written the block since it had this number. */
  readonly sequenceNumber?: Sequence | undefined;
}

/**
 * The owner of each block: a commit over two objects.
 *
 *   claim    affinity `pending`  →  block `host:<node>`         →  affinity `confirmed`
 *   release  affinity `pendingDeletion`  →  block gone, or nobody's  →  affinity gone
 *
 * The block decides: whoever creates it has it. The affinity is written first on both ways, so that a crash leaves
 * a mark that the next claim or release of the same node brings to an end. Every write is a compare-and-swap;
 * re-claiming rewrites the block ("touch"), so that a release which is under way elsewhere fails.
 */
export class Affinities {
  readonly #store: Store;
  readonly #blocks: Blocks;
  readonly #clock: Clock;

  constructor(store: Store, blocks: Blocks, clock: Clock) {
    this.#store = store;
    this.#blocks = blocks;
    this.#clock = clock;
  }

  /** The owner's affinities, in the order of their blocks. */
  async of(owner: BlockOwner, family?: Family): Promise<readonly BlockAffinity[]> {
    const { items } = await this.#store.list('BlockAffinity', { labels: ownerLabels(owner, family) });
    const mine = affinityText(owner);
    return items.filter(
      (found) => affinityText(ownerOf(found)) === mine && !found.spec.deleted && tryParsePrefix(found.spec.cidr),
    );
  }

  async all(): Promise<readonly BlockAffinity[]> {
    return (await this.#store.list('BlockAffinity')).items;
  }

  /** Makes the block the owner's and returns it. `BLOCK_CLAIMED` when it is somebody else's. */
  claim(owner: BlockOwner, cidr: Prefix): Promise<IPAMBlock> {
    return this.#settle(owner, cidr, undefined);
  }

  /**
   * The block of an affinity found in the store; finishes a claim that was left half-way. `BLOCK_CLAIMED`: it was
   * stale.
   */
  confirm(affinity: BlockAffinity, cidr: Prefix): Promise<IPAMBlock> {
    return this.#settle(ownerOf(affinity), cidr, affinity);
  }

  #settle(owner: BlockOwner, cidr: Prefix, found: BlockAffinity | undefined): Promise<IPAMBlock> {
    const text = formatPrefix(cidr);
    const mine = affinityText(owner);
    return retryRaces(this.#clock, `claim of block ${text} for ${owner.name}`, async (turn) => {
      const { affinity, fresh } = await this.#pending(owner, cidr, turn === 0 ? found : undefined);
      // Right after creating the affinity the block is hardly ever there: creating it is the question and the answer.
      // If it is there after all, the next turn reads it.
      const block = fresh && turn === 0 ? undefined : await this.#blocks.read(text);
      if (block === undefined) {
        const wanted = fresh ? affinity : await this.#mark(affinity, affinityState.pending);
        const created = await this.#blocks.create(emptyBlock(cidr, mine, this.#clock.wallTime()));
        await this.#mark(wanted, affinityState.confirmed);
        return created;
      }
      if (block.spec.affinity !== mine) {
        await this.#drop(affinity);
        throw claimed(text, block);
      }
      if (isConfirmed(affinity)) return block;
      const wanted = fresh ? affinity : await this.#mark(affinity, affinityState.pending);
      const owned = await this.#blocks.replace(block, touched(block.spec));
      await this.#mark(wanted, affinityState.confirmed);
      return owned;
    });
  }

  async #pending(
    owner: BlockOwner,
    cidr: Prefix,
    found: BlockAffinity | undefined,
  ): Promise<{ readonly affinity: BlockAffinity; readonly fresh: boolean }> {
    if (found !== undefined) return { affinity: found, fresh: false };
    try {
      return { affinity: await this.#store.create(newAffinity(owner, cidr)), fresh: true };
    } catch (error) {
      const affinity = lostRace(error) ? await this.#get(owner, formatPrefix(cidr)) : undefined;
      if (affinity === undefined) throw error;
      return { affinity, fresh: false };
    }
  }

  /**
   * Gives the block up: deletes it when it is empty, else leaves it as nobody's with its addresses where they are.
   * False when the owner had no such affinity. `BLOCK_NOT_EMPTY` when the condition doesn't hold.
   */
  async release(owner: BlockOwner, cidr: string, condition: ReleaseCondition = {}): Promise<boolean> {
    let affinity = await this.#get(owner, cidr);
    if (affinity === undefined) return false;
    await retryRaces(this.#clock, `release of block ${cidr} of ${owner.name}`, async (turn) => {
      if (turn > 0) affinity = await this.#get(owner, cidr);
      if (affinity === undefined) return;
      const block = await this.#blocks.read(cidr);
      if (block === undefined || block.spec.affinity !== affinityText(owner)) {
        await this.#drop(affinity);
        return;
      }
      if (!holds(condition, block.spec)) {
        if (affinity.spec.state === affinityState.pendingDeletion) await this.#mark(affinity, affinityState.confirmed);
        throw new IpamError('BLOCK_NOT_EMPTY', `block '${cidr}' is not empty`);
      }
      affinity = await this.#mark(affinity, affinityState.pendingDeletion);
      if (isEmpty(block.spec)) await this.#blocks.remove(block);
      else await this.#blocks.replace(block, disowned(block.spec));
      await this.#drop(affinity);
    });
    return true;
  }

  /** Writes the labels that older objects of the node lack, so that they are found; returns how many it wrote. */
  async label(node: string): Promise<number> {
    let written = 0;
    for (const affinity of await this.all()) {
      if (affinity.spec.node !== node || !isHostAffinity(affinity)) continue;
      const labels = affinityLabels(node, 'host', affinity.spec.cidr);
      const present = affinity.metadata.labels ?? {};
      if (Object.entries(labels).every(([key, value]) => present[key] === value)) continue;
      const metadata = { ...affinity.metadata, labels: { ...present, ...labels } };
      await this.#store.update({ ...affinity, metadata });
      written++;
    }
    return written;
  }

  async #get({ name }: BlockOwner, cidr: string): Promise<BlockAffinity | undefined> {
    const found = await this.#store.get({ kind: 'BlockAffinity', name: affinityName(name, cidr) });
    return unlessDeleted(this.#store, found);
  }

  #mark(affinity: BlockAffinity, state: BlockAffinity['spec']['state']): Promise<BlockAffinity> {
    return this.#store.update({ ...affinity, spec: { ...affinity.spec, state } });
  }

  /** Removes the affinity unless it has changed: then somebody is claiming the block anew. */
  async #drop(affinity: BlockAffinity): Promise<void> {
    const { name, uid, resourceVersion } = affinity.metadata;
    try {
      await this.#store.delete({ kind: 'BlockAffinity', name }, { uid, resourceVersion });
    } catch (error) {
      if (!lostRace(error)) throw error;
    }
  }
}

function holds({ mustBeEmpty, sequenceNumber }: ReleaseCondition, block: BlockSpec): boolean {
  if (sequenceNumber !== undefined && !sameSequence(sequenceNumber, block.sequenceNumber)) return false;
  return mustBeEmpty !== true || isEmpty(block);
}

function claimed(cidr: string, block: IPAMBlock): IpamError {
  const owner = block.spec.affinity;
  return new IpamError('BLOCK_CLAIMED', `${cidr} already claimed${owner === undefined ? '' : ` by ${owner}`}`);
}
