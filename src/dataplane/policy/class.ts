import { type Direction, type EndpointClass, type Policy, type Profile, policyIdText } from '../../policy/index.ts';
import type { Contents } from '../filter/index.ts';
import { dropChain, type NamedChain } from './drop.ts';
import { hex, PASS_MARK } from './mark.ts';
import { classChain, policyChain, profileChain } from './names.ts';

type Rules = NamedChain[1];

/** Policies and profiles by their keys. */
export interface Known {
  readonly policies: { get(key: string): Policy | undefined };
  readonly profiles: { get(name: string): Profile | undefined };
}

/** A class in the packet filter. */
export interface RenderedClass {
  readonly contents: Contents;
  /** Why packets may be dropped at its ends, in words that classes share: `dropChain` of each has to be there. */
  readonly drops: readonly string[];
}

/** What endpoints of a class are asked: tier after tier, then their profiles. */
export function renderClass(
  key: string,
  { direction, tiers, profiles }: EndpointClass,
  { policies, profiles: known }: Known,
): RenderedClass {
  const chains: NamedChain[] = [];
  const drops = new Set<string>();
  const dropFor = (why: string): string => {
    drops.add(why);
    return `goto ${dropChain(why)[0].name}`;
  };
  const rendered = (): RenderedClass => ({ contents: { chains: [...chains].reverse() }, drops: [...drops] });
  const head = classChain(key);
  let at = head;
  let lines: { expression: string; why: string }[] = [];
  for (const [index, { tier, policies: keys }] of tiers.entries()) {
    const asked = keys.map((key) => [key, policies.get(key)] as const);
    const passes = asked.map(([, policy]) => policy !== undefined && canPass(policy, direction));
    const next = passes.includes(true) ? `${head}-${index + 1}` : undefined;
    const isPassed = `meta mark and ${hex(PASS_MARK)} == ${hex(PASS_MARK)}`;
    if (next !== undefined) {
      lines.push({ expression: CLEAR_PASS, why: `tier ${tier.name} may be passed` });
    }
    for (const [place, [key, policy]] of asked.entries()) {
      if (policy === undefined) {
        lines.push({ expression: dropFor(`${direction} ${key} is not known`), why: `${key} is not known` });
        continue;
      }
      lines.push({ expression: `jump ${policyChain(policy, direction)}`, why: policyIdText(policy.id) });
      if (passes[place]) lines.push({ expression: `${isPassed} goto ${next}`, why: `tier ${tier.name} was passed` });
    }
    if (tier.defaultAction === 'Deny') {
      lines.push({ expression: dropFor(`${direction} end of tier ${tier.name}`), why: `end of tier ${tier.name}` });
    } else if (next !== undefined) {
      lines.push({ expression: `goto ${next}`, why: `tier ${tier.name} passes what it does not decide` });
    }
    if (next === undefined && tier.defaultAction === 'Deny') {
      // Nothing comes this far: what follows is for nobody.
      chains.push([{ name: at }, lines]);
      return rendered();
    }
    if (next === undefined) continue;
    chains.push([{ name: at }, lines]);
    at = next;
    lines = [{ expression: CLEAR_PASS, why: 'the mark is for one tier' }];
  }
  const drop = { expression: dropFor(`${direction} no profile allows it`), why: 'no profile allows it' };
  chains.push([{ name: at }, [...lines, ...profileLines(profiles, direction, known), drop]]);
  return rendered();
}

/** Whether what a class says about the policy has to reckon with Pass. */
export function canPass({ rules }: Policy, direction: Direction): boolean {
  return (rules[direction] ?? []).some(({ action }) => action === 'Pass');
}

const CLEAR_PASS = `meta mark set meta mark and ${hex(0xffffffff - PASS_MARK)}`;

function profileLines(names: readonly string[], direction: Direction, known: Known['profiles']): Rules {
  const lines: { expression: string; why: string }[] = [];
  for (const name of names) {
    const profile = known.get(name);
    if (profile === undefined) break;
    if (profile.rules[direction].length === 0) continue;
    lines.push({ expression: `jump ${profileChain(profile, direction)}`, why: `profile ${name}` });
  }
  return lines;
}
