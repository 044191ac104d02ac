import { type Cancel, type Clock, type Log, RetryQueue, reasonOf } from '../base/index.ts';

/** Addresses come and go in swarms while an interface is set up: one look serves them all. Milliseconds. */
const SETTLE = 1000;
const KEY = 'address';

/**
 * Looks again for the node's own address when its links or addresses change, as calico/node does where the address is
 * `autodetect`. What is found goes into the Node, and from there to tunnels and peers like any other news.
 */
export class AddressWatch {
  readonly #look: () => Promise<unknown>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #failing: RetryQueue<string>;
  #waiting: Cancel | undefined;

  constructor(look: () => Promise<unknown>, options: { readonly clock: Clock; readonly log: Log }) {
    this.#look = look;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#failing = new RetryQueue(options.clock, { first: 2000, max: 60_000 });
  }

  topologyChanged(): void {
    this.#waiting ??= this.#clock.after(SETTLE, () => {
      this.#waiting = undefined;
      void this.#check();
    });
  }

  /** Why the address is not known to be right. */
  problems(): readonly string[] {
    return this.#failing.details();
  }

  stop(): void {
    this.#waiting?.();
    this.#failing.clear();
  }

  async #check(): Promise<void> {
    try {
      await this.#look();
      this.#failing.done(KEY);
    } catch (error) {
      const reason = `the node's address: ${reasonOf(error)}`;
      const attempts = this.#failing.failed(KEY, reason, () => void this.#check());
      if (attempts === 1) this.#log.warn({ err: reasonOf(error) }, "the node's address can not be looked for again");
    }
  }
}
