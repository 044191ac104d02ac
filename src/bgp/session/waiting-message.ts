import type { Cancel, Clock } from '../../base/index.ts';
import type { Threshold } from './conversation-owner.ts';

/** Milliseconds that a message may wait for the peer's decision. */
const PATIENCE = 1000;

/** The message that can't go on yet; nothing behind it is read. */
export class WaitingMessage {
  readonly #clock: Clock;
  readonly #overdue: () => void;
  #threshold: Threshold | undefined;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, overdue: () => void) {
    this.#clock = clock;
    this.#overdue = overdue;
  }

  get threshold(): Threshold | undefined {
    return this.#threshold;
  }

  hold(threshold: Threshold): void {
    this.#threshold = threshold;
    this.#cancel = this.#clock.after(PATIENCE, this.#overdue);
  }

  release(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#threshold = undefined;
  }
}
