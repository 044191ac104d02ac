import type { PolicySettings } from '../../calc/desired/index.ts';
import type { Direction, EndpointClass, Policy, Profile } from '../../policy/index.ts';
import type { ReasonedRule } from '../filter/index.ts';
import { isBound } from './bound.ts';
import { classChain, policyChain, profileChain } from './names.ts';
import type { Stretches } from './stretch.ts';
import { type RenderedClass, renderTiers } from './tiers.ts';

/** Policies and profiles by their keys. */
export interface KnownPolicies {
  readonly policies: { get(key: string): Policy | undefined };
  readonly profiles: { get(name: string): Profile | undefined };
}

/** Renders the chain of a class of endpoints: tier after tier, then their profiles. */
export function renderClass(
  key: string,
  { direction, tiers, profiles }: EndpointClass,
  { policies, profiles: known }: KnownPolicies,
  { marks }: Pick<PolicySettings, 'marks'>,
  sizes: Stretches,
): RenderedClass {
  return renderTiers({
    head: classChain(key),
    direction,
    tiers,
    policies,
    chainOf: (policy) => policyChain(policy, direction),
    where: direction,
    endsDecide: true,
    passMark: marks.pass,
    gates: { sizes, isBound: (policy) => isBound(policy, direction) },
    after: (dropFor) => [
      ...profileLines(profiles, direction, known, (profile) => profileChain(profile, direction)),
      { expression: dropFor(`${direction} no profile allows it`), why: 'no profile allows it' },
    ],
  });
}

/** The profiles of an endpoint in their order. Behind one that is not there nothing is asked. */
export function profileLines(
  names: readonly string[],
  direction: Direction,
  known: KnownPolicies['profiles'],
  chainOf: (profile: Profile) => string,
): readonly ReasonedRule[] {
  const lines: ReasonedRule[] = [];
  for (const name of names) {
    const profile = known.get(name);
    if (profile === undefined) break;
    if (profile.rules[direction].length === 0) continue;
    lines.push({ expression: `jump ${chainOf(profile)}`, why: `profile ${name}` });
  }
  return lines;
}
