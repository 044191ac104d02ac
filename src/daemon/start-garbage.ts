import type { Cancel, Clock } from '../base/index.ts';

/** Milliseconds after the node serves pods: by then the work of the start is over, its last timers included. */
const SETTLED = 5000;
/**
 * Bytes in use up to which a collection is short (some 30 ms); a larger heap is busy enough to be collected by itself.
 */
const SMALL = 64 * 2 ** 20;

/**
 * Collects the garbage of the start: an idle node allocates too little for V8 to look for it, and would keep it for
 * hours. The last resort is the collection that makes the young generation small again, and drops code that ran once.
 */
export class StartGarbage {
  readonly #clock: Clock;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It is given back soon, where Node was started with the means to (`--expose-gc`). */
  collectSoon(): void {
    this.#cancel ??= this.#clock.after(SETTLED, () => {
      if (process.memoryUsage().heapUsed < SMALL)
        globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
