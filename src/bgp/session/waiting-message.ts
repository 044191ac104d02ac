import type { Cancel, Clock } from '../../base/index.ts';
import type { Threshold } from './conversation-owner.ts';

/** Milliseconds that a message may wait for the peer's decision. */
const PATIENCE = 1000;

/** The message that can't go on yet; nothing behind it is read. */
export class WaitingMessage {
  readonly #clock: Clock;
  #threshold: Threshold | undefined;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get threshold(): Threshold | undefined {
    return this.#threshold;
  }

  hold(threshold: Threshold, overdue: () => void): void {
    this.#threshold = threshold;
    this.#cancel = this.#clock.after(PATIENCE, overdue);
  }

  release(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#threshold = undefined;
  }
}
