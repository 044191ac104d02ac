import { type Clock, type Log, Passes, RetryQueue, reasonOf } from '../../base/index.ts';
import type { DesiredWorkload } from '../../calc/desired/index.ts';
import { type Nft, NftError } from '../../nftables/index.ts';
import type { FailedLimit, LimitEntry } from './bandwidth.ts';
import { type LimitTable, limitChanges, limitTables } from './limits.ts';

/** Keeps the tables of packet rates and connection limits: one transaction for each change, none when nothing differs. */
export class LimitTablesReconciler {
  readonly #nft: Nft;
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedLimit>;
  readonly #passes = new Passes(() => this.#pass());
  #tables: readonly LimitTable[] = limitTables([]);
  #text = JSON.stringify(this.#tables);
  /** Tables that were as wanted when they were last looked at. */
  readonly #made = new Set<LimitTable>();
  /** Names of those that were last seen to be there. */
  readonly #present = new Set<string>();
  #isStarted = false;

  constructor(options: { nft: Nft; clock: Clock; log: Log }) {
    this.#nft = options.nft;
    this.#log = options.log;
    this.#failing = new RetryQueue(options.clock, { first: 1000, max: 60_000 });
  }

  /** The pods that there should be. Pods without limits cost nothing. */
  apply(workloads: readonly DesiredWorkload[]): void {
    const tables = limitTables(workloads);
    const text = JSON.stringify(tables);
    if (text === this.#text) return;
    this.#text = text;
    this.#tables = tables;
    if (this.#isStarted) void this.#passes.run();
  }

  /** The first look finds what a former run has left; before it, nothing is written. */
  async check(): Promise<void> {
    if (!this.#isStarted) for (const { table } of this.#tables) this.#present.add(table.name);
    this.#isStarted = true;
    await this.#passes.run();
  }

  /** As `check`, if one of these tables, as `family name`, is ours. */
  async look(names: ReadonlySet<string> | undefined): Promise<void> {
    if (!this.#isStarted) return;
    const isOurs = this.#tables.some(({ table }) => names === undefined || names.has(`${table.family} ${table.name}`));
    if (isOurs) await this.#passes.run();
  }

  failures(): readonly FailedLimit[] {
    return this.#failing.details();
  }

  entries(): readonly LimitEntry[] {
    return this.#tables.flatMap((one) => {
      const refused = this.failures().find(({ what }) => what === one.what)?.reason;
      return one.limits.map(({ key, field, direction, rule }) => ({
        text: `${key} ${direction} ${rule.expression}`,
        present: this.#made.has(one),
        why: refused ?? field,
      }));
    });
  }

  stop(): void {
    this.#failing.clear();
  }

  async #pass(): Promise<void> {
    this.#made.clear();
    for (const one of this.#tables) {
      // nft is a program to start: a table that there is none of, and shall be none of, is not asked for.
      if (one.limits.length > 0 || this.#present.has(one.table.name)) await this.#make(one);
    }
  }

  async #make(one: LimitTable): Promise<void> {
    const { table, what, limits } = one;
    try {
      const changes = limitChanges(one, await this.#nft.list(table));
      if (!changes.isEmpty) await this.#nft.run(changes);
      if (limits.length > 0) this.#present.add(table.name);
      else this.#present.delete(table.name);
      this.#made.add(one);
      this.#failing.done(what);
    } catch (error) {
      // What nobody asks for is not lacking, and what was never run has left nothing.
      if (limits.length === 0 && error instanceof NftError && error.code === 'NFT_MISSING') return;
      const reason = reasonFor(one, error);
      const attempts = this.#failing.failed(what, { what, reason }, () => void this.#passes.run());
      if (attempts === 1) this.#log.warn({ what, err: reason }, 'limits are refused; trying again later');
    }
  }
}

/** To nft, an expression that the kernel has no module for is a file that is not there. */
function reasonFor({ module }: LimitTable, error: unknown): string {
  if (!(error instanceof NftError && error.code === 'ENOENT')) return reasonOf(error);
  return `this kernel has no ${module}; load the module with: modprobe ${module} (${error.words})`;
}
