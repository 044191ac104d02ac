/** Cancels what it was given for; calling it twice, or after the fact, does nothing. */
export type Cancel = () => void;

/**
 * Time, as everything outside this file knows it. The core never asks Node for the time: it is handed one of
 * these, so that tests run minutes in milliseconds with a virtual one.
 */
export interface Clock {
  /** Milliseconds, monotonic, from an arbitrary origin. For durations and deadlines. */
  now(): number;
  /** The wall clock, milliseconds since 1970 (UTC). For people and stored objects only. */
  wallTime(): number;
  /** Runs `action` once, `delay` milliseconds from now, however many those are. */
  after(delay: number, action: () => void): Cancel;
  /** Runs `action` after the I/O that is waiting now has been handled. */
  soon(action: () => void): Cancel;
}

/** The longest delay that Node's timers take, near 25 days. They would run a longer one at once. */
const LONGEST = 2 ** 31 - 1;

/** The real clock: the only place in vRouter that reads time or sets timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delay, action) {
    let left = delay;
    const wait = (): NodeJS.Timeout => {
      const leg = Math.min(left, LONGEST);
      left -= leg;
      return setTimeout(left > 0 ? () => (timer = wait()) : action, leg);
    };
    let timer = wait();
    return () => clearTimeout(timer);
  },
  soon(action) {
    const immediate = setImmediate(action);
    return () => clearImmediate(immediate);
  },
};

/** Resolves after `delay` milliseconds of `clock`'s time, or rejects with the signal's reason. */
export function sleep(clock: Clock, delay: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delay, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Whether `work` is done within `delay` milliseconds of `clock`'s time. It goes on if not; if it fails, so does this. */
export async function within(clock: Clock, delay: number, work: Promise<unknown>): Promise<boolean> {
  const done = new AbortController();
  const late = sleep(clock, delay, done.signal).then(
    () => false,
    () => true,
  );
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    done.abort();
  }
}
