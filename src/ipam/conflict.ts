import { Backoff, type Clock, sleep } from '../base/index.ts';
import { AlreadyExists, NotFound, UpdateConflict } from '../datastore/index.ts';
import { IpamError } from './errors.ts';

/** How often a write that lost its compare-and-swap is tried again: Calico's number. */
const CONFLICT_RETRIES = 100;

/** Somebody wrote first: read again and decide anew. */
export function lostRace(error: unknown): boolean {
  return error instanceof UpdateConflict || error instanceof AlreadyExists || error instanceof NotFound;
}

/** Whoever has lost twice waits a random time of at most so many milliseconds, then twice as many, up to the limit. */
const SPREAD = { first: 2, max: 64, jitter: 1 } as const;

/**
 * Runs `attempt` until it doesn't lose a race. It must read afresh each time. The second turn comes at once, because
 * the first may have started from memory; those after it are spread, or many contenders would make each other lose.
 */
export async function retryRaces<T>(clock: Clock, what: string, attempt: (turn: number) => Promise<T>): Promise<T> {
  let last: unknown;
  const spread = new Backoff(SPREAD);
  for (let turn = 0; turn < CONFLICT_RETRIES; turn++) {
    if (turn > 1) await sleep(clock, spread.next());
    try {
      return await attempt(turn);
    } catch (error) {
      if (!lostRace(error)) throw error;
      last = error;
    }
  }
  throw new IpamError('CONTENTION', `${what}: gave up after ${CONFLICT_RETRIES} lost races, try again`, {
    cause: last,
  });
}
