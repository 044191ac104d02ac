import { type Clock, sleep } from '../base/index.ts';
import { LabError } from './errors.ts';

const LOOK_AGAIN = 20;

/**
 * Waits until `look` gives something other than undefined or false, looking again every 20 ms. After `timeout`
 * milliseconds it rejects, saying what it waited for and what `look` last threw.
 */
export async function until<T>(
  clock: Clock,
  what: string,
  look: () => Promise<T | undefined | false>,
  { timeout = 30_000, signal }: { readonly timeout?: number; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const deadline = clock.now() + timeout;
  let problem = '';
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      problem = '';
    } catch (error) {
      if (error instanceof LabError && error.code === 'DAEMON_ENDED') throw error;
      problem = error instanceof Error ? `: ${error.message}` : '';
    }
    if (clock.now() >= deadline)
      throw new LabError('TIMEOUT', `waited ${timeout / 1000} s for ${what} in vain${problem}`);
    await sleep(clock, LOOK_AGAIN, signal);
  }
}
