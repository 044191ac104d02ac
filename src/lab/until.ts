import { type Clock, sleep } from '../base/index.ts';
import { LabError } from './errors.ts';

/** Milliseconds between two looks: short at first, then longer, since a look may cost several processes. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 200;

/**
 * Waits until `look` gives something other than undefined or false. After `timeout` milliseconds of pauses it rejects,
 * saying what it waited for and what `look` last threw. How long the looks themselves take does not count, so a busy
 * machine is waited for longer.
 */
export async function until<T>(
  clock: Clock,
  what: string,
  look: () => Promise<T | undefined | false>,
  { timeout = 30_000, signal }: { readonly timeout?: number; readonly signal?: AbortSignal } = {},
): Promise<T> {
  let problem = '';
  let waited = 0;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 1.2)) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      problem = '';
    } catch (error) {
      if (error instanceof LabError && error.code === 'DAEMON_ENDED') throw error;
      problem = error instanceof Error ? `: ${error.message}` : '';
    }
    if (waited >= timeout) throw new LabError('TIMEOUT', `waited ${timeout / 1000} s for ${what} in vain${problem}`);
    await sleep(clock, pause, signal);
    waited += pause;
  }
}
