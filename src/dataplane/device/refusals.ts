import { type Clock, type KeyedDelta, RetryQueue } from '../../base/index.ts';
import type { FailedTunnel } from './device.ts';

/**
 * The parts of a tunnel that the kernel has refused, with its words: each waits alone for its next attempt. It may be
 * an entry, of which the delta is told again then, or a look at all of them. Both answer true the first time: then it
 * is worth a word in the log.
 */
export class TunnelRefusals<Value> extends RetryQueue<FailedTunnel> {
  readonly #delta: KeyedDelta<Value>;
  readonly #due: () => void;

  /** `due` is called when there is something to try again. */
  constructor(clock: Clock, delta: KeyedDelta<Value>, due: () => void) {
    super(clock);
    this.#delta = delta;
    this.#due = due;
  }

  look(key: string, what: string, reason: string): boolean {
    return this.failed(key, { what, reason }, this.#due) === 1;
  }

  /** One that differs no longer when its time comes is forgotten. */
  entry(key: string, what: string, reason: string): boolean {
    const again = (): void => {
      this.#delta.again(key);
      if (this.#delta.pending) this.#due();
      else this.done(key);
    };
    return this.failed(key, { what, reason }, again) === 1;
  }

  reason(what: string): string | undefined {
    return this.details().find((refused) => refused.what === what)?.reason;
  }
}
