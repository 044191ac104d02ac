import type { PolicySettings } from '../../calc/desired/index.ts';
import type { HostAsk, HostClass } from '../../policy/index.ts';
import type { ReasonedRule } from '../filter/index.ts';
import { type KnownPolicies, profileLines } from './class.ts';
import { INVALID } from './denial.ts';
import { dropName } from './drop.ts';
import { failsafeChain } from './host-failsafe.ts';
import type { HostPlace } from './host-place.ts';
import { hostClassChain, hostPolicyChain, hostProfileChain, translatedClassChain } from './names.ts';
import { type RenderedClass, renderTiers } from './tiers.ts';

/** The hook and the direction of a class, as its chains are called. */
export function askOf({ hook, direction }: HostClass): HostAsk {
  return `${hook} ${direction}` as HostAsk;
}

/**
 * Renders the chain of a class of host endpoints in one place. Failsafes come first where the host itself is at one
 * end. Before the filter no end of a tier drops, and in none but the normal hook are profiles asked.
 */
export function renderHostClass(
  key: string,
  one: HostClass,
  place: HostPlace,
  known: KnownPolicies,
  { dropsInvalid, marks }: Pick<PolicySettings, 'dropsInvalid' | 'marks'>,
): RenderedClass {
  const { hook, direction, tiers, profiles } = one;
  return renderTiers({
    head: place === 'translated egress' ? translatedClassChain(key) : hostClassChain(key),
    direction,
    tiers,
    policies: known.policies,
    chainOf: (policy) => hostPolicyChain(policy, place),
    where: `host ${place}`,
    endsDecide: hook === 'normal' || hook === 'forward',
    passMark: marks.pass,
    before: (dropFor) => [
      ...(hook === 'normal' && dropsInvalid
        ? [{ expression: `ct state invalid ${invalidAt(place, dropFor)}`, why: 'it belongs to no connection' }]
        : []),
      ...(hook === 'forward' ? [] : [{ expression: `jump ${failsafeChain(place)}`, why: 'ports that stay open' }]),
    ],
    after: (dropFor) => {
      if (hook === 'forward') return [undecided(direction === 'ingress' ? 'goto egress-ok' : 'accept')];
      if (hook !== 'normal') return [];
      const why = `host ${place} no profile allows it`;
      return [
        ...profileLines(profiles, direction, known.profiles, (profile) => hostProfileChain(profile, place)),
        { expression: dropFor(why), why: 'no profile allows it' },
      ];
    },
  });
}

/** The drop of the filter's hooks is there in any case. */
function invalidAt(place: HostPlace, dropFor: (why: string) => string): string {
  return place === 'translated egress' ? dropFor(`translated ${INVALID}`) : `goto ${dropName(INVALID)}`;
}

function undecided(expression: string): ReasonedRule {
  return { expression, why: 'nothing is closed to what passes through and nobody decides' };
}
