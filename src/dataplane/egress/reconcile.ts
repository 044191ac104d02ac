import {
  type Clock,
  type Family,
  type Log,
  Paced,
  Passes,
  RetryQueue,
  reasonOf,
  VRouterError,
} from '../../base/index.ts';
import type { DesiredEgress, EgressPool } from '../../calc/desired/index.ts';
import { isKernelError, type Kernel, type Link, type RoutingRule } from '../../netlink/index.ts';
import type { FilterRoom } from '../filter/index.ts';
import { forgetConnections } from './connections.ts';
import { egressRoutes, egressRule, freeTables, isEgressRule, isSameRule } from './render.ts';
import { emptyTable, fillTable, isFree } from './table.ts';
import { TableWatch } from './watch.ts';

/** Milliseconds between passes that changes by others are the reason for. */
const PAUSE = 100;

export interface EgressOptions {
  readonly kernel: Pick<
    Kernel,
    | 'ruleList'
    | 'ruleAdd'
    | 'ruleDelete'
    | 'routeList'
    | 'applyRoutes'
    | 'connectionList'
    | 'connectionsDelete'
    | 'monitor'
  >;
  /** The packet filter, which translates at the gateway. */
  readonly tables: Pick<FilterRoom, 'settled'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A pool that is led to its gateway, as the kernel has it. */
export interface EgressEntry {
  readonly pool: EgressPool;
  /** Undefined at the gateway itself, and until there is one. */
  readonly table: number | undefined;
  readonly present: boolean;
  /** Why it is not. */
  readonly reason?: string;
}

/**
 * Leads what the pods of some pools send out of the cluster to the node that is their gateway: for each pool a rule and
 * a table of its own. The rule makes the table known again as ours: it is there before the first route, and goes after
 * the last.
 */
export class EgressReconciler {
  readonly #options: EgressOptions;
  readonly #links: ReadonlyMap<number, Link>;
  readonly #failing: RetryQueue<{ readonly what: string; readonly reason: string }>;
  readonly #passes = new Passes(() => this.#pass());
  readonly #asked: Paced;
  readonly #watch: TableWatch;
  #desired: DesiredEgress | undefined;
  #hasLooked = false;
  /** Ranges of the pools whose gateway this node was at the last pass. */
  #here: readonly string[] = [];
  /** Ranges of pools that go another way now, until the kernel has forgotten their connections. */
  readonly #moved = new Set<string>();
  /** By range, the table of each that is led away as it should be. */
  #led: ReadonlyMap<string, number> = new Map();

  constructor(options: EgressOptions, links: ReadonlyMap<number, Link>) {
    this.#options = options;
    this.#links = links;
    this.#failing = new RetryQueue(options.clock);
    this.#asked = new Paced(options.clock, PAUSE, () => void this.check());
    this.#watch = new TableWatch(options.kernel, () => this.moved());
  }

