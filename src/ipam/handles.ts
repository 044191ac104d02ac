import type { Clock } from '../base/index.ts';
import type { Store } from '../datastore/index.ts';
import { handleName, type IPAMHandle, resourceKeyText } from '../model/index.ts';
import { lostRace, retryRaces } from './conflict.ts';
import { IpamError } from './errors.ts';
import { decremented, incremented, newHandle } from './handle.ts';
import { unlessDeleted } from './tombstone.ts';

/** Handles remembered at once: those that were just made are the likeliest to be counted up or down next. */
const REMEMBERED = 512;

/** The handles of a store. As in `Blocks`, memory only ever leads to a compare-and-swap. */
export class Handles {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #seen = new Map<string, IPAMHandle>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async read(handleId: string): Promise<IPAMHandle | undefined> {
    return unlessDeleted(this.#store, await this.#store.get({ kind: 'IPAMHandle', name: handleName(handleId) }));
  }

  async all(): Promise<readonly IPAMHandle[]> {
    return (await this.#store.list('IPAMHandle')).items;
  }

  /** Counts `count` more addresses of the block. Most handles are new, so creating comes first. */
  async increment(handleId: string, cidr: string, count: number): Promise<void> {
    await retryRaces(this.#clock, `IPAM handle ${handleId}`, async (turn) => {
      const known = turn === 0 ? this.#seen.get(handleName(handleId)) : await this.read(handleId);
      if (known === undefined) this.#remember(await this.#store.create(newHandle(handleId, cidr, count)));
      else await this.#replace(known, { ...known, spec: incremented(known.spec, cidr, count) });
    });
  }

  /** Counts down; the handle goes with its last address. That there is none (any more) is fine. */
  async decrement(handleId: string, cidr: string, count: number): Promise<void> {
    await retryRaces(this.#clock, `IPAM handle ${handleId}`, async (turn) => {
      const remembered = turn === 0 ? this.#seen.get(handleName(handleId)) : undefined;
      const known = remembered ?? (await this.read(handleId));
      if (known === undefined) return;
      const spec = decremented(known.spec, cidr, count);
      if (spec === undefined) await this.remove(known);
      else await this.#replace(known, { ...known, spec });
    });
  }

  /**
   * Counts `planned` addresses, lets `work` take them, and corrects the count to what it got. After a failure of
   * which the outcome isn't known (the store went away) the count stays: the handle must be able to find them.
   */
  async counting<T>(
    handleId: string | undefined,
    cidr: string,
    planned: number,
    work: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    if (handleId === undefined) return work();
    await this.increment(handleId, cidr, planned);
    let taken: readonly T[] = [];
    try {
      taken = await work();
    } catch (error) {
      if (error instanceof IpamError) await this.decrement(handleId, cidr, planned);
      throw error;
    }
    if (taken.length < planned) await this.decrement(handleId, cidr, planned - taken.length);
    return taken;
  }

  /** Removes the handle if it still is as seen. */
  async remove(seen: IPAMHandle): Promise<void> {
    const { name, uid, resourceVersion } = seen.metadata;
    this.#seen.delete(name);
    await this.#store.delete({ kind: 'IPAMHandle', name }, { uid, resourceVersion });
  }

  async #replace(seen: IPAMHandle, next: IPAMHandle): Promise<void> {
    try {
      this.#remember(await this.#store.update(next));
    } catch (error) {
      if (lostRace(error)) this.#seen.delete(seen.metadata.name);
      throw error;
    }
  }

  #remember(handle: IPAMHandle): void {
    this.#seen.delete(handle.metadata.name);
    this.#seen.set(handle.metadata.name, handle);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.keys().next().value!);
  }
}

export function handleNotFound(handleId: string): IpamError {
  return new IpamError('HANDLE_NOT_FOUND', `resource does not exist: ${resourceKeyText('IPAMHandle', handleId)}`);
}
