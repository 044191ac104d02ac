import { type Clock, type Family, type Log, RetryQueue, reasonOf } from '../../base/index.ts';
import type { DesiredPool } from '../../calc/desired.ts';
import { type Nft, Transaction } from '../../nftables/index.ts';
import { commentOf, natTable, natTransaction } from './render.ts';

/** NAT that can't be programmed, and why. */
export interface FailedNat {
  readonly family: Family;
  readonly reason: string;
}

/** Keeps our NAT tables as the pools want them: one transaction for each change, none when nothing differs. */
export class NatReconciler {
  readonly #nft: Nft;
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedNat>;
  #pools: readonly DesiredPool[] | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: { nft: Nft; clock: Clock; log: Log }) {
    this.#nft = options.nft;
    this.#log = options.log;
    this.#failing = new RetryQueue(options.clock, { first: 1000, max: 60_000 });
  }

  /** The pools that there are. Resolves when the tables are right, or their failure is noted. */
  apply(pools: readonly DesiredPool[]): Promise<void> {
    this.#pools = pools;
    return this.resync();
  }

  /** Looks at the tables again and repairs what differs. */
  resync(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      for (const family of [4, 6] as const) await this.#bring(family);
    });
    return this.#turn;
  }

  failures(): readonly FailedNat[] {
    return this.#failing.details();
  }

  stop(): void {
    this.#failing.clear();
  }

  async #bring(family: Family): Promise<void> {
    if (this.#pools === undefined) return;
    const wanted = natTransaction(family, this.#pools);
    const key = String(family);
    try {
      const found = await this.#nft.list(natTable(family));
      if (wanted === undefined) {
        if (found !== undefined) await this.#nft.run(new Transaction(natTable(family)).removeTable());
      } else if (!found?.rules.some(({ comment }) => comment === commentOf(wanted))) {
        await this.#nft.run(wanted);
      }
      this.#failing.done(key);
    } catch (error) {
      const reason = reasonOf(error);
      const attempts = this.#failing.failed(key, { family, reason }, () => void this.resync());
      if (attempts === 1)
        this.#log.warn({ family, err: reason }, 'natOutgoing could not be programmed; trying again later');
    }
  }
}
