import type { Filter, FilterRule } from '../api.ts';
import { compileMatch } from './match.ts';
import type { RouteView } from './route-view.ts';

/** The decision of a filter, and the rule behind it: `rule` is its index, or -1 for the default. */
export interface FilterVerdict {
  readonly accept: boolean;
  readonly rule: number;
  readonly reason: string;
  readonly set: FilterRule['set'];
  /** It was rejected by a rule that guards. */
  readonly guarded: boolean;
}

/**
 * A `Filter` made ready: each rule is a list of tests, and every verdict that it can give, reason included, exists
 * once from the start, so that evaluating allocates nothing.
 */
export class CompiledFilter {
  readonly name: string;
  /** Whether some rule asks by which interface a route leads, so that verdicts change with the way to next hops. */
  readonly asksInterface: boolean;
  /** Whether some rule asks for the origin's validity. */
  readonly asksOrigin: boolean;
  readonly #rules: readonly { readonly matches: (route: RouteView) => boolean; readonly verdict: FilterVerdict }[];
  readonly #default: FilterVerdict;

  /**
   * `peerType` is that of the peer which the filter serves. Wrong texts in rules throw `ParseError` naming the place.
   */
  constructor(filter: Filter, peerType: 'ebgp' | 'ibgp') {
    this.name = filter.name;
    this.asksInterface = filter.rules.some(({ match }) => match.interface !== undefined);
    this.asksOrigin = filter.rules.some(({ match }) => match.originValidity !== undefined);
    this.#rules = filter.rules.map((rule, index) => ({
      matches: compileMatch(rule.match, peerType, `filter ${filter.name}: rules[${index}].match`),
      verdict: Object.freeze({
        accept: rule.action === 'accept',
        rule: index,
        reason: `filter ${filter.name}: ${rule.name ? `rule '${rule.name}'` : `rule ${index + 1}`} says ${rule.action}`,
        set: rule.set,
        guarded: rule.guards === true && rule.action === 'reject',
      }),
    }));
    this.#default = Object.freeze({
      accept: filter.default === 'accept',
      rule: -1,
      reason: `filter ${filter.name}: no rule matches, the default is ${filter.default}`,
      set: undefined,
      guarded: false,
    });
  }

  evaluate(route: RouteView): FilterVerdict {
    for (const { matches, verdict } of this.#rules) if (matches(route)) return verdict;
    return this.#default;
  }
}
