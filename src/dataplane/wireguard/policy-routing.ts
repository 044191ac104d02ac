import { type Clock, type Family, KeyedDelta, type Log, RetryQueue, reasonOf, VRouterError } from '../../base/index.ts';
import type { DesiredWireguard } from '../../calc/desired.ts';
import {
  formatRule,
  isKernelError,
  type Kernel,
  type Monitor,
  ROUTE_ADD,
  ROUTE_DELETE,
  type Rule,
} from '../../netlink/index.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';
import type { FailedTunnel, TunnelEntry } from '../tunnels/device.ts';
import { candidateTables, isOurRule, policyRule, sameRule, type Way, wantedWays, wayOf, wayText } from './render.ts';
import { type RouteStep, routeChanges, routeSteps } from './route-steps.ts';

export type PolicyKernel = Pick<
  Kernel,
  'ruleList' | 'ruleAdd' | 'ruleDelete' | 'routeList' | 'applyRoutes' | 'monitor'
>;

/**
 * One rule and one routing table of a family: which packets go through the WireGuard device, and which on to the ordinary
 * routes. The table is one that nobody else uses; the rule that leads there marks it as ours, so it comes before the
 * table's first route and goes after its last one.
 */
export class PolicyRouting {
  readonly #family: Family;
  readonly #kernel: PolicyKernel;
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedTunnel>;
  readonly #delta = new KeyedDelta<Way>(wayText);
  #desired: DesiredWireguard | undefined;
  /** Whether rule and table are as they were left. */
  #known = false;
  #table: number | undefined;
  #rule: Rule | undefined;
  /** Tells of changes that others make to the table's routes. */
  #monitor: Monitor | undefined;
  /** Called when there may be something to do again. */
  onPending: () => void = () => {};

  constructor(family: Family, options: { kernel: PolicyKernel; clock: Clock; log: Log }) {
    this.#family = family;
    this.#kernel = options.kernel;
    this.#log = options.log;
    this.#failing = new RetryQueue(options.clock);
  }

