import type { Clock } from '../base/index.ts';
import type { Store } from '../datastore/index.ts';
import { API_VERSION, blockName, type IPAMBlock } from '../model/index.ts';
import type { BlockSpec } from './block.ts';
import { isReadable } from './block-check.ts';
import { lostRace, retryRaces } from './conflict.ts';
import type { Cooldown } from './cooldown.ts';
import { unlessDeleted } from './tombstone.ts';
import { Turns } from './turns.ts';

/** Blocks remembered at once; the oldest are forgotten first. */
const REMEMBERED = 512;

/** The outcome of a change to a block. `block` unchanged means: nothing to write. */
export interface BlockChange {
  readonly block: BlockSpec;
}

export interface Changed<Change extends BlockChange> {
  readonly change: Change;
  readonly stored: IPAMBlock;
}

/**
 * The blocks of a store, with a memory of those seen last.
 *
 * The memory is safe because it only ever leads to a compare-and-swap: if that succeeds, what we remembered was the
 * truth. Whatever is not a write (nothing free, not allocated, wrong handle) is decided on a fresh read only.
 */
export class Blocks {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #cooldown: Cooldown;
  readonly #seen = new Map<string, IPAMBlock>();
  readonly #turns = new Turns();

  constructor(store: Store, clock: Clock, cooldown: Cooldown) {
    this.#store = store;
    this.#clock = clock;
    this.#cooldown = cooldown;
  }

  /** As last seen, without asking. */
  remembered(cidr: string): IPAMBlock | undefined {
    return this.#thawed(this.#seen.get(cidr));
  }

  async read(cidr: string): Promise<IPAMBlock | undefined> {
    const block = await this.#store.get({ kind: 'IPAMBlock', name: blockName(cidr) });
    return this.#thawed(this.#remember(cidr, await unlessDeleted(this.#store, block)));
  }

  /** All blocks that can be read; the audit names the others. */
  async all(): Promise<readonly IPAMBlock[]> {
    const { items } = await this.#store.list('IPAMBlock');
    return items.filter(({ spec }) => isReadable(spec) && !spec.deleted).map((block) => this.#thawed(block));
  }

  /** `AlreadyExists` if somebody was faster. */
  async create(spec: BlockSpec): Promise<IPAMBlock> {
    const metadata = { name: blockName(spec.cidr) };
    const block = await this.#store.create({ apiVersion: API_VERSION, kind: 'IPAMBlock', metadata, spec });
    return this.#remember(spec.cidr, block);
  }

  /** Writes what became of `seen`; `UpdateConflict` or `NotFound` if somebody was faster. */
  async replace(seen: IPAMBlock, spec: BlockSpec): Promise<IPAMBlock> {
    try {
      return this.#remember(spec.cidr, await this.#store.update({ ...seen, spec }));
    } catch (error) {
      this.#seen.delete(spec.cidr);
      throw error;
    }
  }

  /** Removes the block if it still is as seen. */
  async remove(seen: IPAMBlock): Promise<void> {
    const { uid, resourceVersion } = seen.metadata;
    this.#seen.delete(seen.spec.cidr);
    await this.#store.delete({ kind: 'IPAMBlock', name: seen.metadata.name }, { uid, resourceVersion });
  }

  /**
   * Changes a block, again from the start whenever somebody else wrote it first; undefined when there is no such
   * block. The answer is `decide`'s last one, and the block as it now stands.
   */
  change<Change extends BlockChange>(
    cidr: string,
    decide: (block: BlockSpec) => Change,
  ): Promise<Changed<Change> | undefined> {
    return this.#turns.take(cidr, () => this.#change(cidr, decide));
  }

  async #change<Change extends BlockChange>(
    cidr: string,
    decide: (block: BlockSpec) => Change,
  ): Promise<Changed<Change> | undefined> {
    const known = this.remembered(cidr);
    if (known !== undefined) {
      const done = await this.#tryRemembered(known, decide);
      if (done !== undefined) return done;
    }
    return retryRaces(this.#clock, `IPAM block ${cidr}`, async () => {
      const fresh = await this.read(cidr);
      if (fresh === undefined) return undefined;
      const change = decide(fresh.spec);
      return { change, stored: change.block === fresh.spec ? fresh : await this.replace(fresh, change.block) };
    });
  }

  async #tryRemembered<Change extends BlockChange>(
    known: IPAMBlock,
    decide: (block: BlockSpec) => Change,
  ): Promise<Changed<Change> | undefined> {
    let change: Change;
    try {
      change = decide(known.spec);
    } catch {
      return undefined;
    }
    if (change.block === known.spec) return undefined;
    try {
      return { change, stored: await this.replace(known, change.block) };
    } catch (error) {
      if (lostRace(error)) return undefined;
      throw error;
    }
  }

  /** Counts addresses that have rested enough as free; the next write of the block makes them so. */
  #thawed<Block extends IPAMBlock | undefined>(block: Block): Block {
    const spec = block && this.#cooldown.thaw(block.spec);
    return block === undefined || spec === block.spec ? block : { ...block, spec };
  }

  #remember<Block extends IPAMBlock | undefined>(cidr: string, block: Block): Block {
    this.#seen.delete(cidr);
    if (block === undefined) return block;
    this.#seen.set(cidr, block);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.keys().next().value!);
    return block;
  }
}