  /** Applying the same again does nothing. */
  apply(desired: DesiredEgress | undefined): void {
    if (desired === this.#desired) return;
    this.#desired = desired;
    if (this.#hasLooked) void this.check();
  }

  /** A link or an address has come, or gone: the kernel may have dropped routes, and a tunnel may be another. */
  moved(): void {
    if (this.#hasLooked && this.#desired !== undefined) this.#asked.ask();
  }

  ruleChanged(rule: RoutingRule, present: boolean): void {
    const isWanted = this.#ledAway().some((pool) => {
      const table = this.#led.get(pool.cidr);
      return table !== undefined && isSameRule(rule, egressRule(pool, table));
    });
    if (this.#hasLooked && isEgressRule(rule) && isWanted !== present) this.#asked.ask();
  }

  /** Reads what of ours is there, and puts right what differs. */
  async check(): Promise<void> {
    this.#hasLooked = true;
    await this.#passes.run();
  }

  failures(): readonly { readonly what: string; readonly reason: string }[] {
    return this.#failing.details();
  }

  /** The pools, each with whether it is led as it should be. */
  entries(): readonly EgressEntry[] {
    return (this.#desired?.pools ?? []).map((pool) => {
      const table = this.#led.get(pool.cidr);
      const reason = this.#failing.details().find(({ what }) => what === whatOf(pool) || what === REST)?.reason;
      const present = pool.way.kind === 'here' || (table !== undefined && pool.way.kind !== 'none');
      return { pool, table, present, ...(!present && reason !== undefined && { reason }) };
    });
  }

  stop(): void {
    this.#asked.stop();
    this.#watch.stop();
    this.#failing.clear();
    this.#hasLooked = false;
  }

  #ledAway(): readonly EgressPool[] {
    return (this.#desired?.pools ?? []).filter(({ way }) => way.kind !== 'here');
  }

  async #pass(): Promise<void> {
    const here = (this.#desired?.pools ?? []).filter(({ way }) => way.kind === 'here').map(({ cidr }) => cidr);
    for (const cidr of this.#here) if (!here.includes(cidr)) this.#moved.add(cidr);
    this.#here = here;
    const waiting = new Set(this.#failing.details().map(({ what }) => what));
    for (const pool of this.#ledAway()) waiting.delete(whatOf(pool));
    await this.#attempt(REST, async () => {
      const { kernel, tables } = this.#options;
      const rules = [...(await kernel.ruleList(4)), ...(await kernel.ruleList(6))];
      const kept = new Map<EgressPool, RoutingRule>();
      for (const pool of this.#ledAway())
        await this.#attempt(whatOf(pool), async () => void kept.set(pool, await this.#lead(pool, rules)), false);
      await this.#watch.follow([...kept.values()].map(({ table }) => table));
      const led = new Map<string, number>();
      const held: (readonly [pool: EgressPool, table: number])[] = [];
      const fill = (pool: EgressPool, table: number): Promise<void> =>
        this.#attempt(whatOf(pool), async () => {
          if (await this.#fill(pool, table)) held.push([pool, table]);
          led.set(pool.cidr, table);
        });
      for (const [pool, { table }] of kept) await fill(pool, table);
      const strange = rules.filter((rule) => isEgressRule(rule) && this.#isUnwanted(rule, [...kept.values()]));
      for (const [{ cidr }] of held) this.#moved.add(cidr);
      for (const { source = '' } of strange) if (!led.has(source)) this.#moved.add(source);
      // Nothing goes another way before it is translated as there, and nothing of before is remembered.
      await tables.settled;
      await this.#forgetConnections();
      for (const [pool, table] of held.splice(0)) await fill(pool, table);
      for (const rule of strange) await this.#remove(rule, [...kept.values()]);
      this.#led = led;
    });
    for (const what of waiting) if (what !== REST) this.#failing.done(what);
  }

  /** The pool's rule, which is there from now on. */
  async #lead(pool: EgressPool, rules: RoutingRule[]): Promise<RoutingRule> {
    const ofFamily = rules.filter(({ family }) => family === pool.family);
    const known = ofFamily.find((found) => isSameRule(found, egressRule(pool, found.table)));
    if (known !== undefined) return known;
    const rule = egressRule(pool, await this.#choose(pool.family, ofFamily));
    await this.#options.kernel.ruleAdd(rule);
    rules.push(rule);
    return rule;
  }

  async #choose(family: Family, rules: readonly RoutingRule[]): Promise<number> {
    for (const table of freeTables(this.#desired?.tables ?? [], rules))
      if (await isFree(this.#options.kernel, family, table)) return table;
    throw new VRouterError('TUNNEL', 'others use all routing tables of routeTableRanges; allow more of them');
  }

  /** Resolves to whether there is more to do when the kernel has forgotten the pool's connections. */
  async #fill(pool: EgressPool, table: number): Promise<boolean> {
    const desired = this.#desired;
    if (desired === undefined) return false;
    const indexOf = (device: string): number | undefined =>
      [...this.#links.values()].find(({ name, up }) => name === device && up)?.index;
    const routes = egressRoutes(pool, desired, table, indexOf);
    return (await fillTable(this.#options.kernel, pool.family, table, routes)).held;
  }

  /** Tells of what should go; a pool that has not got its rule this time keeps what it has. */
  #isUnwanted(rule: RoutingRule, kept: readonly RoutingRule[]): boolean {
    const wanted = kept.find(({ source }) => source === rule.source);
    if (wanted !== undefined) return !isSameRule(rule, wanted);
    return !this.#ledAway().some(({ cidr }) => cidr === rule.source);
  }

  async #remove(rule: RoutingRule, kept: readonly RoutingRule[]): Promise<void> {
    const { kernel } = this.#options;
    const { family, table } = rule;
    if (!kept.some((other) => other.family === family && other.table === table))
      await emptyTable(kernel, family, table);
    await kernel.ruleDelete(rule).catch(unlessGone);
  }

  async #forgetConnections(): Promise<void> {
    if (this.#moved.size === 0) return;
    const ranges = new Set(this.#moved);
    this.#moved.clear();
    try {
      await forgetConnections(this.#options.kernel, ranges, this.#desired?.pools ?? []);
    } catch (error) {
      const about = { ranges: [...ranges], err: reasonOf(error) };
      this.#options.log.info(about, 'connections through a former egress gateway can not be forgotten');
    }
  }

  /** `isAll`: there is no more to it. */
  async #attempt(what: string, work: () => Promise<void>, isAll = true): Promise<void> {
    try {
      await work();
      if (isAll) this.#failing.done(what);
    } catch (error) {
      const reason = reasonOf(error);
      if (this.#failing.failed(what, { what, reason }, () => void this.check()) === 1)
        this.#options.log.warn({ what, err: reason }, 'not all pods have a way to their egress gateway');
    }
  }
}

/** The name of failures that are not about one pool. */
const REST = 'ways to egress gateways';

function whatOf({ pool }: EgressPool): string {
  return `way to the egress gateway of IPPool ${pool}`;
}

function unlessGone(error: unknown): void {
  if (!isKernelError(error, 'ENOENT')) throw error;
}
