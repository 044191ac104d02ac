import { type Cancel, type Clock, type Family, type Log, Paced, parsePrefix, reasonOf } from '../../base/index.ts';
import type { Route, RouteFailure } from '../../netlink/index.ts';
import { FibInfos } from './fib-infos.ts';
import type { ForeignRoute } from './foreign.ts';
import { FormerRun } from './former-run.ts';
import { type RouteCounts, type RouteKernel, type RouteOptions, routeCounts } from './options.ts';
import { RouteOwnership } from './ownership.ts';
import { RecentRoutes } from './recent.ts';
import { type FailedRoute, Refusals } from './refusals.ts';
import { MAIN_TABLE } from './render.ts';
import { prefixNumber, type RouteBatch, RouteTable } from './route-table.ts';
import { RouteSight } from './sight.ts';
import { Written } from './written.ts';

/** Routes in one call to the kernel: some 15 ms of its time, which a CNI request may have to wait for, twice. */
const BATCH = 4096;
/** Milliseconds between repairs: somebody who undoes ours again and again must not keep both of us busy. */
const REPAIR_PAUSE = 100;

/**
 * Brings the kernel's routes of our protocol to what the tables want: reads what is there once, then sends only
 * differences, in batches. An entry that the kernel refuses is tried again later by itself and holds up nothing.
 */
export class RouteReconciler {
  readonly formerRun: FormerRun;
  readonly infos = new FibInfos();
  readonly tables: Readonly<Record<Family, RouteTable>>;
  readonly #kernel: RouteKernel;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #refusals: Refusals;
  readonly #repairs: Paced;
  readonly #rereads: Paced;
  readonly #ownership: RouteOwnership;
  readonly #sight: RouteSight;
  #started = false;
  #flushing: Promise<void> | undefined;
  /** Answers of the kernel were lost: what it has must be read before it is known what differs. */
  #uncertain = false;
  #scheduled: Cancel | undefined;
  readonly #onSettled: () => void;
  /** Changes the kernel took, by verb, since the start. */
  readonly written: Written;
  readonly recent: RecentRoutes;

  constructor(options: RouteOptions) {
    this.#kernel = options.kernel;
    this.#onSettled = options.onRoutesSettled ?? (() => {});
    this.written = new Written(options);
    this.recent = new RecentRoutes(() => options.clock.wallTime());
    this.#clock = options.clock;
    this.#log = options.log;
    this.#refusals = new Refusals(options.clock, options.log, () => this.schedule());
    this.#repairs = new Paced(options.clock, REPAIR_PAUSE, () => this.schedule());
    this.#rereads = new Paced(options.clock, REPAIR_PAUSE, () => this.#readAgain());
    this.tables = { 4: new RouteTable(4, this.infos), 6: new RouteTable(6, this.infos) };
    this.formerRun = new FormerRun(Object.values(this.tables), () => this.schedule());
    this.#ownership = options.ownership ?? new RouteOwnership();
    this.#sight = new RouteSight(this.tables, this.#ownership);
  }

  /**
   * Reads what a former run left in the kernel. Nothing is written before this has been called. With `hold`, none of it is
   * removed before `formerRun.release`, in neither family: what BGP will want of it is not known yet.
   */
  async start({ hold = false } = {}): Promise<void> {
    await this.resync();
    this.formerRun.read(hold);
    this.#started = true;
    this.schedule();
  }

