import { type Clock, Entries, type Log, RetryQueue, Stopwatch } from '../../base/index.ts';
import type { Nft } from '../../nftables/index.ts';
import { KeptTable } from './kept-table.ts';
import type { Brought, FailedFilter, PartStanding, RetryTurn } from './standing.ts';
import { explain, type FilterPart, type FilterTable, nameOf } from './table.ts';

const TURNS: readonly RetryTurn[] = ['soon', 'late'];
const NO_PARTS = Entries.of<FilterPart>();

/** A rule or a map's entry of ours, for people. */
export interface FilterEntry {
  readonly text: string;
  readonly wanted: boolean;
  readonly present: boolean;
  readonly why: string;
}

/** A room that owns tables: it says what they should be, and hears of them. */
export interface FilterRoom {
  /** Its tables, the most important first; what it does not name any more should not be. Resolves as `settled` does. */
  want(tables: readonly FilterTable[]): Promise<void>;
  /** Has the room's tables looked at again, and repaired. Resolves as `settled` does. */
  look(): Promise<void>;
  /** Resolves when all that was asked for until now is done, or its failure noted. */
  readonly settled: Promise<void>;
  failures(): readonly FailedFilter[];
  /** Each rule and each map's entry that is wanted, whether it is there, and why. */
  entries(): readonly FilterEntry[];
  standing(table: string, part: string): PartStanding;
  /** The number of the last thing asked for, by any room: a later one has a greater. */
  readonly asked: number;
  /** Whether all that the room asked for up to that number has been tried. */
  isTried(asked: number): boolean;
}

/**
 * Keeps all nftables tables of ours as the rooms want them: a transaction for each table that changes, none when
 * nothing differs. While nft works, what is asked for gathers.
 */
export class FilterReconciler {
  readonly #options: { readonly nft: Nft; readonly log: Log };
  /** Tables of which something is refused, by when that is tried again. */
  readonly #failing: Readonly<Record<RetryTurn, RetryQueue<undefined>>>;
  /** Those of which it was told. */
  readonly #told = new Set<string>();
  readonly #tables = new Map<string, KeptTable>();
  /** In the order in which they are brought, with the number of the first thing that was asked of them since. */
  readonly #asked = new Map<KeptTable, number>();
  #underWay: { readonly table: KeptTable; readonly asked: number } | undefined;
  #count = 0;
  readonly #listeners: (() => void)[] = [];
  /** They wait for all that was asked for up to their number. */
  #waiting: readonly { readonly asked: number; readonly resolve: () => void }[] = [];
  #isWorking = false;
  readonly #bringing: Stopwatch;

