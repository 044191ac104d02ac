import { Backoff, type BackoffOptions } from './backoff.ts';
import type { Cancel, Clock } from './clock.ts';

interface Waiting<Detail> {
  readonly backoff: Backoff;
  detail: Detail;
  cancel: Cancel;
}

/**
 * Things that failed, each waiting for its own next attempt with growing pauses, so that one that never succeeds
 * holds up none of the others. `detail` is what to tell people about the failure.
 */
export class RetryQueue<Detail> {
  readonly #waiting = new Map<string, Waiting<Detail>>();
  readonly #clock: Clock;
  readonly #options: BackoffOptions;

  constructor(clock: Clock, options: BackoffOptions = { first: 250, max: 30_000 }) {
    this.#clock = clock;
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Notes a failed attempt at `key` and plans the next: `again` is called then. Returns how many attempts have failed. */
  failed(key: string, detail: Detail, again: () => void): number {
    const backoff = this.#waiting.get(key)?.backoff ?? new Backoff(this.#options);
    this.#waiting.get(key)?.cancel();
    this.#waiting.set(key, { backoff, detail, cancel: this.#clock.after(backoff.next(), again) });
    return backoff.attempts;
  }

  /** Forgets `key`: it succeeded, or is no longer wanted. */
  done(key: string): void {
    this.#waiting.get(key)?.cancel();
    this.#waiting.delete(key);
  }

  details(): readonly Detail[] {
    return [...this.#waiting.values()].map(({ detail }) => detail);
  }

  clear(): void {
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }
}
