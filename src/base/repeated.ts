import type { Cancel, Clock } from './clock.ts';

/** Work that is done again and again, each time an interval after its last end. An interval of 0: never. */
export class Repeated {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #work: () => Promise<void>;
  #next: Cancel | undefined;

  /** `interval` in milliseconds; what `work` rejects with is for `work` to tell. */
  constructor(clock: Clock, interval: number, work: () => Promise<void>) {
    this.#clock = clock;
    this.#interval = interval;
    this.#work = work;
  }

  /** The first time is an interval from now. */
  start(): void {
    this.#next?.();
    if (this.#interval === 0) return;
    this.#next = this.#clock.after(this.#interval, () => {
      void this.#work().finally(() => {
        if (this.#next !== undefined) this.start();
      });
    });
  }

  stop(): void {
    this.#next?.();
    this.#next = undefined;
  }
}
