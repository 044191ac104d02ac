import { createRequire } from 'node:module';
import { setPriority } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { setFlagsFromString } from 'node:v8';

/* How the kernel lets this thread run beside all others, and what of V8 would have it wait for them. */

// <linux/sched.h>
const SCHED_RR = 2;
/** What the thread starts is ordinary again. */
const SCHED_RESET_ON_FORK = 0x4000_0000;
/** The least of real time goes before all that is not. */
const PRIORITY = 1;
/** Where real time is refused: ahead of what is in the same group of processes. */
const NICE = -15;

/** The calls that make a thread go before others; each acts on the thread that calls, and throws what the kernel says. */
export interface Scheduler {
  realTime(): void;
  nice(): void;
}

/**
 * Has this thread run as soon as it has something to do: a packet takes it microseconds, and it waits for the next. Tells what is
 * wrong, and what to do, when the kernel keeps real time from it.
 */
export function goFirst(scheduler: Scheduler = kernelScheduler): string | undefined {
  try {
    scheduler.realTime();
    return undefined;
  } catch (error) {
    const rank = canBeNice(scheduler) ? 'goes before the threads of its own service alone' : 'waits like all others';
    const reason = error instanceof Error ? error.message : String(error);
    return (
      `BFD's thread has no real-time priority (${reason}) and ${rank}: on a busy processor sessions may fail in vain; ` +
      'give the daemon CAP_SYS_NICE, or LimitRTPRIO=1 in its unit'
    );
  }
}

function canBeNice(scheduler: Scheduler): boolean {
  try {
    scheduler.nice();
    return true;
  } catch {
    return false;
  }
}

const kernelScheduler: Scheduler = {
  realTime() {
    const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi');
    // Of 0 it takes the thread that asks.
    const schedule = koffi.load(null).func('int sched_setscheduler(int, int, const int32_t *)');
    if (schedule(0, SCHED_RR | SCHED_RESET_ON_FORK, Int32Array.of(PRIORITY)) !== 0)
      throw new Error(getSystemErrorName(-koffi.errno()));
  },
  nice: () => setPriority(0, NICE),
};

/**
 * V8 shares a young generation's collection, and what follows of buffers, among the process' helper threads, and waits for them: on a
 * busy processor that was up to 170 ms for a thread whatever its own priority. Both are then done by who collects. V8 has
 * these for a process, so the node's own collections of the young take one thread, too, once there are neighbours to watch.
 */
export function collectAlone(): void {
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--no-concurrent-array-buffer-sweeping');
}
