import type { Clock } from '../base/index.ts';
import type { FlowRecord, FlowRing } from '../observe/flows/index.ts';
import type { World } from '../policy/index.ts';
import { type FlowMeaning, FlowWords, type FlowWordsOptions } from './flow-words.ts';

/** Milliseconds that a world serves before another is asked for, and records that one sweep looks at. */
const [SERVES, AT_ONCE] = [5000, 50];

export interface FlowMeaningsOptions extends Omit<FlowWordsOptions, 'world'> {
  readonly world: () => World;
  readonly clock: Clock;
  readonly ring: Pick<FlowRing, 'last' | 'evicted' | 'at' | 'settled'>;
}

/**
 * Names and verdicts of records, found soon after their window is over, while pods and policies are still those of then,
 * and kept as long as the record. A few at a time, and in a large cluster the world is not asked for with each of them.
 */
export class FlowMeanings {
  readonly #options: FlowMeaningsOptions;
  /** By the record's number, the oldest first. */
  readonly #known = new Map<number, FlowMeaning>();
  #swept = 0;
  #words: { readonly world: World; readonly words: FlowWords; readonly at: number } | undefined;

  constructor(options: FlowMeaningsOptions) {
    this.#options = options;
  }

  /** As it was found, or as it is now. */
  of(record: FlowRecord): FlowMeaning {
    return this.#known.get(record.number) ?? this.#wordsOf(0).meaningOf(record);
  }

  /** Looks at some of those whose window is over. */
  sweep(): void {
    const { ring, clock } = this.#options;
    for (const number of this.#known.keys()) {
      if (number > ring.evicted) break;
      this.#known.delete(number);
    }
    this.#swept = Math.max(this.#swept, ring.evicted);
    if (this.#swept === ring.last) return;
    const end = Math.min(ring.settled(clock.wallTime()), this.#swept + AT_ONCE);
    while (this.#swept < end) {
      const record = ring.at(++this.#swept);
      if (record !== undefined) this.#known.set(this.#swept, this.#wordsOf(SERVES).meaningOf(record));
    }
  }

  #wordsOf(age: number): FlowWords {
    const { world, clock, ...options } = this.#options;
    const now = clock.now();
    if (this.#words !== undefined && now - this.#words.at < age) return this.#words.words;
    const current = world();
    const words = current === this.#words?.world ? this.#words.words : new FlowWords({ ...options, world: current });
    this.#words = { world: current, words, at: now };
    return words;
  }
}
