import type { Family } from '../../base/index.ts';
import { evaluate, formatSelector, type Selector } from '../../model/index.ts';
import { type Direction, type Endpoint, type Match, policyIdText, type Rule, type Side } from '../form.ts';
import type { World } from '../world.ts';
import { covers } from './covers.ts';

/** The policies that an endpoint is asked in one direction, in order. */
export interface EffectivePolicies {
  readonly direction: Direction;
  readonly tiers: readonly EffectiveTier[];
  /** Asked when no tier decides; empty where the last tier denies what it does not decide. */
  readonly profiles: readonly EffectivePolicy[];
}

export interface EffectiveTier {
  readonly tier: string;
  readonly order: number;
  readonly defaultAction: 'Deny' | 'Pass';
  readonly policies: readonly EffectivePolicy[];
}

export interface EffectivePolicy {
  readonly name: string;
  readonly order: number | undefined;
  readonly rules: readonly EffectiveRule[];
}

export interface EffectiveRule {
  readonly rule: Rule;
  /** The rule before it that takes all that it would match. */
  readonly shadowedBy?: string | undefined;
  /** Why it matches nothing now. */
  readonly dead?: string | undefined;
}

/** A rule that ends the tier, or all, for what it matches. */
interface Ending {
  readonly match: Match;
  readonly words: string;
  /** Undefined: it ends all, not just its tier. */
  readonly tier: string | undefined;
}

/** The tiers, policies and rules that an endpoint is asked, with those marked that can decide nothing. */
export function effectivePolicies(world: World, endpoint: Endpoint, direction: Direction): EffectivePolicies {
  const endings: Ending[] = [];
  const families = new Set(endpoint.addresses.map(({ family }) => family));
  const looked = (rules: readonly Rule[], owner: string, tier: string | undefined): readonly EffectiveRule[] =>
    rules.map((rule) => {
      const before = endings.find((one) => (one.tier ?? tier) === tier && covers(one.match, rule.match));
      const { action, match } = rule;
      if (action !== 'Log') {
        const words = `${action} rule ${rule.name ?? rule.index} of ${owner}`;
        // Packets that an earlier rule passes don't come here, but go on to the next tiers.
        const isAll = action !== 'Pass' && !endings.some((one) => one.tier !== undefined && one.tier === tier);
        endings.push({ match, words, tier: isAll ? undefined : tier });
      }
      return { rule, shadowedBy: before?.words, dead: whyDead(match, families, world) };
    });
  let isOver = false;
  const tiers = world.tiersOf(endpoint).flatMap(({ tier, policies }): EffectiveTier[] => {
    const about = policies.filter(({ hook, rules }) => isAsked(hook) && rules[direction] !== undefined);
    if (about.length === 0) return [];
    const asked = about.map(({ id, order, rules }) => {
      const name = policyIdText(id);
      return { name, order, rules: looked(rules[direction] ?? [], name, tier.name) };
    });
    const passes = about.some(({ rules }) => (rules[direction] ?? []).some(({ action }) => action === 'Pass'));
    if (tier.defaultAction === 'Deny' && !passes) {
      isOver = true;
      endings.push({ match: { source: {}, destination: {} }, words: `the end of tier ${tier.name}`, tier: undefined });
    }
    return [{ tier: tier.name, order: tier.order, defaultAction: tier.defaultAction, policies: asked }];
  });
  const profiles = (isOver ? [] : endpoint.profiles).map((name): EffectivePolicy => {
    const rules = world.profile(name)?.rules[direction] ?? [];
    return { name, order: undefined, rules: looked(rules, `Profile ${name}`, undefined) };
  });
  return { direction, tiers, profiles };
}

function isAsked(hook: string): boolean {
  return hook === 'normal' || hook === 'forward';
}

/** Why no packet can match now; undefined where one may. */
function whyDead(match: Match, families: ReadonlySet<Family>, world: World): string | undefined {
  const left = ([4, 6] as const).filter((family) => families.has(family) && isAbout(match, family));
  if (families.size > 0 && left.length === 0) return 'it is about another IP version than the addresses here';
  return sideDead(match.source, 'source', world) ?? sideDead(match.destination, 'destination', world);
}

const ICMP: Readonly<Record<number, Family>> = { 1: 4, 58: 6 };

function isAbout({ ipVersion, protocol = -1, source, destination }: Match, family: Family): boolean {
  if (ipVersion !== undefined && ipVersion !== family) return false;
  if ((ICMP[protocol] ?? family) !== family) return false;
  return [source, destination].every(({ nets = [], notNets = [] }) =>
    [nets, notNets].every((list) => list.length === 0 || list.some((net) => net.family === family)),
  );
}

function sideDead({ selector, nodes, service, ports }: Side, word: string, world: World): string | undefined {
  if (selector !== undefined && !isAnybody(selector, world))
    return `${word}: nobody matches ${formatSelector(selector)}`;
  if (nodes !== undefined && !world.nodes.some(({ labels }) => evaluate(nodes, labels))) {
    return `${word}: no node matches ${formatSelector(nodes)}`;
  }
  if (service !== undefined && world.backendsOf(service.namespace, service.name).length === 0) {
    return `${word}: nobody serves ${service.namespace}/${service.name}`;
  }
  if (ports === undefined) return undefined;
  const isNever = ports.ranges.every(([, last]) => last === 0);
  if (!isNever) return undefined;
  if (ports.names.length === 0) return `${word}: port 0 is never used`;
  const has = world.endpoints.some((endpoint) => endpoint.ports.some(({ name }) => ports.names.includes(name)));
  return has ? undefined : `${word}: nobody has a port called ${ports.names.join(' or ')}`;
}

function isAnybody(selector: Selector, world: World): boolean {
  return (
    world.endpoints.some((endpoint) => endpoint.addresses.length > 0 && evaluate(selector, world.labelsOf(endpoint))) ||
    world.networkSets.some((set) => set.nets.length > 0 && evaluate(selector, world.labelsOf(set)))
  );
}
