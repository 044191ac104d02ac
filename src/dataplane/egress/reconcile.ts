import {
  type Clock,
  containsAddress,
  type Log,
  Passes,
  parseAddress,
  parsePrefix,
  prefixWords,
  RetryQueue,
  reasonOf,
  VRouterError,
} from '../../base/index.ts';
import type { DesiredEgress, EgressPool } from '../../calc/desired/index.ts';
import {
  isKernelError,
  type Kernel,
  type Link,
  ROUTE_ADD,
  ROUTE_DELETE,
  type Route,
  type RoutingRule,
  type TrackedConnection,
} from '../../netlink/index.ts';
import type { FilterRoom } from '../filter/index.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';
import { egressRoutes, egressRule, freeTables, isEgressRule, routeText } from './render.ts';

const WHAT = 'ways to egress gateways';

export interface EgressOptions {
  readonly kernel: Pick<
    Kernel,
    'ruleList' | 'ruleAdd' | 'ruleDelete' | 'routeList' | 'applyRoutes' | 'connectionList' | 'connectionsDelete'
  >;
  /** The packet filter, which translates at the gateway. */
  readonly tables: Pick<FilterRoom, 'settled'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Leads what the pods of some pools send out of the cluster to the node that is their gateway: for each pool a rule and
 * a table of its own, known again by rule and protocol. The table is whole before the rule leads there, and the rule
 * goes first.
 */
export class EgressReconciler {
  readonly #options: EgressOptions;
  readonly #links: ReadonlyMap<number, Link>;
  readonly #failing: RetryQueue<{ readonly what: string; readonly reason: string }>;
  readonly #passes = new Passes(() => this.#pass());
  #desired: DesiredEgress | undefined;
  #hasLooked = false;
  /** Ranges of the pools whose gateway this node was at the last pass. */
  #here: readonly string[] = [];

  constructor(options: EgressOptions, links: ReadonlyMap<number, Link>) {
    this.#options = options;
    this.#links = links;
    this.#failing = new RetryQueue(options.clock);
  }