  /** Reads the kernel's routes of ours again and repairs what differs. Nothing is written meanwhile. */
  async resync(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
    let failure: unknown;
    this.#flushing = this.#read().catch((error) => {
      failure = error;
    });
    await this.#flushing;
    this.#flushing = undefined;
    if (failure !== undefined) throw failure;
    this.schedule();
  }

  async #read(): Promise<void> {
    for (const family of [4, 6] as const) {
      this.#sight.sawAll(await this.#kernel.routeColumns({ family, table: MAIN_TABLE }));
      this.#refusals.forgetHealed(this.tables[family]);
    }
  }

  /** Where pods have their addresses, as CIDRs: what Calico left there is taken over, and others are watched. */
  setRanges(cidrs: readonly string[]): void {
    if (this.#ownership.setRanges(cidrs) && this.#started) this.#rereads.ask();
  }

  /** Hears from the kernel's monitor of a route in the main table that somebody changed, or removed. */
  observed(route: Route, present: boolean): void {
    if (this.#sight.saw(route, present)) this.#rereads.ask();
    else if (this.pending) this.#repairs.ask();
  }

  /** Routes of others that keep packets from ours. */
  foreign(): readonly ForeignRoute[] {
    return this.#sight.foreign.inTheWay();
  }

  /**
   * A link went down or away, and the kernel dropped the routes through it without a word: they count as absent, and
   * are tried again once it is back. Of one with a next hop elsewhere the kernel is asked: down it keeps it, away it does not.
   */
  linkLost(dev: number): void {
    for (const [info, { nextHops }] of this.infos.all.entries()) {
      if (!nextHops.some((hop) => hop.dev === dev)) continue;
      const isLost = nextHops.every((hop) => hop.dev === dev);
      for (const table of Object.values(this.tables)) {
        if (isLost) table.lost(info);
        else if (table.isUsed(info)) this.#rereads.ask();
      }
    }
    this.schedule();
  }

  /** Why the kernel has no route of ours for the prefix as it is wanted; undefined when it has. */
  lacking(cidr: string): string | undefined {
    const table = this.tables[parsePrefix(cidr).family];
    const prefix = prefixNumber(table, cidr);
    if (table.desired(prefix) === 0) return 'nothing wants it: the interface is gone or down';
    if (table.desired(prefix) === table.actual(prefix)) return undefined;
    return this.#refusals.reason(cidr) ?? 'the kernel has not answered yet';
  }

  /** Tries everything now that had failed: the reason may be gone. */
  retry(): void {
    for (const { family, prefix } of this.#refusals.details()) {
      this.tables[family].again(prefixNumber(this.tables[family], prefix));
    }
    this.schedule();
  }

  /** Writes pending changes soon; calls in between cost nothing. */
  schedule(): void {
    if (!this.#started || this.#scheduled !== undefined || this.#flushing !== undefined) return;
    this.written.asked();
    this.#scheduled = this.#clock.soon(() => {
      this.#scheduled = undefined;
      void this.flush();
    });
  }

  /** Writes pending changes now; resolves when the kernel has answered. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
    if (!this.#started || !this.pending) return this.written.nothing();
    this.written.asked();
    this.#flushing = this.#write();
    try {
      await this.#flushing;
    } finally {
      this.#flushing = undefined;
      this.written.answered();
      this.infos.collect();
    }
    const doubts = Object.values(this.tables).filter((table) => table.takeDoubt());
    if (this.#uncertain || doubts.length > 0) this.#readAgain();
    else if (this.pending) this.schedule();
    else this.#onSettled();
  }

  #readAgain(): void {
    this.#uncertain = false;
    this.resync().catch((error) => {
      this.#log.error({ err: reasonOf(error) }, 'the routes can not be read; their next attempts will tell');
      this.schedule();
    });
  }

  get pending(): boolean {
    return ([4, 6] as const).some((family) => this.tables[family].pending || this.#sight.surplus[family].isReady);
  }

  counts(): RouteCounts {
    return routeCounts(Object.values(this.tables), this.#refusals.size);
  }

  failures(): readonly FailedRoute[] {
    return this.#refusals.details();
  }

  stop(): void {
    this.#started = false;
    this.#scheduled?.();
    this.#scheduled = undefined;
    this.#repairs.stop();
    this.#rereads.stop();
    this.#refusals.clear();
  }

  /** While the kernel carries out one batch, the next one is made ready. */
  async #write(): Promise<void> {
    for (const table of Object.values(this.tables)) {
      let before = Promise.resolve();
      for (let batch = this.#take(table); batch !== undefined; batch = this.#take(table)) {
        const answered = this.#send(table, batch);
        await before;
        before = answered;
      }
      await before;
      if (this.#started && !this.#uncertain) await this.#removeSurplus(table.family);
    }
  }

  async #removeSurplus(family: Family): Promise<void> {
    const changes = this.#sight.surplus[family].take();
    if (changes === undefined) return;
    try {
      const failures = await this.#kernel.applyRoutes(changes);
      this.#sight.removed(changes, failures);
      this.written.delete += changes.count - failures.length;
    } catch {
      this.#uncertain = true;
    }
  }

  #take(table: RouteTable): RouteBatch | undefined {
    return this.#started && !this.#uncertain ? table.take(BATCH) : undefined;
  }

  async #send(table: RouteTable, batch: RouteBatch): Promise<void> {
    let failures: readonly RouteFailure[];
    const adopted = this.#sight.adoptedIn(table, batch);
    try {
      failures = await this.#kernel.applyRoutes(batch.changes);
    } catch (error) {
      this.#uncertain = true;
      const reason = reasonOf(error);
      failures = Array.from({ length: batch.changes.count }, (_, entry) => ({ entry, code: 'SOCKET', reason }));
    }
    if (this.#started) this.#refusals.record(table, batch, failures);
    this.written.count(batch, failures);
    this.recent.took(table, batch, failures);
    this.#sight.tookOver(adopted, failures);
    table.settle(batch, failures);
  }
}

export type { RouteCounts } from './options.ts';
export type { FailedRoute } from './refusals.ts';
export { prefixNumber } from './route-table.ts';
