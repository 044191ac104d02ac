import type { Clock } from '../base/index.ts';
import type { KindName } from '../model/index.ts';
import { DatastoreUnavailable, RevisionExpired } from './errors.ts';
import { readText } from './object.ts';
import type { StoreEvent } from './store.ts';

/** One write, as the log of an engine that numbers its writes keeps it. */
export interface Change {
  readonly revision: number;
  readonly type: 'added' | 'modified' | 'deleted';
  /** The object after the write; of a deletion, what it was. */
  readonly text: string;
}

/** The recent writes of an engine, oldest first. */
export interface ChangeLog {
  /** The revision of the last write. */
  head(): number;
  /** Writes up to this revision have been forgotten. */
  forgotten(): number;
  /** The next writes to objects of `kind` after `revision`, at most `limit`. */
  after(revision: number, kind: KindName, limit: number): readonly Change[];
}

/** A quiet watch shows that it is alive this often, in milliseconds. */
const bookmarkInterval = 5000;
const batch = 256;

/** Those who wait for the next write. */
export class Wake {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `wake`, when `signal` aborts or after `limit` milliseconds, whichever is first. */
  wait(clock: Clock, limit: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      const cancel = clock.after(limit, done);
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.add(done);
    });
  }

  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

/**
 * Follows a log from `revision`: the watch of the engines that have one. It pulls, so a slow reader holds nothing
 * back and nothing in memory; one that falls behind what the log remembers is told to list again.
 */
export async function* follow<Kind extends KindName>(
  log: ChangeLog,
  kind: Kind,
  revision: string,
  context: {
    readonly clock: Clock;
    readonly wake: Wake;
    readonly signal: AbortSignal;
    readonly isClosed: () => boolean;
  },
): AsyncGenerator<StoreEvent<Kind>> {
  const { clock, wake, signal, isClosed } = context;
  let at = /^[0-9]{1,15}$/.test(revision) ? Number(revision) : -1;
  let shownAt = clock.now();
  while (!signal.aborted) {
    if (isClosed()) throw new DatastoreUnavailable('this store has been closed');
    // The head is read first: what is written between the two reads is found by the next round.
    const head = log.head();
    if (at < log.forgotten() || at > head) throw new RevisionExpired(revision);
    const changes = log.after(at, kind, batch);
    for (const { revision: number, type, text } of changes) {
      at = number;
      shownAt = clock.now();
      yield { type, resource: readText<Kind>(text, String(at)), revision: String(at) };
      if (signal.aborted) return;
    }
    if (changes.length > 0) continue;
    at = head;
    const quiet = clock.now() - shownAt;
    // Whole milliseconds: a rest of a fraction would be a wait that moves no clock.
    if (Math.ceil(quiet) >= bookmarkInterval) {
      shownAt = clock.now();
      yield { type: 'bookmark', revision: String(at) };
    } else {
      await wake.wait(clock, Math.ceil(bookmarkInterval - quiet), signal);
    }
  }
}
