import { type Nft, NftError, type TableListing, type Transaction } from '../../../src/nftables/index.ts';

/** How a call fails: nft is refused what it asks for, or can't be run at all. */
export type Failure = 'refused' | 'missing';

/** Calls of nft that fail, counted from the moment when it is armed; and one after which nothing is answered any more. */
export class FailingNft implements Nft {
  readonly #nft: Nft;
  readonly #onDone: (transaction: Transaction) => Promise<void>;
  #failing: ReadonlyMap<number, Failure> = new Map();
  #dead = Number.POSITIVE_INFINITY;
  #death = Promise.withResolvers<void>();
  /** Of any kind, since it was armed. */
  calls = 0;
  /** Text of what was done since then. */
  readonly done: string[] = [];

  /** `onDone` sees the kernel after each transaction. */
  constructor(nft: Nft, onDone: (transaction: Transaction) => Promise<void>) {
    this.#nft = nft;
    this.#onDone = onDone;
  }

  /** Calls by their number, and the number of the one at which its caller dies: neither that nor a later one is answered. */
  arm(failing: ReadonlyMap<number, Failure>, dead = Number.POSITIVE_INFINITY): void {
    this.#failing = failing;
    this.#dead = dead;
    this.#death = Promise.withResolvers<void>();
    this.calls = 0;
    this.done.length = 0;
  }

  get isDead(): boolean {
    return this.calls > this.#dead;
  }

  /** Resolves when it dies. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  async run(transaction: Transaction): Promise<void> {
    if (transaction.isEmpty) return;
    await this.#enter();
    await this.#nft.run(transaction);
    this.done.push(transaction.text);
    await this.#onDone(transaction);
  }

  async list(table: Transaction['table']): Promise<TableListing | undefined> {
    await this.#enter();
    return this.#nft.list(table);
  }

  isOwn(port: number): boolean {
    return this.#nft.isOwn(port);
  }

  close(): void {
    this.#nft.close();
  }

  async #enter(): Promise<void> {
    const call = this.calls++;
    if (call >= this.#dead) {
      this.#death.resolve();
      await new Promise(() => {});
    }
    const failure = this.#failing.get(call);
    if (failure === 'refused') throw NftError.refused('nft', 'made to fail');
    if (failure === 'missing') throw NftError.missing(new Error('made to fail'));
  }
}
