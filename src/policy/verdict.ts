import type { Direction, Endpoint, Policy, PolicyId, Rule } from './form.ts';
import { matches, type Packet } from './match.ts';
import type { World } from './world.ts';

/**
 * The verdict: what policy says of a packet, and why. Everything that explains, tests or checks policy comes from here.
 */

/** The part that decided. */
export type Reason =
  | { readonly kind: 'rule'; readonly tier: string; readonly policy: PolicyId; readonly rule: Rule }
  /** Policies of the tier are about the endpoint and none decided; the one named is the last of them. */
  | { readonly kind: 'end of tier'; readonly tier: string; readonly policy: PolicyId }
  | { readonly kind: 'profile'; readonly profile: string; readonly rule: Rule }
  | { readonly kind: 'missing profile'; readonly profile: string }
  /** No rule of no profile let it through. */
  | { readonly kind: 'end of profiles' }
  /** The end is no endpoint, or no policy is asked there. */
  | { readonly kind: 'no policy' };

/** A rule or a tier on the way that did not decide. */
export interface Passed {
  readonly tier: string;
  readonly policy: PolicyId;
  /** Undefined: no rule of the policy matched. */
  readonly rule?: Rule | undefined;
  /** Why it went on. */
  readonly because: 'no rule matched' | 'Log' | 'Pass' | 'the tier passes what it does not decide';
}

/** The decision of one endpoint's policy in one direction. */
export interface EndpointDecision {
  readonly allowed: boolean;
  readonly direction: Direction;
  /** Undefined: the address belongs to no endpoint. */
  readonly endpoint: string | undefined;
  readonly reason: Reason;
  readonly passed: readonly Passed[];
}

/** Both ends must allow: the egress policy of the source, where it lives, and the ingress policy of the destination. */
export interface Verdict {
  readonly allowed: boolean;
  readonly egress: EndpointDecision;
  readonly ingress: EndpointDecision;
}

/** Judges the first packet of a connection between pods, or between a pod and an address outside. */
export function judge(world: World, packet: Packet): Verdict {
  const egress = decideFor(world, packet, 'egress', world.podAt(packet.source));
  const ingress = decideFor(world, packet, 'ingress', world.podAt(packet.destination));
  return { allowed: egress.allowed && ingress.allowed, egress, ingress };
}

export function decideFor(
  world: World,
  packet: Packet,
  direction: Direction,
  endpoint: Endpoint | undefined,
): EndpointDecision {
  if (endpoint === undefined) {
    return { allowed: true, direction, endpoint: undefined, reason: { kind: 'no policy' }, passed: [] };
  }
  const tracked = (policy: Policy): boolean => policy.hook === 'normal' || policy.hook === 'forward';
  const found = decideByTiers(world, packet, direction, endpoint, tracked);
  return found.decision ?? decideByProfiles(world, packet, direction, endpoint, found.passed);
}

/** The outcome of the tiers: a decision, or how the packet went through all of them. */
interface TierWalk {
  readonly decision: EndpointDecision | undefined;
  readonly passed: readonly Passed[];
  /** Whether any policy was asked at all. */
  readonly asked: boolean;
}

/**
 * Walks the tiers. One takes part if at least one of the endpoint's policies that `counts` is about the direction;
 * `endsDecide` false leaves out what a tier says at its end, as before connection tracking and before DNAT.
 */
export function decideByTiers(
  world: World,
  packet: Packet,
  direction: Direction,
  endpoint: Endpoint,
  counts: (policy: Policy) => boolean,
  endsDecide = true,
): TierWalk {
  const passed: Passed[] = [];
  let asked = false;
  const decided = (allowed: boolean, reason: Reason): TierWalk => ({
    decision: { allowed, direction, endpoint: endpoint.name, reason, passed },
    passed,
    asked: true,
  });
  for (const { tier, policies } of world.tiersOf(endpoint)) {
    const about = policies.filter((policy) => counts(policy) && policy.rules[direction] !== undefined);
    if (about.length === 0) continue;
    asked = true;
    const rule = firstDeciding(world, packet, direction, tier.name, about, passed);
    if (rule !== undefined && rule.rule.action !== 'Pass') {
      return decided(rule.rule.action === 'Allow', { kind: 'rule', tier: tier.name, ...rule });
    }
    if (rule !== undefined || !endsDecide) continue;
    const policy = about.at(-1)!.id;
    if (tier.defaultAction === 'Deny') return decided(false, { kind: 'end of tier', tier: tier.name, policy });
    passed.push({ tier: tier.name, policy, because: 'the tier passes what it does not decide' });
  }
  return { decision: undefined, passed, asked };
}

/** The first rule that matches and ends the tier; what did not is added to `passed`. */
function firstDeciding(
  world: World,
  packet: Packet,
  direction: Direction,
  tier: string,
  policies: readonly Policy[],
  passed: Passed[],
): { readonly policy: PolicyId; readonly rule: Rule } | undefined {
  for (const { id, rules } of policies) {
    let logged = false;
    for (const rule of rules[direction] ?? []) {
      if (!matches(rule.match, packet, world)) continue;
      if (rule.action === 'Log') {
        logged = true;
        passed.push({ tier, policy: id, rule, because: 'Log' });
        continue;
      }
      if (rule.action === 'Pass') passed.push({ tier, policy: id, rule, because: 'Pass' });
      return { policy: id, rule };
    }
    if (!logged) passed.push({ tier, policy: id, because: 'no rule matched' });
  }
  return undefined;
}

export function decideByProfiles(
  world: World,
  packet: Packet,
  direction: Direction,
  endpoint: Endpoint,
  passed: readonly Passed[],
): EndpointDecision {
  const decision = (allowed: boolean, reason: Reason): EndpointDecision => ({
    allowed,
    direction,
    endpoint: endpoint.name,
    reason,
    passed,
  });
  for (const name of endpoint.profiles) {
    const profile = world.profile(name);
    if (profile === undefined) return decision(false, { kind: 'missing profile', profile: name });
    const rule = profile.rules[direction].find((one) => one.action !== 'Log' && matches(one.match, packet, world));
    if (rule !== undefined) return decision(rule.action === 'Allow', { kind: 'profile', profile: name, rule });
  }
  return decision(false, { kind: 'end of profiles' });
}
