import type { Speaker } from 'bgp-speaker-ts';
import { type Clock, type Log, RetryQueue, reasonOf } from '../base/index.ts';

const KEY = 'listen';
type Listener = Pick<Speaker, 'start' | 'listen'>;

/**
 * Keeps a speaker listening. Its port may still be another router's, and an address may come to the node, or be usable,
 * a little later than the wish to listen on it: so it tries again. Meanwhile the speaker dials.
 */
export class Listening {
  readonly #log: Log;
  readonly #failing: RetryQueue<string>;
  #speaker: Listener | undefined;

  readonly #explain: (error: unknown) => string;

  /** `explain`: why it can't listen, and what to do next. */
  constructor(options: {
    readonly clock: Clock;
    readonly log: Log;
    readonly explain?: ((error: unknown) => string) | undefined;
  }) {
    this.#log = options.log;
    this.#explain = options.explain ?? reasonOf;
    this.#failing = new RetryQueue(options.clock, { first: 500, max: 30_000 });
  }

  /** Starts the speaker; resolves also when it can't listen everywhere yet. */
  async begin(speaker: Listener): Promise<void> {
    this.stop();
    this.#speaker = speaker;
    await this.#settle(speaker, speaker.start());
  }

  /** Where it can't listen, and why. */
  problems(): readonly string[] {
    return this.#failing.details();
  }

  stop(): void {
    this.#speaker = undefined;
    this.#failing.clear();
  }

  async #settle(speaker: Listener, attempt: Promise<void>): Promise<void> {
    const error = await attempt.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (speaker !== this.#speaker) return;
    if (error === undefined || lacksFamily(error)) this.#failing.done(KEY);
    else this.#failed(speaker, this.#explain(error));
  }

  #failed(speaker: Listener, reason: string): void {
    const tryAgain = (): void => void this.#settle(speaker, speaker.listen());
    if (this.#failing.failed(KEY, `BGP: ${reason}`, tryAgain) > 1) return;
    this.#log.warn({ err: reason }, 'the BGP speaker can not listen everywhere; it dials, and tries again later');
  }
}

/** A kernel without IPv6 has nothing to listen on there, and nobody who would come. */
function lacksFamily(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'EAFNOSUPPORT';
}
