import type { Clock } from '../../base/index.ts';

/** Milliseconds of one kind of work before others get their turn: keepalives must never wait for routes. */
const SLICE = 3;

/** Tells whether time is up. */
export type Expired = () => boolean;

/** Work that is done bit by bit, after the I/O that is waiting: asked for any number of times, done once. */
export class TimeSlices {
  readonly #clock: Clock;
  readonly #work: () => boolean;
  #asked = false;
  #stopped = false;

  /** `work` does one turn's share and says whether something is left. */
  constructor(clock: Clock, work: () => boolean) {
    this.#clock = clock;
    this.#work = work;
  }

  ask(): void {
    if (this.#asked || this.#stopped) return;
    this.#asked = true;
    this.#clock.soon(() => {
      this.#asked = false;
      if (!this.#stopped && this.#work()) this.ask();
    });
  }

  start(): void {
    this.#stopped = false;
    this.ask();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A slice of time that begins now. */
  slice(): Expired {
    const end = this.#clock.now() + SLICE;
    return () => this.#clock.now() >= end;
  }
}
