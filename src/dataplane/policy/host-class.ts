import type { PolicySettings } from '../../calc/desired/index.ts';
import type { HostAsk, HostClass } from '../../policy/index.ts';
import type { ReasonedRule } from '../filter/index.ts';
import { type Known, profileLines } from './class.ts';
import { dropChain } from './drop.ts';
import { failsafeChain } from './host-failsafe.ts';
import { hostClassChain, hostPolicyChain, hostProfileChain } from './names.ts';
import { type RenderedClass, renderTiers } from './tiers.ts';

/** The hook and the direction of a class, as its chains are called. */
export function askOf({ hook, direction }: HostClass): HostAsk {
  return `${hook} ${direction}` as HostAsk;
}

/**
 * What host endpoints of a class are asked. Failsafes come first where the host itself is at one end. Before the filter no
 * end of a tier drops, and in none but the normal hook are profiles asked.
 */
export function renderHostClass(
  key: string,
  one: HostClass,
  known: Known,
  { dropsInvalid }: Pick<PolicySettings, 'dropsInvalid'>,
): RenderedClass {
  const { hook, direction, tiers, profiles } = one;
  const ask = askOf(one);
  return renderTiers({
    head: hostClassChain(key),
    direction,
    tiers,
    policies: known.policies,
    chainOf: (policy) => hostPolicyChain(policy, ask),
    where: `host ${ask}`,
    endsDecide: hook === 'normal' || hook === 'forward',
    before: [
      ...(hook === 'normal' && dropsInvalid ? [INVALID] : []),
      ...(hook === 'forward' ? [] : [{ expression: `jump ${failsafeChain(ask)}`, why: 'ports that stay open' }]),
    ],
    after: (dropFor) => {
      if (hook === 'forward') return [undecided(direction === 'ingress' ? 'goto egress-ok' : 'accept')];
      if (hook !== 'normal') return [];
      const why = `host ${ask} no profile allows it`;
      return [
        ...profileLines(profiles, direction, known.profiles, (profile) => hostProfileChain(profile, ask)),
        { expression: dropFor(why), why: 'no profile allows it' },
      ];
    },
  });
}

const INVALID: ReasonedRule = {
  expression: `ct state invalid goto ${dropChain('invalid packet')[0].name}`,
  why: 'it belongs to no connection',
};

function undecided(expression: string): ReasonedRule {
  return { expression, why: 'nothing is closed to what passes through and nobody decides' };
}
