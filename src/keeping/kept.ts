import { type BackoffOptions, type Cancel, type Clock, type Log, RetryQueue, reasonOf } from '../base/index.ts';

/** Does one thing of a look; its failure is noted as `what: reason`, holds up no other, and is tried again. */
export type Attempt = (what: string, work: () => Promise<void>) => Promise<void>;

export interface KeptOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Compares what should be with what is known of the store, and writes where they differ; asks nothing while all is right. */
  readonly look: (attempt: Attempt) => Promise<void>;
  /** Milliseconds after which it is looked at whatever is told or not. */
  readonly period: number;
  readonly retry: BackoffOptions;
}

/**
 * One part of the store that this node keeps as it should be: looked at soon after news of it, from time to time, and after
 * a failure again with growing pauses; one look at once.
 */
export class Kept {
  readonly #options: KeptOptions;
  readonly #failing: RetryQueue<string>;
  #begun = false;
  #stopped = false;
  #scheduled: Cancel | undefined;
  #delayed: Cancel | undefined;
  #timer: Cancel | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: KeptOptions) {
    this.#options = options;
    this.#failing = new RetryQueue(options.clock, options.retry);
  }

  /** From now on it may be looked at. */
  begin(): void {
    if (this.#begun || this.#stopped) return;
    this.#begun = true;
    this.#again();
  }

  /** There is news. What comes in the same turn is looked at together; news before `begin` waits for that. */
  soon(): void {
    if (!this.#begun || this.#stopped || this.#scheduled !== undefined) return;
    this.#scheduled = this.#options.clock.soon(() => {
      this.#scheduled = undefined;
      this.#check();
    });
  }

  /** There may be news, and more of it coming: one look, so many milliseconds after the first. */
  after(milliseconds: number): void {
    if (this.#stopped) return;
    this.#delayed ??= this.#options.clock.after(milliseconds, () => {
      this.#delayed = undefined;
      this.#check();
    });
  }

  /** The faults that remain, and why. */
  problems(): readonly string[] {
    return this.#failing.details();
  }

  /** Plans nothing more, and resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#scheduled?.();
    this.#delayed?.();
    this.#timer?.();
    this.#failing.clear();
    await this.#looking;
  }

  #again(): void {
    this.soon();
    this.#timer = this.#options.clock.after(this.#options.period, () => this.#again());
  }

  #check(): void {
    this.#looking = this.#looking.then(() => this.#look());
  }

  async #look(): Promise<void> {
    if (!this.#stopped) await this.#options.look((what, work) => this.#attempt(what, work));
  }

  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    if (this.#stopped) return;
    try {
      await work();
      this.#failing.done(what);
    } catch (error) {
      if (this.#stopped) return;
      const reason = reasonOf(error);
      const attempts = this.#failing.failed(what, `${what}: ${reason}`, () => this.#check());
      if (attempts === 1)
        this.#options.log.warn({ what, err: reason }, 'the datastore is not as this node would have it');
    }
  }
}
