import { type Cancel, type Clock, type Log, reasonOf } from '../base/index.ts';
import { RevisionExpired } from './errors.ts';
import type { Store } from './store.ts';

/** How often the period is looked at again while it is 0, in milliseconds. */
const IDLE = 5 * 60_000;

export interface CompactorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds from one compaction to the next, asked for each time; 0: none. */
  readonly period: () => number;
}

/**
 * Keeps the history of an engine that remembers everything (etcd) short: after each period what was before the period is
 * forgotten, so that a watch which is behind by less goes on, and others list again. One process in a cluster does it;
 * several do no harm. With other engines it does nothing.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  #cancel: Cancel | undefined;
  #stopped = false;
  /** The last write of a period ago. */
  #before: string | undefined;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.store.history !== undefined) this.#again(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #again(delay: number): void {
    this.#cancel = this.#options.clock.after(delay, async () => {
      const period = this.#options.period();
      if (period > 0) await this.#compact();
      if (!this.#stopped) this.#again(period > 0 ? period : IDLE);
    });
  }

  async #compact(): Promise<void> {
    const { store, log } = this.#options;
    const before = this.#before;
    try {
      this.#before = await store.history?.head();
      if (before === undefined || before === this.#before) return;
      await store.history?.forget(before);
      log.debug({ revision: before }, 'forgot the history before this revision');
    } catch (error) {
      // Somebody else was faster: so much the better.
      if (!(error instanceof RevisionExpired)) log.warn({ reason: reasonOf(error) }, 'etcd could not be compacted');
    }
  }
}
