import type { Clock } from '../../base/index.ts';

/** Answers that were asked for, which those who ask within `age` milliseconds get too; so do all who ask meanwhile. */
export class SharedAnswers {
  readonly #clock: Clock;
  readonly #age: number;
  readonly #answers = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();

  constructor(clock: Clock, age: number) {
    this.#clock = clock;
    this.#age = age;
  }

  /** A failure is kept for nobody. */
  of<T>(key: string, work: () => Promise<T>): Promise<T> {
    const now = this.#clock.now();
    for (const [old, { at }] of this.#answers) if (now - at >= this.#age) this.#answers.delete(old);
    const known = this.#answers.get(key);
    if (known !== undefined) return known.answer as Promise<T>;
    const answer = work();
    this.#answers.set(key, { at: now, answer });
    answer.catch(() => this.#answers.delete(key));
    return answer;
  }
}
