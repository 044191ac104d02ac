import { AlreadyExists, NotFound, UpdateConflict } from '../datastore/index.ts';
import { IpamError } from './errors.ts';

/** How often a write that lost its compare-and-swap is tried again: Calico's number. */
const CONFLICT_RETRIES = 100;

/** Somebody wrote first: read again and decide anew. */
export function lostRace(error: unknown): boolean {
  return error instanceof UpdateConflict || error instanceof AlreadyExists || error instanceof NotFound;
}

/** Runs `attempt` until it doesn't lose a race. It must read afresh each time. */
export async function retryRaces<T>(what: string, attempt: (turn: number) => Promise<T>): Promise<T> {
  let last: unknown;
  for (let turn = 0; turn < CONFLICT_RETRIES; turn++) {
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
