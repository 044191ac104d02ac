import type { Family } from '../../base/index.ts';
import type { PolicySettings } from '../../calc/desired/index.ts';
import { type Direction, type Policy, type Profile, policyIdText, type Rule } from '../../policy/index.ts';
import type { Contents } from '../filter/index.ts';
import { type Denial, denialOf } from './denial.ts';
import { dropChain, type NamedChain } from './drop.ts';
import { logStatement } from './log.ts';
import { setMark } from './mark.ts';
import { matchAlternatives, type Sets } from './match.ts';
import { policyChain, profileChain } from './names.ts';

/** How a packet goes on that one half allowed. */
const ALLOWED: Readonly<Record<Direction, string>> = { egress: 'goto egress-ok', ingress: 'accept' };

/** One policy in one direction: a chain, for all classes that ask it, and the chains of its drops. */
export function renderPolicy(policy: Policy, direction: Direction, family: Family, by: WrittenBy): Contents {
  return rulesIn(policyChain(policy, direction), policy.rules[direction] ?? [], family, by, {
    of: policy,
    where: direction,
    allowed: ALLOWED[direction],
    denial: denialOf(by.settings),
  });
}

export function renderProfile(profile: Profile, direction: Direction, family: Family, by: WrittenBy): Contents {
  return rulesIn(profileChain(profile, direction), closed(profile.rules[direction]), family, by, {
    of: profile,
    where: direction,
    allowed: ALLOWED[direction],
    denial: denialOf(by.settings),
  });
}

/** The rules of a profile: behind it comes nothing that a Pass could lead to, so the packet is let through by nobody. */
export function closed(rules: readonly Rule[]): readonly Rule[] {
  return rules.map((rule) => (rule.action === 'Pass' ? { ...rule, action: 'Deny' } : rule));
}

/** Renders the chain that holds while the kernel refuses the owner's rules: nothing is let through. */
export function renderRefused(chain: string, owner: string): Contents {
  const drop = dropChain(`${owner} is refused by the kernel`, 'drop');
  return { chains: [drop, [{ name: chain }, [{ expression: `goto ${drop[0].name}`, why: `${owner} is refused` }]]] };
}

/** The settings by which rules of every owner are written. */
export interface WrittenBy {
  readonly sets: Sets;
  readonly settings: PolicySettings;
}

/**
 * Whose rules they are, where they are asked, the statement by which an allowed packet goes on, and what a denied one
 * meets.
 */
export interface RulesOf {
  readonly of: Policy | Profile;
  readonly where: string;
  readonly allowed: string;
  readonly denial: Denial;
}

export function rulesIn(
  chain: string,
  rules: readonly Rule[],
  family: Family,
  { sets, settings }: WrittenBy,
  { of, where, allowed, denial }: RulesOf,
): Contents {
  const owner = 'id' in of ? policyIdText(of.id) : `profile ${of.name}`;
  const drops = new Map<string, NamedChain>();
  const lines = rules.flatMap((rule) => {
    const why = `${rule.action} rule ${rule.name ?? rule.index} of ${owner}`;
    let verdict: string;
    if (rule.action === 'Deny') {
      const drop = dropChain(`${where} of ${why}`, denial);
      drops.set(drop[0].name, drop);
      verdict = `goto ${drop[0].name}`;
    } else {
      const count = settings.countsRules ? 'counter ' : '';
      const passes = `${setMark(settings.marks.pass)} return`;
      verdict =
        count + (rule.action === 'Log' ? logStatement(of, settings) : rule.action === 'Pass' ? passes : allowed);
    }
    return matchAlternatives(rule.match, family, sets).map((match) => ({
      expression: match === '' ? verdict : `${match} ${verdict}`,
      why,
    }));
  });
  return { chains: [...drops.values(), [{ name: chain }, lines]] };
}
