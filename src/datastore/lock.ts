import type { Log } from '../base/index.ts';
import { type ClusterInformation, resourceKeyText } from '../model/index.ts';
import { DatastoreLocked } from './errors.ts';
import type { Update } from './news.ts';
import type { Store } from './store.ts';
import { wrapped } from './wrapped.ts';

/** The words on what a locked datastore holds up, and how that ends; begins with the words of Calico's plugin. */
const LOCKED =
  'Calico is currently not ready to process requests: the datastore is locked (datastoreReady of ClusterInformation is ' +
  'false) while it is moved or rebuilt; calicoctl datastore migrate unlock ends it';

/** Rejects with `DatastoreLocked` while the datastore is locked: nothing is to be written there. */
export async function refuseLocked(store: Store): Promise<void> {
  if (isLock(await store.get({ kind: 'ClusterInformation', name: 'default' }))) throw new DatastoreLocked(LOCKED);
}

function isLock(information: ClusterInformation | undefined): boolean {
  return information?.spec.datastoreReady === false;
}

/**
 * Follows `datastoreReady` of the ClusterInformation. While it is false the node leaves the datastore alone, as Felix
 * and Calico's plugin do: nothing is written, pods have to wait, and what changes there is not acted on, since objects
 * come and go while it is rebuilt. The node goes on with what was there before.
 */
export class DatastoreLock {
  readonly #log: Log;
  readonly #held = new Map<string, Update>();
  #isLocked = false;

  constructor(log: Log) {
    this.#log = log;
  }

  get isLocked(): boolean {
    return this.#isLocked;
  }

  /** Why the node can't serve pods. */
  problem(): string | undefined {
    return this.#isLocked ? LOCKED : undefined;
  }

  /** The part of a syncer's batch that is to be acted on now: with the end of the lock, all that came meanwhile. */
  admitted(batch: readonly Update[]): readonly Update[] {
    const last = batch.findLast(({ key }) => key.kind === 'ClusterInformation' && key.name === 'default');
    if (last !== undefined) this.#turn(isLock(last.resource as ClusterInformation | undefined));
    if (!this.#isLocked && this.#held.size === 0) return batch;
    for (const update of batch) {
      const { kind, name, namespace } = update.key;
      const key = resourceKeyText(kind, name, namespace);
      this.#held.delete(key);
      this.#held.set(key, update);
    }
    if (this.#isLocked) return [];
    const all = [...this.#held.values()];
    this.#held.clear();
    return all;
  }

  /** The store, with writes that reject while it is locked. */
  guarded(store: Store): Store {
    const write = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (this.#isLocked) throw new DatastoreLocked(LOCKED);
      return work();
    };
    return wrapped(store, {
      create: (resource) => write(() => store.create(resource)),
      update: (resource) => write(() => store.update(resource)),
      delete: (key, precondition) => write(() => store.delete(key, precondition)),
    });
  }

  #turn(isLocked: boolean): void {
    if (isLocked === this.#isLocked) return;
    this.#isLocked = isLocked;
    if (isLocked) this.#log.warn({}, LOCKED);
    else this.#log.info({}, 'the datastore is unlocked');
  }
}
