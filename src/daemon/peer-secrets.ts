import { type Clock, type Log, reasonOf, sleep, within } from '../base/index.ts';
import type { SecretData, Secrets } from '../datastore/index.ts';

/** A Secret that can't be read is tried again after so many milliseconds. */
const AGAIN = 5000;
/** The first word of the datastore is waited for so long, in milliseconds. */
const PATIENCE = 5000;

export interface PeerSecretsOptions {
  /** Absent: the datastore has none. */
  readonly secrets: Secrets | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly onSecret: (name: string, data: SecretData | undefined) => void;
}

interface Followed {
  readonly end: AbortController;
  /** Resolves when the datastore has said whether it is there, or can't. */
  readonly told: Promise<void>;
}

/** Follows the Secrets that sessions are protected by. What one held is believed until the datastore says otherwise. */
export class PeerSecrets {
  readonly #options: PeerSecretsOptions;
  readonly #followed = new Map<string, Followed>();
  /** Why one can't be read, by name. */
  readonly #trouble = new Map<string, string>();

  constructor(options: PeerSecretsOptions) {
    this.#options = options;
  }

  /** Follows these, and no others any more. */
  follow(names: readonly string[]): void {
    const { secrets, onSecret } = this.#options;
    if (secrets === undefined) return;
    for (const [name, { end }] of this.#followed) {
      if (names.includes(name)) continue;
      end.abort();
      this.#followed.delete(name);
      this.#trouble.delete(name);
      onSecret(name, undefined);
    }
    for (const name of names) if (!this.#followed.has(name)) this.#followed.set(name, this.#begin(secrets, name));
  }

  /**
   * The same; resolves when each is known, or can't be had. What a former run announced is not given up for want of a
   * moment.
   */
  async know(names: readonly string[]): Promise<void> {
    this.follow(names);
    const all = Promise.all([...this.#followed.values()].map(({ told }) => told)).then(() => {});
    if (this.#followed.size > 0) await within(this.#options.clock, PATIENCE, all);
  }

  /** The Secrets that can't be read, and why. */
  problems(): readonly string[] {
    return [...this.#trouble].map(([name, reason]) => `Secret ${name} of BGP sessions can't be read: ${reason}`);
  }

  stop(): void {
    for (const { end } of this.#followed.values()) end.abort();
    this.#followed.clear();
  }

  #begin(secrets: Secrets, name: string): Followed {
    const end = new AbortController();
    const told = new Promise<void>((resolve) => void this.#run(secrets, name, end.signal, resolve));
    return { end, told };
  }

  async #run(secrets: Secrets, name: string, signal: AbortSignal, told: () => void): Promise<void> {
    const { clock, log, onSecret } = this.#options;
    while (!signal.aborted) {
      try {
        for await (const data of secrets.watch(name, signal)) {
          if (signal.aborted) return;
          this.#trouble.delete(name);
          onSecret(name, data);
          told();
        }
      } catch (error) {
        if (signal.aborted) return;
        const reason = reasonOf(error);
        if (reason !== this.#trouble.get(name))
          log.warn({ secret: name, reason }, 'a Secret of BGP sessions can’t be read');
        this.#trouble.set(name, reason);
        told();
      }
      await sleep(clock, AGAIN, signal).catch(() => {});
    }
  }
}
