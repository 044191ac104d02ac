import { type Clock, type Entries, type Family, KeyedDelta, type Log, reasonOf } from '../../base/index.ts';
import type { DesiredWireguard, DesiredWireguardRoute } from '../../calc/desired/index.ts';
import { formatRule, type Kernel, type Monitor, ROUTE_ADD, type RoutingRule } from '../../netlink/index.ts';
import type { FailedTunnel, TunnelEntry } from '../device/device.ts';
import { TunnelRefusals } from '../device/refusals.ts';
import { type Sysctls, settle } from '../endpoints/sysctls.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';
import { PolicyRule, type RuleKernel } from './policy-rule.ts';
import { type Way, wayOf, wayText, wayTo } from './render.ts';
import { applySteps, routeSteps } from './route-steps.ts';

export type PolicyKernel = RuleKernel & Pick<Kernel, 'monitor' | 'sysctl'>;

/**
 * `rp_filter` looks for the way back as the mark has it, which packets get that pass the tunnel by (`reverse-path.ts`,
 * `egress-in-clear.ts`). Without marks it means nothing.
 */
const LOOK_AT_MARK: Sysctls = [['net.ipv4.conf.all.src_valid_mark', '1']];

/**
 * One rule and one routing table of a family: which packets go through the WireGuard device, and which on to the
 * ordinary routes. The table is one that nobody else uses; the rule that leads there marks it as ours, so it comes
 * before the table's first route and goes after its last one.
 */
export class PolicyRouting {
  readonly #family: Family;
  readonly #kernel: PolicyKernel;
  readonly #log: Log;
  readonly #delta = new KeyedDelta<Way>(wayText);
  readonly #refusals: TunnelRefusals<Way>;
  /** The routes that the delta was told last, and the device that they led through. */
  #told: { readonly routes: Entries<DesiredWireguardRoute>; readonly dev: number } | undefined;
  #desired: DesiredWireguard | undefined;
  /** Whether rule and table are as they were left. */
  #known = false;
  readonly #rule: PolicyRule;
  /** Tells of changes that others make to the table's routes. */
  #monitor: Monitor | undefined;
  /** How many changes it has told of. */
  #heard = 0;
  /** Called when there may be something to do again. */
  onPending: () => void = () => {};

