import type { Clock, Family, Log } from '../base/index.ts';
import type { Update } from '../datastore/index.ts';
import type { Node } from '../model/index.ts';
import { Kept } from './kept.ts';
import type { KnownNodes } from './known-nodes.ts';

export interface WireguardKeysOptions {
  readonly nodename: string;
  readonly nodes: KnownNodes;
  readonly clock: Clock;
  readonly log: Log;
}

const FIELD = { 4: 'wireguardPublicKey', 6: 'wireguardPublicKeyV6' } as const;
const WHAT = "the Node lacks this node's WireGuard key";
/** Milliseconds; a look costs no request while all is right. */
const PERIOD = 60_000;

/**
 * Tells the cluster by what keys this node can be sent encrypted packets, in its Node's status; a node without a key is
 * sent to in clear. The kernel's word counts: what others write there is put right.
 */
export class WireguardKeys {
  readonly #options: WireguardKeysOptions;
  readonly #kept: Kept;
  /** Families of which the kernel's word is not known yet are missing, and left as they are. */
  readonly #wanted = new Map<Family, string | undefined>();

  constructor(options: WireguardKeysOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#kept = new Kept({
      clock,
      log,
      look: (attempt) => attempt(WHAT, () => this.#write()),
      period: PERIOD,
      retry: { first: 500, max: 60_000 },
    });
  }

  /** Takes the key of a family's device; undefined when there is none. */
  want(family: Family, key: string | undefined): void {
    if (this.#wanted.has(family) && this.#wanted.get(family) === key) return;
    this.#wanted.set(family, key);
    this.#kept.begin();
    this.#kept.soon();
  }

  /** Takes in a syncer's batch: the own Node matters. */
  apply(batch: readonly Update[]): void {
    if (batch.some(({ key }) => key.kind === 'Node' && key.name === this.#options.nodename)) this.#kept.soon();
  }

  /** Why the cluster does not know the key. */
  problems(): readonly string[] {
    return this.#kept.problems();
  }

  stop(): Promise<void> {
    return this.#kept.stop();
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
