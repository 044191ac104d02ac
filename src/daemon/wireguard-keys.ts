import { type Cancel, type Clock, type Family, type Log, RetryQueue, reasonOf } from '../base/index.ts';
import type { Update } from '../datastore/index.ts';
import type { Node } from '../model/index.ts';
import type { KnownNodes } from './known-nodes.ts';

export interface WireguardKeysOptions {
  readonly nodename: string;
  readonly nodes: KnownNodes;
  readonly clock: Clock;
  readonly log: Log;
}

const FIELD = { 4: 'wireguardPublicKey', 6: 'wireguardPublicKeyV6' } as const;

/**
 * Tells the cluster by what keys this node can be sent encrypted packets, in its Node's status; a node without a key is
 * sent to in clear. The kernel's word counts: what others write there is put right.
 */
export class WireguardKeys {
  readonly #options: WireguardKeysOptions;
  readonly #failing: RetryQueue<string>;
  /** Families of which the kernel's word is not known yet are missing, and left as they are. */
  readonly #wanted = new Map<Family, string | undefined>();
  #scheduled: Cancel | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: WireguardKeysOptions) {
    this.#options = options;
    this.#failing = new RetryQueue(options.clock, { first: 500, max: 60_000 });
  }

  /** What the device of a family has; undefined when there is none. */
  want(family: Family, key: string | undefined): void {
    if (this.#wanted.has(family) && this.#wanted.get(family) === key) return;
    this.#wanted.set(family, key);
    this.#soon();
  }

  /** Takes in a syncer's batch: the own Node matters. */
  apply(batch: readonly Update[]): void {
    if (batch.some(({ key }) => key.kind === 'Node' && key.name === this.#options.nodename)) this.#soon();
  }

  /** Why the cluster does not know the key. */
  problems(): readonly string[] {
    return this.#failing.details();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#scheduled?.();
    this.#failing.clear();
    await this.#writing;
  }

  #soon(): void {
    if (this.#stopped || this.#wanted.size === 0 || this.#scheduled !== undefined) return;
    this.#scheduled = this.#options.clock.soon(() => {
      this.#scheduled = undefined;
      this.#writing = this.#writing.then(() => this.#attempt());
    });
  }

  async #attempt(): Promise<void> {
    try {
      await this.#write();
      this.#failing.done('keys');
    } catch (error) {
      if (this.#stopped) return;
      const reason = `the Node lacks this node's WireGuard key: ${reasonOf(error)}`;
      const attempts = this.#failing.failed('keys', reason, () => this.#soon());
      if (attempts === 1) this.#options.log.warn({ err: reasonOf(error) }, 'the WireGuard key could not be written');
    }
  }

  async #write(): Promise<void> {
    const written = await this.#options.nodes.change((node) => {
      const status = this.#statusOf(node);
      return status && { ...node, status };
    });
    if (written) this.#options.log.info({ ...Object.fromEntries(this.#wanted) }, 'WireGuard public keys');
  }

  /** The status as it should be; undefined when it is so. */
  #statusOf({ status = {} }: Node): Node['status'] | undefined {
    const changed = { ...status };
    for (const [family, key] of this.#wanted) {
      if (key === undefined) delete changed[FIELD[family]];
      else Object.assign(changed, { [FIELD[family]]: key });
    }
    const same = Object.values(FIELD).every((field) => (status[field] || undefined) === changed[field]);
    return same ? undefined : changed;
  }
}