  constructor(family: Family, options: { kernel: PolicyKernel; clock: Clock; log: Log }) {
    this.#family = family;
    this.#kernel = options.kernel;
    this.#rule = new PolicyRule(family, options.kernel);
    this.#log = options.log;
    this.#refusals = new TunnelRefusals(options.clock, this.#delta, () => {
      this.forget();
      this.onPending();
    });
  }

  /** Takes traffic out of the tunnel that is to go outside, and lets none enter yet: before those behind it change. */
  async leave(desired: DesiredWireguard, dev: number): Promise<void> {
    if (!this.#known || !sameOutline(this.#desired, desired)) return;
    await this.#attempt(async () => {
      for (const [cidr, way] of this.#changes(desired, dev)) {
        this.#delta.setDesired(cidr, way?.kind === 'unicast' ? this.#delta.actual(cidr) : way);
      }
      await this.#write();
    });
  }

  /** Makes rule and table what is wanted, with routes through the device `dev`; nothing wanted: neither is left. */
  async bring(desired: DesiredWireguard | undefined, dev: number): Promise<void> {
    const before = this.#desired;
    this.#desired = desired;
    if (desired === undefined && this.#known && this.#rule.made === undefined) return;
    await this.#attempt(async () => {
      if (desired === undefined) await this.#remove();
      else {
        if (!this.#known || !sameOutline(before, desired)) await this.#establish(desired);
        for (const [cidr, way] of this.#changes(desired, dev)) this.#delta.setDesired(cidr, way);
        this.#told = { routes: desired.routes, dev };
        await this.#write();
      }
    });
  }

  /** Ways that may be others than those that were told last. */
  #changes({ routes }: DesiredWireguard, dev: number): readonly (readonly [cidr: string, way: Way | undefined])[] {
    const told = this.#told;
    const changed = routes.since(told?.routes);
    const isMoved = told !== undefined && told.dev !== dev;
    const all = isMoved ? [...changed.filter(([, now]) => now === undefined), ...routes] : changed;
    return all.map(([cidr, now]) => [cidr, now && wayTo(now, dev)] as const);
  }

  /** Rule and table are read again at the next look. */
  forget(): void {
    this.#known = false;
  }

  /** Hears from the kernel's monitor of a rule. */
  ruleChanged(rule: RoutingRule, present: boolean): void {
    if (!this.#rule.isNews(rule, present, this.#desired)) return;
    this.forget();
    this.onPending();
  }

  failures(): readonly FailedTunnel[] {
    return this.#refusals.details();
  }

  /** The rule and each route, as `ip rule` and `ip route` print them. */
  entries(): readonly TunnelEntry[] {
    const [rule, desired] = [this.#rule.made, this.#desired];
    if (desired === undefined) return [];
    const [failure] = this.#refusals.details();
    const first =
      rule === undefined
        ? { text: `${desired.rulePriority}: no rule`, present: false, why: failure?.reason ?? 'not made yet' }
        : { text: formatRule(rule), present: this.#known, why: `WireGuard for IPv${this.#family}` };
    const routes = desired.routes.map(({ cidr, mode, why }): TunnelEntry => {
      const text = this.#routeText(cidr, mode);
      const [wanted, actual] = [this.#delta.desired(cidr), this.#delta.actual(cidr)];
      const present =
        this.#known && actual !== undefined && wanted !== undefined && wayText(actual) === wayText(wanted);
      return { text, present, why: this.#refusals.reason(text) ?? why };
    });
    return [first, ...routes];
  }

  stop(): void {
    this.#monitor?.stop();
    this.#refusals.clear();
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#refusals.done('rule');
    } catch (error) {
      this.#known = false;
      const what = `policy routing of IPv${this.#family}`;
      const reason = reasonOf(error);
      if (this.#refusals.look('rule', what, reason)) {
        this.#log.warn({ what, err: reason }, 'policy routing is not as it should be');
      }
    }
  }

  #routeText(cidr: string, mode: 'tunnel' | 'throw'): string {
    const way = mode === 'throw' ? `throw ${cidr}` : `${cidr} dev ${this.#desired?.device}`;
    return `${way} table ${this.#rule.table ?? '(none)'} proto ${ROUTE_PROTOCOL}`;
  }

  /** Has the rule lead to the table, and reads what routes it has. */
  async #establish(desired: DesiredWireguard): Promise<void> {
    if (this.#family === 4) await settle(this.#kernel, LOOK_AT_MARK);
    const before = this.#rule.table;
    const table = await this.#rule.establish(desired);
    if (table !== before || this.#monitor === undefined) await this.#watch(table);
    const heard = this.#heard;
    const routes = await this.#kernel.routeList({ family: this.#family, table, protocol: ROUTE_PROTOCOL });
    this.#delta.setAllActual(new Map(routes.map((route) => [route.destination, wayOf(route)])));
    this.#known = true;
    this.#lookAgainAfter(heard);
  }

  /** A change that was told of while the table was read or written may be older or younger than what is known now. */
  #lookAgainAfter(heard: number): void {
    if (heard === this.#heard) return;
    this.forget();
    this.onPending();
  }

  async #remove(): Promise<void> {
    await this.#rule.remove();
    this.#monitor?.stop();
    this.#monitor = undefined;
    this.#refusals.clear();
    this.#delta.setAllDesired(new Map());
    this.#told = undefined;
    this.#delta.setAllActual(new Map());
    this.#known = true;
  }

  async #watch(table: number): Promise<void> {
    this.#monitor?.stop();
    this.#monitor = undefined;
    this.#monitor = await this.#kernel.monitor(
      (event) => {
        if (event.kind === 'resync') this.forget();
        else if (event.kind !== 'route' || event.route.family !== this.#family || event.route.table !== table) return;
        else if (event.route.protocol !== ROUTE_PROTOCOL) return;
        else {
          this.#heard++;
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
    const heard = this.#heard;
    const refused = await applySteps(this.#kernel, this.#family, this.#rule.table ?? 0, steps);
    for (const [verb, cidr, way] of steps) {
      const reason = refused.get(`${verb} ${cidr}`);
      if (reason !== undefined) this.#refused(cidr, way, reason);
      else {
        this.#delta.setActual(cidr, verb === ROUTE_ADD ? way : undefined);
        if (verb === ROUTE_ADD || this.#delta.desired(cidr) === undefined) this.#refusals.done(cidr);
      }
    }
    this.#lookAgainAfter(heard);
  }

  #refused(cidr: string, way: Way, reason: string): void {
    const what = this.#routeText(cidr, way.kind === 'throw' ? 'throw' : 'tunnel');
    if (this.#refusals.entry(cidr, what, reason))
      this.#log.warn({ route: what, reason }, 'the kernel refused a route; trying again later');
  }
}

/** Compares the inputs of the rule and of the choice of the table. */
function sameOutline(a: DesiredWireguard | undefined, b: DesiredWireguard): boolean {
  const outline = ({ mark, rulePriority, tables, hostEncryption }: DesiredWireguard): string =>
    JSON.stringify([mark, rulePriority, tables, hostEncryption]);
  return a !== undefined && outline(a) === outline(b);
}
