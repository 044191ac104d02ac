import type { Clock } from '../../base/index.ts';

/** An interface and its endpoint come and go one after the other: so long one may be without the other. Milliseconds. */
const SETTLE = 10_000;

/** Since when things are as they are, by name. */
export class Ages {
  readonly #since = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something about it has changed now; of what is not there at all nothing is kept. */
  note(name: string, isThere: boolean): void {
    if (isThere) this.#since.set(name, this.#clock.now());
    else this.#since.delete(name);
  }

  /** Whether it has been as it is for a while. */
  isSettled(name: string): boolean {
    return this.#clock.now() - (this.#since.get(name) ?? 0) >= SETTLE;
  }
}
