import type { Clock } from './clock.ts';

/** How long the piece of work that is under way has taken so far. */
export class Stopwatch {
  readonly #clock: Pick<Clock, 'now'>;
  #since: number | undefined;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Begins, unless it runs already. */
  begin(): void {
    this.#since ??= this.#clock.now();
  }

  /** Seconds since the beginning; 0 where nothing is under way. */
  get seconds(): number {
    return this.#since === undefined ? 0 : (this.#clock.now() - this.#since) / 1000;
  }

  /** Ends it, and says how many seconds it took. */
  end(): number {
    const { seconds } = this;
    this.#since = undefined;
    return seconds;
  }
}
