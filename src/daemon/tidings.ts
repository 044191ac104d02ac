import type { Clock } from '../base/index.ts';

/** Lets questions wait for something to happen. */
export class Tidings {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when something is told, or after so many milliseconds without. */
  wait(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const cancel = this.#clock.after(patience, done);
      this.#waiting.add(done);
    });
  }

  tell(): void {
    for (const done of [...this.#waiting]) done();
  }
}
