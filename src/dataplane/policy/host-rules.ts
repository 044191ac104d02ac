import type { Family } from '../../base/index.ts';
import type { Direction, HostAsk, Policy, Profile } from '../../policy/index.ts';
import type { Contents } from '../filter/index.ts';
import { ACCEPT_MARK, setMark } from './mark.ts';
import { hostPolicyChain, hostProfileChain } from './names.ts';
import { rulesIn, type WrittenBy } from './rules.ts';

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
export function renderHostPolicy(policy: Policy, ask: HostAsk, family: Family, by: WrittenBy): Contents {
  const rules = policy.rules[directionOf(ask)] ?? [];
  return rulesIn(hostPolicyChain(policy, ask), rules, family, by, {
    of: policy,
    where: `host ${ask}`,
    allowed: ALLOWED[ask],
  });
}

export function renderHostProfile(profile: Profile, ask: HostAsk, family: Family, by: WrittenBy): Contents {
  const rules = profile.rules[directionOf(ask)].filter(({ action }) => action !== 'Pass');
  return rulesIn(hostProfileChain(profile, ask), rules, family, by, {
    of: profile,
    where: `host ${ask}`,
    allowed: ALLOWED[ask],
  });
}

function directionOf(ask: HostAsk): Direction {
  return ask.endsWith('ingress') ? 'ingress' : 'egress';
}
