import type { Family } from '../../base/index.ts';
import { type Direction, type HostAsk, type Policy, type Profile, policyIdText } from '../../policy/index.ts';
import type { Contents } from '../filter/index.ts';
import { ACCEPT_MARK, setMark } from './mark.ts';
import type { Sets } from './match.ts';
import { hostPolicyChain, hostProfileChain } from './names.ts';
import { rulesIn } from './rules.ts';

/** How a packet goes on that a policy of a host endpoint allowed. */
const ALLOWED: Readonly<Record<HostAsk, string>> = {
  'untracked ingress': `notrack ${setMark(ACCEPT_MARK)} accept`,
  'untracked egress': `notrack ${setMark(ACCEPT_MARK)} accept`,
  'pre-dnat ingress': `${setMark(ACCEPT_MARK)} accept`,
  'normal ingress': 'accept',
  'normal egress': 'accept',
  'forward ingress': 'goto egress-ok',
  'forward egress': 'accept',
};

/** One policy as one hook asks it, for all classes of host endpoints that do. */
export function renderHostPolicy(policy: Policy, ask: HostAsk, family: Family, sets: Sets): Contents {
  const rules = policy.rules[directionOf(ask)] ?? [];
  return rulesIn(hostPolicyChain(policy, ask), rules, family, sets, {
    owner: policyIdText(policy.id),
    where: `host ${ask}`,
    allowed: ALLOWED[ask],
  });
}

export function renderHostProfile(profile: Profile, ask: HostAsk, family: Family, sets: Sets): Contents {
  const rules = profile.rules[directionOf(ask)].filter(({ action }) => action !== 'Pass');
  return rulesIn(hostProfileChain(profile, ask), rules, family, sets, {
    owner: `profile ${profile.name}`,
    where: `host ${ask}`,
    allowed: ALLOWED[ask],
  });
}

function directionOf(ask: HostAsk): Direction {
  return ask.endsWith('ingress') ? 'ingress' : 'egress';
}
