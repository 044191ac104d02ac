import type { Cancel, Clock } from '../base/index.ts';

/** Between two beats, in milliseconds: often enough to see a node that stands still, and no load. */
const PERIOD = 1000;

/** Tells whether the event loop turns, and how late it is now. */
export class Heartbeat {
  readonly #clock: Clock;
  #due: number;
  #late = 0;
  #wall: number;
  #next: Cancel | undefined;
  readonly #onBeat: () => void;

  /** `onBeat`: hears of each beat, the first of which is a second from now. */
  constructor(clock: Clock, onBeat: () => void = () => {}) {
    this.#clock = clock;
    this.#onBeat = onBeat;
    this.#due = clock.now();
    this.#wall = clock.wallTime();
    this.#beat();
  }

  /** How late the loop is, in seconds: the last beat, or the one that is overdue. */
  get lag(): number {
    return Math.max(this.#late, this.#clock.now() - this.#due, 0) / 1000;
  }

  /** The last beat, in seconds since 1970. */
  get lastBeat(): number {
    return this.#wall / 1000;
  }

  stop(): void {
    this.#next?.();
  }

  #beat(): void {
    const now = this.#clock.now();
    this.#late = now - this.#due;
    this.#wall = this.#clock.wallTime();
    this.#due = now + PERIOD;
    this.#next = this.#clock.after(PERIOD, () => {
      this.#beat();
      this.#onBeat();
    });
  }
}
