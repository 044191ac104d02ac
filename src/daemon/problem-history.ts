import type { Cancel, Clock } from '../base/index.ts';

/** Between two looks where nobody asks, in milliseconds. */
const PERIOD = 30_000;
/** Problems that are gone are counted with when they come back within this time, in milliseconds. */
const MEMORY = 24 * 3600 * 1000;
/** Problems that are remembered; of more, the ones longest gone are forgotten. */
const MOST = 1000;

/** A problem that is there now. */
export interface ToldProblem {
  readonly text: string;
  /** Milliseconds since 1970: since it is there without a break, as far as anybody looked. */
  readonly since: number;
  /** How often it has come within a day. */
  readonly times: number;
}

interface Known {
  since: number;
  last: number;
  times: number;
}

/** Since when each problem is there, and how often it came. Numbers in a sentence may change: it is the same problem. */
export class ProblemHistory {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  #present: ReadonlySet<string> = new Set();
  #next: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has somebody look from time to time. */
  follow(look: () => void): void {
    this.#next?.();
    this.#next = this.#clock.after(PERIOD, () => {
      look();
      this.follow(look);
    });
  }

  stop(): void {
    this.#next?.();
  }

  /** These are there now. */
  seen(problems: readonly string[]): readonly ToldProblem[] {
    const now = this.#clock.wallTime();
    const present = new Set<string>();
    const told = problems.map((text) => {
      const key = text.replaceAll(/\d+/g, '#');
      const known = this.#known.get(key) ?? { since: now, last: now, times: 1 };
      const isBack = this.#known.has(key) && !this.#present.has(key);
      if (isBack) Object.assign(known, { since: now, times: now - known.last < MEMORY ? known.times + 1 : 1 });
      known.last = now;
      // Order of the map: the one seen longest ago is the first.
      this.#known.delete(key);
      this.#known.set(key, known);
      present.add(key);
      return { text, since: known.since, times: known.times };
    });
    this.#present = present;
    for (const key of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(key);
    }
    return told;
  }
}
