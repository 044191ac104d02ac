import type { Cancel, Clock } from './clock.ts';

/**
 * Work that is asked for in swarms: done at once, and for all who ask within the pause after it, once more at its end.
 */
export class Paced {
  readonly #clock: Clock;
  readonly #pause: number;
  readonly #work: () => void;
  #resting: Cancel | undefined;
  #asked = false;

  /** `pause` in milliseconds. */
  constructor(clock: Clock, pause: number, work: () => void) {
    this.#clock = clock;
    this.#pause = pause;
    this.#work = work;
  }

  ask(): void {
    this.#asked = true;
    if (this.#resting === undefined) this.#go();
  }

  /** Forgets runs that were asked for and have not begun. */
  stop(): void {
    this.#resting?.();
    this.#resting = undefined;
    this.#asked = false;
  }

  #go(): void {
    this.#asked = false;
    this.#resting = this.#clock.after(this.#pause, () => {
      this.#resting = undefined;
      if (this.#asked) this.#go();
    });
    this.#work();
  }
}
