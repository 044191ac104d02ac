import type { Cancel, Clock } from './clock.ts';

/**
 * A clock that one whole thing lives by, and that ends with it. What was still under way when it stopped may plan
 * another attempt afterwards; with the clock at its end nothing runs any more, and no timer keeps the process alive.
 */
export class EndingClock implements Clock {
  readonly #clock: Clock;
  readonly #pending = new Set<Cancel>();
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  wallTime(): number {
    return this.#clock.wallTime();
  }

  after(delay: number, action: () => void): Cancel {
    return this.#keep((run) => this.#clock.after(delay, run), action);
  }

  soon(action: () => void): Cancel {
    return this.#keep((run) => this.#clock.soon(run), action);
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Cancels everything that waits; what is planned from now on never runs. */
  end(): void {
    this.#ended = true;
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
  }

  #keep(plan: (run: () => void) => Cancel, action: () => void): Cancel {
    if (this.#ended) return () => {};
    const cancel = plan(() => {
      this.#pending.delete(cancel);
      action();
    });
    this.#pending.add(cancel);
    return () => {
      this.#pending.delete(cancel);
      cancel();
    };
  }
}
