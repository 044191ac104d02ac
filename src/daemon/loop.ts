import { Backoff, type Cancel, type Clock, type Log, reasonOf, Stopwatch } from '../base/index.ts';

export interface LoopOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The first look at the kernel, before which nothing is applied. Asked again until it has succeeded once. */
  readonly begin: () => Promise<void>;
  /** Applies the desired state as it is then; the same again does nothing. */
  readonly apply: () => Promise<void>;
  /** Told how many seconds each attempt took. */
  readonly onAttempt?: (seconds: number) => void;
}

/**
 * When the desired state is applied: one attempt at a time; soon after something changed, at once for who waits for it,
 * and after a failure again with growing pauses, whether or not anything changes meanwhile.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #underWay: Stopwatch;
  readonly #backoff = new Backoff({ first: 1000, max: 60_000 });
  #attempts: Promise<void> = Promise.resolve();
  #isStarted = false;
  #hasBegun = false;
  #isPlanned = false;
  #again: Cancel | undefined;
  #problem: string | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#underWay = new Stopwatch(options.clock);
  }

  /** Whether the datastore has been in sync once. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** The failure of the last attempt, if it failed. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Seconds for which the present attempt has been under way; 0: none is. */
  get working(): number {
    return this.#underWay.seconds;
  }

  /** Whether an attempt has succeeded once. */
  get hasApplied(): boolean {
    return this.#hasBegun;
  }

  /** The datastore is in sync: what it says may be applied from now on. */
  start(): void {
    this.#isStarted = true;
    void this.now();
  }

  /** Something has changed. What changes in the same turn is applied together. */
  changed(): void {
    if (!this.#isStarted || this.#isPlanned) return;
    this.#isPlanned = true;
    this.#options.clock.soon(() => void this.now());
  }

  /** Resolves when the desired state, as it is now, has been applied or could not be: `problem` tells which. */
  now(): Promise<void> {
    this.#attempts = this.#attempts.then(() => this.#attempt());
    return this.#attempts;
  }

  /** Plans nothing more, and resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#again?.();
    this.#isStarted = false;
    await this.#attempts;
  }

  async #attempt(): Promise<void> {
    this.#isPlanned = false;
    if (!this.#isStarted) return;
    this.#again?.();
    this.#underWay.begin();
    try {
      if (this.#hasBegun) await this.#options.apply();
      else await this.#options.begin();
      this.#hasBegun = true;
      this.#problem = undefined;
      this.#backoff.reset();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#options.onAttempt?.(this.#underWay.end());
    }
  }

  #failed(error: unknown): void {
    const { clock, log } = this.#options;
    this.#problem = `the desired state could not be applied: ${reasonOf(error)}`;
    const wait = this.#backoff.next();
    log.error({ err: error, retryInSeconds: wait / 1000 }, 'the desired state could not be applied');
    if (this.#isStarted) this.#again = clock.after(wait, () => void this.now());
  }
}
