import type { EndpointClass, Policy, Profile } from '../../policy/index.ts';
import { isBound } from './bound.ts';
import { canPass } from './passing.ts';

/** What the chain of a class is made from, beside the class: it is made anew where one of these is another. */

const DIRECTIONS = ['ingress', 'egress'] as const;

/** Its policies and profiles, as `policy …` and `profile …`. */
export function askedBy({ tiers, profiles }: EndpointClass): readonly string[] {
  const policies = tiers.flatMap((tier) => tier.policies);
  return [...policies.map((key) => `policy ${key}`), ...profiles.map((name) => `profile ${name}`)];
}

/** Everything that classes depend on in a policy, as a text that is the same while that is. */
export function shape(policy: Policy): string {
  return DIRECTIONS.map((direction) => [canPass(policy, direction), isBound(policy, direction)]).join();
}

/** The same of a profile. */
export function filled({ rules }: Profile): string {
  return DIRECTIONS.map((direction) => rules[direction].length > 0).join();
}
