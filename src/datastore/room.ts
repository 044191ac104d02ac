import { type Clock, type Log, Repeated, reasonOf } from '../base/index.ts';
import { DatastoreFull } from './errors.ts';
import type { Store } from './store.ts';
import { wrapped } from './wrapped.ts';

/** Milliseconds between tries whether a full datastore takes writes again. */
const AGAIN = 5000;

/**
 * Whether the datastore has room for writes. It may fill under a node that runs, and what is refused then is not lost: whoever
 * asked hears it, and tries again. It is told once, and until a write has been taken again.
 */
export class DatastoreRoom {
  readonly #log: Log;
  readonly #nodename: string;
  #store: Store | undefined;
  readonly #tries: Repeated;
  #problem: string | undefined;

  /** The Node of this name is written as it is, to see whether there is room. */
  constructor({ clock, log, nodename }: { clock: Clock; log: Log; nodename: string }) {
    this.#log = log;
    this.#nodename = nodename;
    this.#tries = new Repeated(clock, AGAIN, () => this.#try());
  }

  /** Why the node can't serve pods. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** The store, with its writes watched. */
  watched(store: Store): Store {
    this.#store = wrapped(store, {
      create: (resource) => this.#outcome(store.create(resource)),
      update: (resource) => this.#outcome(store.update(resource)),
      delete: (key, precondition) => this.#outcome(store.delete(key, precondition)),
    });
    return this.#store;
  }

  stop(): void {
    this.#tries.stop();
  }

  async #try(): Promise<void> {
    try {
      const node = await this.#store?.get({ kind: 'Node', name: this.#nodename });
      if (node !== undefined) await this.#store?.update(node);
    } catch (error) {
      this.#log.debug({ err: reasonOf(error) }, 'the datastore was tried');
    }
  }

  async #outcome<T>(write: Promise<T>): Promise<T> {
    try {
      const result = await write;
      if (this.#problem !== undefined) {
        this.#problem = undefined;
        this.#tries.stop();
        this.#log.info({}, 'the datastore takes writes again');
      }
      return result;
    } catch (error) {
      if (error instanceof DatastoreFull && this.#problem === undefined) {
        this.#problem = error.message;
        this.#tries.start();
        this.#log.warn({ code: error.code }, `${error.message}. It is tried again`);
      }
      throw error;
    }
  }
}
