import { type Family, VRouterError } from '../../base/index.ts';
import type { DesiredWireguard } from '../../calc/desired/index.ts';
import { isKernelError, type Kernel, ROUTE_DELETE, type RoutingRule } from '../../netlink/index.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';
import { candidateTables, isOurRule, policyRule, sameRule, wayOf } from './render.ts';
import { applySteps, type RouteStep } from './route-steps.ts';

export type RuleKernel = Pick<Kernel, 'ruleList' | 'ruleAdd' | 'ruleDelete' | 'routeList' | 'applyRoutes'>;

/** A family's rule that leads to WireGuard's table, and which table that is: by the rule both are known again after a crash. */
export class PolicyRule {
  readonly #family: Family;
  readonly #kernel: RuleKernel;
  #made: RoutingRule | undefined;

  constructor(family: Family, kernel: RuleKernel) {
    this.#family = family;
    this.#kernel = kernel;
  }

  /** The rule as it was last made. */
  get made(): RoutingRule | undefined {
    return this.#made;
  }

  get table(): number | undefined {
    return this.#made?.table;
  }

  /** Whether the kernel's monitor tells of something that has to be put right. */
  isNews(rule: RoutingRule, present: boolean, desired: DesiredWireguard | undefined): boolean {
    const ours = this.#made !== undefined && sameRule(rule, this.#made);
    return rule.family === this.#family && ours !== present && (ours || isOurRule(rule, desired));
  }

  /** Finds a table and has the rule, and no other of ours, lead there; resolves to the table. */
  async establish(desired: DesiredWireguard): Promise<number> {
    const found = await this.#kernel.ruleList(this.#family);
    const table = await this.#choose(desired, found);
    const wanted = policyRule(desired, table);
    if (!found.some((rule) => sameRule(rule, wanted))) await this.#kernel.ruleAdd(wanted);
    await this.#removeRules(
      found.filter((rule) => isOurRule(rule, desired) && !sameRule(rule, wanted)),
      table,
    );
    this.#made = wanted;
    return table;
  }

  /** Takes away every rule of ours, and the routes where they lead. */
  async remove(): Promise<void> {
    const found = await this.#kernel.ruleList(this.#family);
    await this.#removeRules(
      found.filter((rule) => isOurRule(rule, undefined)),
      undefined,
    );
    this.#made = undefined;
  }

  /** The first table that has no routes of others. */
  async #choose(desired: DesiredWireguard, rules: readonly RoutingRule[]): Promise<number> {
    for (const table of candidateTables(desired, rules)) {
      const routes = await this.#kernel.routeList({ family: this.#family, table });
      if (routes.every(({ protocol }) => protocol === ROUTE_PROTOCOL)) return table;
    }
    throw new VRouterError('TUNNEL', 'others use all routing tables of routeTableRanges; allow more of them');
  }

  /** First the routes where a rule leads, if the table was ours, then the rule. The table `kept` stays as it is. */
  async #removeRules(rules: readonly RoutingRule[], kept: number | undefined): Promise<void> {
    for (const rule of rules) {
      const { table, protocol } = rule;
      if (protocol === ROUTE_PROTOCOL && table !== kept) {
        const routes = await this.#kernel.routeList({ family: this.#family, table, protocol });
        const steps = routes.map((route): RouteStep => [ROUTE_DELETE, route.destination, wayOf(route)]);
        await applySteps(this.#kernel, this.#family, table, steps);
      }
      try {
        await this.#kernel.ruleDelete(rule);
      } catch (error) {
        if (!isKernelError(error, 'ENOENT')) throw error;
      }
    }
  }
}
