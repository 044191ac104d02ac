import { type Clock, type Log, RetryQueue, reasonOf } from '../../base/index.ts';
import { type Nft, Transaction } from '../../nftables/index.ts';
import { changesTo } from './changes.ts';
import { type NatInputs, natTables } from './render.ts';
import type { NatTable } from './table.ts';

/** A table that can't be programmed, and why. */
export interface FailedNat {
  readonly what: string;
  readonly reason: string;
}

/** A rule or a map's entry of ours, for people. */
export interface NatEntry {
  readonly text: string;
  readonly wanted: boolean;
  readonly present: boolean;
  readonly why: string;
}

/** Keeps our nftables tables as they are wanted: at most one transaction for each change, none when nothing differs. */
export class NatReconciler {
  readonly #nft: Nft;
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedNat>;
  #tables: readonly NatTable[] = [];
  /** Whether a table was there, as it is wanted, when it was last looked at; absent while that is not known. */
  readonly #made = new Map<string, boolean>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: { nft: Nft; clock: Clock; log: Log }) {
    this.#nft = options.nft;
    this.#log = options.log;
    this.#failing = new RetryQueue(options.clock, { first: 1000, max: 60_000 });
  }

  /** What the tables follow from. Resolves when they are right, or their failure is noted. */
  apply(inputs: NatInputs): Promise<void> {
    const before = this.#tables;
    this.#tables = natTables(inputs).map((now) => before.find((was) => isSame(was, now)) ?? now);
    return this.#bring(this.#tables.filter((one) => !before.includes(one)));
  }

  /** Looks at the tables again and repairs what differs. */
  resync(): Promise<void> {
    return this.#bring(this.#tables.filter((one) => one.wanted !== undefined || this.#made.get(keyOf(one)) !== false));
  }

  /** Looks again at those of these tables that are ours, as `family name`; at all of them without. */
  look(names: ReadonlySet<string> | undefined): Promise<void> {
    if (names === undefined) return this.resync();
    return this.#bring(this.#tables.filter((one) => names.has(keyOf(one))));
  }

  /** Resolves when all that was asked for until now is done, or its failure noted. */
  get settled(): Promise<void> {
    return this.#turn;
  }

  failures(): readonly FailedNat[] {
    return this.#failing.details();
  }

  /** Each rule and each map's entry that is wanted, whether it is there, and why. */
  entries(): readonly NatEntry[] {
    return this.#tables.flatMap((one) => {
      const refused = this.#failing.details().find((failed) => failed.what === one.what)?.reason;
      const present = this.#made.get(keyOf(one)) ?? false;
      return one.explained.map(({ text, why }) => ({ text, wanted: true, present, why: refused ?? why }));
    });
  }

  stop(): void {
    this.#failing.clear();
  }

  #bring(tables: readonly NatTable[]): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      for (const one of tables) await this.#make(one);
    });
    return this.#turn;
  }

  async #make(one: NatTable): Promise<void> {
    if (!this.#tables.includes(one)) return;
    const { table, wanted, what } = one;
    const key = keyOf(one);
    this.#made.delete(key);
    try {
      const found = await this.#nft.list(table);
      if (wanted !== undefined) await this.#nft.run(changesTo(wanted, found));
      if (wanted === undefined && found !== undefined) await this.#nft.run(new Transaction(table).removeTable());
      this.#made.set(key, wanted !== undefined);
      this.#failing.done(key);
    } catch (error) {
      const reason = reasonOf(error);
      const attempts = this.#failing.failed(key, { what, reason }, () => void this.resync());
      if (attempts === 1) this.#log.warn({ what, err: reason }, 'an nftables table is refused; trying again later');
    }
  }
}

function isSame(a: NatTable, b: NatTable): boolean {
  return keyOf(a) === keyOf(b) && a.wanted?.text === b.wanted?.text;
}

function keyOf({ table }: NatTable): string {
  return `${table.family} ${table.name}`;
}
