import type { Family } from '../../base/index.ts';
import { type Direction, type Policy, type Profile, policyIdText, type Rule } from '../../policy/index.ts';
import type { Contents } from '../filter/index.ts';
import { dropChain, type NamedChain } from './drop.ts';
import { hex, PASS_MARK } from './mark.ts';
import { matchAlternatives, type Sets } from './match.ts';
import { policyChain, profileChain } from './names.ts';

/** How a packet goes on that one half allowed. */
const ALLOWED: Readonly<Record<Direction, string>> = { egress: 'goto egress-ok', ingress: 'accept' };

/** One policy in one direction: a chain, for all classes that ask it, and the chains of its drops. */
export function renderPolicy(policy: Policy, direction: Direction, family: Family, sets: Sets): Contents {
  const name = policyIdText(policy.id);
  return rulesIn(policyChain(policy, direction), policy.rules[direction] ?? [], direction, family, sets, name);
}

export function renderProfile(profile: Profile, direction: Direction, family: Family, sets: Sets): Contents {
  const rules = profile.rules[direction].filter(({ action }) => action !== 'Pass');
  return rulesIn(profileChain(profile, direction), rules, direction, family, sets, `profile ${profile.name}`);
}

/** What holds for it while the kernel refuses its rules: nothing is let through. */
export function renderRefused(chain: string, owner: string): Contents {
  const drop = dropChain(`${owner} is refused by the kernel`);
  return { chains: [drop, [{ name: chain }, [{ expression: `goto ${drop[0].name}`, why: `${owner} is refused` }]]] };
}

function rulesIn(
  chain: string,
  rules: readonly Rule[],
  direction: Direction,
  family: Family,
  sets: Sets,
  owner: string,
): Contents {
  const drops = new Map<string, NamedChain>();
  const lines = rules.flatMap((rule) => {
    const why = `${rule.action} rule ${rule.name ?? rule.index} of ${owner}`;
    let verdict: string;
    if (rule.action === 'Deny') {
      const drop = dropChain(`${direction} of ${why}`);
      drops.set(drop[0].name, drop);
      verdict = `goto ${drop[0].name}`;
    } else verdict = verdictOf(rule.action, direction);
    return matchAlternatives(rule.match, family, sets).map((match) => ({
      expression: match === '' ? verdict : `${match} ${verdict}`,
      why,
    }));
  });
  return { chains: [...drops.values(), [{ name: chain }, lines]] };
}

function verdictOf(action: 'Allow' | 'Log' | 'Pass', direction: Direction): string {
  if (action === 'Allow') return ALLOWED[direction];
  if (action === 'Pass') return `meta mark set meta mark or ${hex(PASS_MARK)} return`;
  return 'limit rate 10/second burst 5 packets log prefix "calico-packet: " level info';
}