  /** What is to go on outside the tunnel leaves it; what is to enter it stays outside: before those behind it change. */
  async leave(desired: DesiredWireguard, dev: number): Promise<void> {
    if (!this.#known || !sameOutline(this.#desired, desired)) return;
    await this.#attempt(async () => {
      const ways = [...wantedWays(desired, dev)].flatMap(([cidr, way]): [string, Way][] => {
        const now = way.kind === 'throw' ? way : this.#delta.actual(cidr);
        return now === undefined ? [] : [[cidr, now]];
      });
      this.#delta.setAllDesired(new Map(ways));
      await this.#write();
    });
  }

  /** Makes rule and table what is wanted, with routes through the device `dev`; nothing wanted: neither is left. */
  async bring(desired: DesiredWireguard | undefined, dev: number): Promise<void> {
    const before = this.#desired;
    this.#desired = desired;
    if (desired === undefined && this.#known && this.#rule === undefined) return;
    await this.#attempt(async () => {
      if (desired === undefined) await this.#remove();
      else {
        if (!this.#known || !sameOutline(before, desired)) await this.#establish(desired);
        this.#delta.setAllDesired(wantedWays(desired, dev));
        await this.#write();
      }
    });
  }

  /** Rule and table are read again at the next look. */
  forget(): void {
    this.#known = false;
  }

  /** What the kernel's monitor says of a rule. */
  ruleChanged(rule: Rule, present: boolean): void {
    const ours = this.#rule !== undefined && sameRule(rule, this.#rule);
    if (rule.family !== this.#family || ours === present || !(ours || isOurRule(rule, this.#desired))) return;
    this.forget();
    this.onPending();
  }

  failures(): readonly FailedTunnel[] {
    return this.#failing.details();
  }

  /** The rule and each route, as `ip rule` and `ip route` print them. */
  entries(): readonly TunnelEntry[] {
    const [rule, desired] = [this.#rule, this.#desired];
    if (desired === undefined) return [];
    const refused = new Map(this.#failing.details().map(({ what, reason }) => [what, reason]));
    const [failure] = this.#failing.details();
    const first =
      rule === undefined
        ? { text: `${desired.rulePriority}: no rule`, present: false, why: failure?.reason ?? 'not made yet' }
        : { text: formatRule(rule), present: this.#known, why: `WireGuard for IPv${this.#family}` };
    const routes = desired.routes.map(({ cidr, mode, why }): TunnelEntry => {
      const text = this.#routeText(cidr, mode);
      const [wanted, actual] = [this.#delta.desired(cidr), this.#delta.actual(cidr)];
      const present =
        this.#known && actual !== undefined && wanted !== undefined && wayText(actual) === wayText(wanted);
      return { text, present, why: refused.get(text) ?? why };
    });
    return [first, ...routes];
  }

  stop(): void {
    this.#monitor?.stop();
    this.#failing.clear();
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#failing.done('rule');
    } catch (error) {
      this.#known = false;
      const what = `policy routing of IPv${this.#family}`;
      const attempts = this.#failing.failed('rule', { what, reason: reasonOf(error) }, () => this.onPending());
      if (attempts === 1) this.#log.warn({ what, err: reasonOf(error) }, 'policy routing is not as it should be');
    }
  }

  #routeText(cidr: string, mode: 'tunnel' | 'throw'): string {
    const way = mode === 'throw' ? `throw ${cidr}` : `${cidr} dev ${this.#desired?.device}`;
    return `${way} table ${this.#table ?? '(none)'} proto ${ROUTE_PROTOCOL}`;
  }

  /** Finds the table, has the rule lead there, and reads what routes it has. */
  async #establish(desired: DesiredWireguard): Promise<void> {
    const found = await this.#kernel.ruleList(this.#family);
    const table = await this.#choose(desired, found);
    const wanted = policyRule(desired, table);
    if (!found.some((rule) => sameRule(rule, wanted))) await this.#kernel.ruleAdd(wanted);
    await this.#removeRules(
      found.filter((rule) => isOurRule(rule, desired) && !sameRule(rule, wanted)),
      table,
    );
    if (table !== this.#table || this.#monitor === undefined) await this.#watch(table);
    this.#table = table;
    this.#rule = wanted;
    const routes = await this.#kernel.routeList({ family: this.#family, table, protocol: ROUTE_PROTOCOL });
    this.#delta.setAllActual(new Map(routes.map((route) => [route.destination, wayOf(route)])));
    this.#known = true;
  }

  /** The first table that has no routes of others. */
  async #choose(desired: DesiredWireguard, rules: readonly Rule[]): Promise<number> {
    for (const table of candidateTables(desired, rules)) {
      const routes = await this.#kernel.routeList({ family: this.#family, table });
      if (routes.every(({ protocol }) => protocol === ROUTE_PROTOCOL)) return table;
    }
    throw new VRouterError('TUNNEL', 'others use all routing tables of routeTableRanges; allow more of them');
  }

  async #remove(): Promise<void> {
    const found = await this.#kernel.ruleList(this.#family);
    await this.#removeRules(
      found.filter((rule) => isOurRule(rule, undefined)),
      undefined,
    );
    this.#monitor?.stop();
    this.#monitor = undefined;
    this.#failing.clear();
    this.#delta.setAllDesired(new Map());
    this.#delta.setAllActual(new Map());
    this.#rule = undefined;
    this.#table = undefined;
    this.#known = true;
  }

  /** First the routes where a rule leads, if the table was ours, then the rule. The table `kept` stays as it is. */
  async #removeRules(rules: readonly Rule[], kept: number | undefined): Promise<void> {
    for (const rule of rules) {
      const { table, protocol } = rule;
      if (protocol === ROUTE_PROTOCOL && table !== kept) {
        const routes = await this.#kernel.routeList({ family: this.#family, table, protocol });
        await this.#apply(
          table,
          routes.map((route): RouteStep => [ROUTE_DELETE, route.destination, wayOf(route)]),
        );
      }
      try {
        await this.#kernel.ruleDelete(rule);
      } catch (error) {
        if (!isKernelError(error, 'ENOENT')) throw error;
      }
    }
  }

  async #watch(table: number): Promise<void> {
    this.#monitor?.stop();
    this.#monitor = await this.#kernel.monitor(
      (event) => {
        if (event.kind === 'resync') this.forget();
        else if (event.kind !== 'route' || event.route.family !== this.#family || event.route.table !== table) return;
        else if (event.route.protocol !== ROUTE_PROTOCOL) return;
        else {
          const way = event.change === 'new' ? wayOf(event.route) : undefined;
          this.#delta.setActual(event.route.destination, way);
        }
        if (!this.#known || this.#delta.pending) this.onPending();
      },
      { ignoreOwnRoutes: true, routeTables: [table] },
    );
  }

  async #write(): Promise<void> {
    const steps = routeSteps(this.#delta.take());
    const table = this.#table ?? 0;
    const refused = await this.#apply(table, steps);
    for (const [verb, cidr, way] of steps) {
      const reason = refused.get(`${verb} ${cidr}`);
      if (reason !== undefined) this.#refused(cidr, way, reason);
      else {
        this.#delta.setActual(cidr, verb === ROUTE_ADD ? way : undefined);
        if (verb === ROUTE_ADD || this.#delta.desired(cidr) === undefined) this.#failing.done(cidr);
      }
    }
  }

  #refused(cidr: string, way: Way, reason: string): void {
    const what = this.#routeText(cidr, way.kind === 'throw' ? 'throw' : 'tunnel');
    const attempts = this.#failing.failed(cidr, { what, reason }, () => {
      this.#delta.again(cidr);
      if (!this.#delta.pending) return this.#failing.done(cidr);
      this.forget();
      this.onPending();
    });
    if (attempts === 1) this.#log.warn({ route: what, reason }, 'the kernel refused a route; trying again later');
  }

  /** Sends them in one go; answers with why the kernel refused some, by verb and CIDR. */
  async #apply(table: number, steps: readonly RouteStep[]): Promise<ReadonlyMap<string, string>> {
    if (steps.length === 0) return new Map();
    const failures = await this.#kernel.applyRoutes(routeChanges(this.#family, table, steps));
    return new Map(failures.map(({ entry, reason }) => [`${steps[entry][0]} ${steps[entry][1]}`, reason]));
  }
}

/** What the rule and the choice of the table follow from. */
function sameOutline(a: DesiredWireguard | undefined, b: DesiredWireguard): boolean {
  return (
    a?.mark === b.mark && a.rulePriority === b.rulePriority && JSON.stringify(a.tables) === JSON.stringify(b.tables)
  );
}
