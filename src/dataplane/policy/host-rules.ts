import type { Family } from '../../base/index.ts';
import type { PolicyMarks } from '../../calc/desired/index.ts';
import type { Direction, Policy, Profile } from '../../policy/index.ts';
import type { Contents } from '../filter/index.ts';
import { denialAt, type HostPlace } from './host-place.ts';
import { setMark } from './mark.ts';
import { hostPolicyChain, hostProfileChain } from './names.ts';
import { closed, rulesIn, type WrittenBy } from './rules.ts';

/** One policy as one place asks it, for all classes of host endpoints that do. */
export function renderHostPolicy(policy: Policy, place: HostPlace, family: Family, by: WrittenBy): Contents {
  const rules = policy.rules[directionOf(place)] ?? [];
  return rulesIn(hostPolicyChain(policy, place), rules, family, by, {
    of: policy,
    where: `host ${place}`,
    allowed: allowedAt(place, by.settings.marks),
    denial: denialAt(place, by.settings),
  });
}

export function renderHostProfile(profile: Profile, place: HostPlace, family: Family, by: WrittenBy): Contents {
  return rulesIn(hostProfileChain(profile, place), closed(profile.rules[directionOf(place)]), family, by, {
    of: profile,
    where: `host ${place}`,
    allowed: allowedAt(place, by.settings.marks),
    denial: denialAt(place, by.settings),
  });
}

/** How a packet goes on that a policy of a host endpoint allowed. */
function allowedAt(place: HostPlace, { accept }: PolicyMarks): string {
  switch (place) {
    case 'untracked ingress':
    case 'untracked egress':
      return `notrack ${setMark(accept)} accept`;
    case 'pre-dnat ingress':
      return `${setMark(accept)} accept`;
    case 'forward ingress':
      return 'goto egress-ok';
    case 'normal ingress':
    case 'normal egress':
    case 'translated egress':
    case 'forward egress':
      return 'accept';
  }
}

function directionOf(place: HostPlace): Direction {
  return place.endsWith('ingress') ? 'ingress' : 'egress';
}
