import { type Direction, type Policy, type PolicyId, policyIdText, type Rule } from '../form.ts';
import { matches, type Packet } from '../match.ts';
import type { EndpointDecision } from '../verdict.ts';
import type { World } from '../world.ts';
import { mismatch } from './mismatch.ts';

/** A rule that was looked at, and what became of it. */
export interface LookedAt {
  readonly rule: Rule;
  /** Why it did not decide; undefined for the one that did. */
  readonly because: string | undefined;
}

/** A policy that was asked on the way to a decision, or a profile. */
export interface Asked {
  /** Undefined for a profile. */
  readonly tier: string | undefined;
  readonly name: string;
  readonly rules: readonly LookedAt[];
}

/** All that was asked on the way to a decision, in order, rule by rule. */
export function explainDecision(world: World, packet: Packet, decision: EndpointDecision): readonly Asked[] {
  const { direction, endpoint: name, reason, passed } = decision;
  const endpoint = world.endpoints.find((one) => one.name === name);
  if (endpoint === undefined) return [];
  const policies = new Map(
    world.tiersOf(endpoint).flatMap(({ policies: all }) => all.map((one) => [policyIdText(one.id), one] as const)),
  );
  const ended = new Map<string, Rule>();
  const order = new Map<string, { readonly tier: string; readonly id: PolicyId }>();
  const note = (tier: string, id: PolicyId, rule: Rule | undefined): void => {
    const key = policyIdText(id);
    if (!order.has(key)) order.set(key, { tier, id });
    if (rule !== undefined) ended.set(key, rule);
  };
  for (const { tier, policy, rule, because } of passed) note(tier, policy, because === 'Pass' ? rule : undefined);
  if (reason.kind === 'rule') note(reason.tier, reason.policy, reason.rule);
  const asked = [...order].map(([key, { tier }]): Asked => {
    const rules = rulesOf(policies.get(key), direction);
    return { tier, name: key, rules: lookedAt(rules, ended.get(key), packet, world) };
  });
  if (reason.kind === 'rule' || reason.kind === 'end of tier' || reason.kind === 'no policy') return asked;
  return [...asked, ...profilesAsked(world, packet, endpoint.profiles, decision)];
}

function rulesOf(policy: Policy | undefined, direction: Direction): readonly Rule[] {
  return policy?.rules[direction] ?? [];
}

/** Up to the rule at which it ended, if it did. */
function lookedAt(rules: readonly Rule[], end: Rule | undefined, packet: Packet, world: World): readonly LookedAt[] {
  const last = end === undefined ? rules.length : rules.indexOf(end) + 1;
  return rules.slice(0, last).map((rule) => ({ rule, because: becauseOf(rule, rule === end, packet, world) }));
}

function becauseOf(rule: Rule, isEnd: boolean, packet: Packet, world: World): string | undefined {
  if (isEnd) return rule.action === 'Pass' ? 'it passes the rest of the tier' : undefined;
  return matches(rule.match, packet, world) ? 'it logs, and goes on' : mismatch(rule.match, packet, world);
}

function profilesAsked(
  world: World,
  packet: Packet,
  names: readonly string[],
  { direction, reason }: EndpointDecision,
): readonly Asked[] {
  const last = reason.kind === 'profile' || reason.kind === 'missing profile' ? names.indexOf(reason.profile) : -1;
  const end = reason.kind === 'profile' ? reason.rule : undefined;
  return (last < 0 ? names : names.slice(0, last + 1)).map((name) => ({
    tier: undefined,
    name: `Profile ${name}`,
    rules: lookedAt(
      (world.profile(name)?.rules[direction] ?? []).filter(({ action }) => action !== 'Log'),
      end,
      packet,
      world,
    ),
  }));
}