  /** Applying the same again does nothing. */
  apply(desired: DesiredEgress | undefined): void {
    if (desired === this.#desired) return;
    this.#desired = desired;
    if (this.#hasLooked) void this.check();
  }

  /** A link has come up, or gone: the kernel may have dropped routes, and a tunnel may be another. */
  moved(): void {
    if (this.#hasLooked && this.#desired !== undefined) void this.check();
  }

  ruleChanged(rule: RoutingRule, present: boolean): void {
    const cidrs = this.#ledAway().map(({ cidr }) => cidr);
    const isWanted = rule.source !== undefined && cidrs.includes(rule.source);
    if (isEgressRule(rule) && isWanted !== present) this.moved();
  }

  /** Reads what of ours is there, and puts right what differs. */
  async check(): Promise<void> {
    this.#hasLooked = true;
    try {
      await this.#passes.run();
      this.#failing.done(WHAT);
    } catch (error) {
      const reason = reasonOf(error);
      if (this.#failing.failed(WHAT, { what: WHAT, reason }, () => void this.check()) === 1)
        this.#options.log.warn({ err: reason }, 'not all pods have a way to their egress gateway');
    }
  }

  failures(): readonly { readonly what: string; readonly reason: string }[] {
    return this.#failing.details();
  }

  stop(): void {
    this.#failing.clear();
    this.#hasLooked = false;
  }

  #ledAway(): readonly EgressPool[] {
    return (this.#desired?.pools ?? []).filter(({ way }) => way.kind !== 'here');
  }

  async #pass(): Promise<void> {
    const { kernel, tables } = this.#options;
    const here = (this.#desired?.pools ?? []).filter(({ way }) => way.kind === 'here').map(({ cidr }) => cidr);
    const moved = new Set(this.#here.filter((cidr) => !here.includes(cidr)));
    const rules = [...(await kernel.ruleList(4))];
    const wanted = new Map<string, number>();
    const failed: unknown[] = [];
    for (const pool of this.#ledAway()) {
      const known = rules.find((rule) => isEgressRule(rule) && rule.source === pool.cidr)?.table;
      const table = known ?? (await this.#choose(rules));
      wanted.set(pool.cidr, table);
      await this.#fill(pool, table).catch((error) => failed.push(error));
      const rule = egressRule(pool.cidr, table);
      if (rules.some((found) => isSame(found, rule))) continue;
      await kernel.ruleAdd(rule);
      rules.push(rule);
      moved.add(pool.cidr);
    }
    // Until this node translates as the gateway that it has become, nothing leaves by it.
    await tables.settled;
    for (const rule of rules.filter(isEgressRule)) {
      const table = wanted.get(rule.source ?? '');
      if (table !== undefined && isSame(rule, egressRule(rule.source ?? '', table))) continue;
      await kernel.ruleDelete(rule).catch(unlessGone);
      if (table === undefined && rule.source !== undefined) moved.add(rule.source);
      if (table !== rule.table) await this.#change(rule.table, await this.#routesOf(rule.table), []);
    }
    await this.#forgetConnections([...moved]);
    this.#here = here;
    if (failed.length > 0) throw failed[0];
  }

  /**
   * How a connection is translated is settled by its first packet; those that go on begin anew, with the same port
   * where that is free. It is not while an answer is remembered that came here after another node had become the
   * gateway: these go too.
   */
  async #forgetConnections(ranges: readonly string[]): Promise<void> {
    if (ranges.length === 0) return;
    const { kernel, log } = this.#options;
    const nets = ranges.map((cidr) => parsePrefix(cidr));
    const pools = (this.#desired?.pools ?? []).filter(({ cidr }) => ranges.includes(cidr));
    const addresses = new Set(pools.map(({ address }) => address));
    const isOfThem = ({ family, original: { source, destination } }: TrackedConnection): boolean =>
      family === 4 &&
      (addresses.has(destination) ||
        addresses.has(source) ||
        nets.some((net) => net.family === 4 && containsAddress(net, parseAddress(source))));
    try {
      await kernel.connectionsDelete((await kernel.connectionList()).filter(isOfThem));
    } catch (error) {
      log.info({ ranges, err: reasonOf(error) }, 'connections through a former egress gateway can not be forgotten');
    }
  }

  /** Routes of ours that no rule leads to any more are what a crash has left. */
  async #choose(rules: readonly RoutingRule[]): Promise<number> {
    for (const table of freeTables(this.#desired?.tables ?? [], rules)) {
      const routes = await this.#options.kernel.routeList({ family: 4, table });
      if (routes.every(({ protocol }) => protocol === ROUTE_PROTOCOL)) return table;
    }
    throw new VRouterError('TUNNEL', 'others use all routing tables of routeTableRanges; allow more of them');
  }

  async #fill(pool: EgressPool, table: number): Promise<void> {
    const desired = this.#desired;
    if (desired === undefined) return;
    const indexOf = (device: string): number | undefined =>
      [...this.#links.values()].find(({ name, up }) => name === device && up)?.index;
    const routes = egressRoutes(pool, desired, table, indexOf);
    const found = await this.#routesOf(table);
    const [there, wanted] = [new Set(found.map(routeText)), new Set(routes.map(routeText))];
    await this.#change(
      table,
      found.filter((route) => !wanted.has(routeText(route))),
      routes.filter((route) => !there.has(routeText(route))),
    );
  }

  #routesOf(table: number): Promise<readonly Route[]> {
    return this.#options.kernel.routeList({ family: 4, table, protocol: ROUTE_PROTOCOL });
  }

  async #change(table: number, old: readonly Route[], routes: readonly Route[]): Promise<void> {
    const steps = [...routes.filter(isFallback), ...old, ...routes.filter((route) => !isFallback(route))];
    if (steps.length === 0) return;
    const refused = await this.#options.kernel.applyRoutes({
      family: 4,
      count: steps.length,
      addresses: Uint32Array.from(steps, ({ destination }) => prefixWords(parsePrefix(destination))[0]),
      lengths: Uint8Array.from(steps, ({ destination }) => parsePrefix(destination).length),
      verbs: Uint8Array.from(steps, (step) => (old.includes(step) ? ROUTE_DELETE : ROUTE_ADD)),
      howIndex: Uint32Array.from(steps, (_, entry) => entry),
      hows: steps,
    });
    if (refused.length > 0) {
      const [{ entry, reason }] = refused;
      throw new VRouterError('TUNNEL', `${routeText(steps[entry])} table ${table}: ${reason}`);
    }
  }
}

/** Tells whether a route keeps packets from going elsewhere while the way to the gateway is being changed. */
function isFallback({ kind }: Route): boolean {
  return kind === 'unreachable';
}

function isSame(a: RoutingRule, b: RoutingRule): boolean {
  return isEgressRule(a) && a.source === b.source && a.table === b.table && a.priority === b.priority;
}

function unlessGone(error: unknown): void {
  if (!isKernelError(error, 'ENOENT')) throw error;
}