  constructor(options: { nft: Nft; clock: Clock; log: Log }) {
    this.#options = options;
    this.#bringing = new Stopwatch(options.clock);
    const { clock } = options;
    this.#failing = {
      soon: new RetryQueue(clock, { first: 1000, max: 60_000 }),
      late: new RetryQueue(clock, { first: 1000, max: 3_600_000 }),
    };
  }

  /**
   * A place for a room to say what it wants. No two rooms share a table. `onBrought` is told whenever some table has
   * been tried, also by a later attempt: how parts stand may have changed.
   */
  room({ onBrought }: { onBrought?: () => void } = {}): FilterRoom {
    if (onBrought !== undefined) this.#listeners.push(onBrought);
    let names: readonly string[] = [];
    const tables = (): readonly KeptTable[] => names.flatMap((name) => this.#tables.get(name) ?? []);
    const settled = (): Promise<void> => this.settled;
    const count = (): number => this.#count;
    return {
      want: (wanted) => {
        names = this.#want(wanted, names);
        return this.settled;
      },
      look: () => this.#look(tables()),
      get settled() {
        return settled();
      },
      failures: () => tables().flatMap((table) => table.failures()),
      entries: () => tables().flatMap(entriesOf),
      standing: (table, part) => this.#tables.get(table)?.standing(part) ?? { present: false, refused: undefined },
      get asked() {
        return count();
      },
      isTried: (asked) => this.#isTried(asked, tables()),
    };
  }

  /**
   * Looks again at those of these tables that are ours, as `family name`, and repairs what differs; without, at all.
   */
  look(names?: ReadonlySet<string>): Promise<void> {
    return this.#look([...this.#tables].flatMap(([name, table]) => ((names?.has(name) ?? true) ? [table] : [])));
  }

  /** Resolves when all that was asked for until now is done, or its failure noted; what is asked for later may still wait. */
  get settled(): Promise<void> {
    const asked = this.#count;
    if (this.#isTried(asked)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = [...this.#waiting, { asked, resolve }];
    });
  }

  /** Seconds for which one table has been under way; 0: none is. */
  get working(): number {
    return this.#bringing.seconds;
  }

  stop(): void {
    for (const turn of TURNS) this.#failing[turn].clear();
    this.#asked.clear();
  }

  #want(wanted: readonly FilterTable[], before: readonly string[]): readonly string[] {
    const names = wanted.map(({ table }) => nameOf(table));
    this.#count++;
    for (const name of before) {
      const table = this.#tables.get(name);
      if (table !== undefined && !names.includes(name)) this.#ask(table, { ...table.wanted, parts: NO_PARTS });
    }
    for (const [index, name] of names.entries()) {
      const table = this.#tables.get(name) ?? new KeptTable(wanted[index], this.#options);
      this.#tables.set(name, table);
      this.#ask(table, wanted[index]);
    }
    this.#work();
    return [...names, ...before.filter((name) => !names.includes(name))];
  }

  #look(tables: readonly KeptTable[]): Promise<void> {
    this.#count++;
    for (const table of tables) {
      if (!table.mayBe) continue;
      table.suspect();
      this.#due(table);
    }
    this.#work();
    return this.settled;
  }

  #ask(table: KeptTable, wanted: FilterTable): void {
    table.want(wanted);
    if (table.isDue) this.#due(table);
  }

  #due(table: KeptTable): void {
    if (!this.#asked.has(table)) this.#asked.set(table, this.#count);
  }

  /** The number of the first thing that was asked of the table and is not tried yet. */
  #oldest(table: KeptTable): number {
    const { table: current, asked } = this.#underWay ?? {};
    if (current === table && asked !== undefined) return asked;
    return this.#asked.get(table) ?? Number.POSITIVE_INFINITY;
  }

  #isTried(asked: number, tables: Iterable<KeptTable> = this.#tables.values()): boolean {
    for (const table of tables) if (asked >= this.#oldest(table)) return false;
    return true;
  }

  #work(): void {
    if (this.#asked.size > 0 && !this.#isWorking) void this.#all();
  }

  async #all(): Promise<void> {
    this.#isWorking = true;
    for (const [table, asked] of this.#asked) {
      this.#asked.delete(table);
      this.#underWay = { table, asked };
      this.#bringing.begin();
      const brought = await table.bring();
      this.#bringing.end();
      this.#underWay = undefined;
      this.#plan(table, brought);
      this.#tell(table, brought);
      for (const listener of this.#listeners) listener();
      this.#tellWaiting();
    }
    this.#isWorking = false;
  }

  #tellWaiting(): void {
    const tried = this.#waiting.filter(({ asked }) => this.#isTried(asked));
    if (tried.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => !tried.includes(one));
    for (const { resolve } of tried) resolve();
  }

  /** Failures of former attempts wait for their own next one. */
  #plan(table: KeptTable, { turns }: Brought): void {
    const name = nameOf(table.wanted.table);
    for (const turn of TURNS) {
      if (!table.waitsFor(turn)) this.#failing[turn].done(name);
      else if (turns.has(turn)) this.#failing[turn].failed(name, undefined, () => this.#again(table, turn));
    }
  }

  #again(table: KeptTable, turn: RetryTurn): void {
    this.#count++;
    if (turn === 'soon') table.suspect();
    else table.retry(turn);
    this.#due(table);
    this.#work();
  }

  #tell(table: KeptTable, { isDone }: Brought): void {
    const name = nameOf(table.wanted.table);
    const failures = table.failures();
    if (failures.length === 0) this.#told.delete(name);
    if (isDone || this.#told.has(name)) return;
    this.#told.add(name);
    for (const { what, reason } of failures) {
      this.#options.log.warn({ what, err: reason }, 'a part of the packet filter is refused; trying again later');
    }
  }
}

function entriesOf(table: KeptTable): readonly FilterEntry[] {
  return [...table.wanted.parts].flatMap(([key, { contents }]) => {
    const { present, refused } = table.standing(key);
    return explain(table.wanted.table, contents).map(({ text, why }) => {
      return { text, wanted: true, present, why: refused ?? why };
    });
  });
}
