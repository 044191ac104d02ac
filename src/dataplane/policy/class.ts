import { type Direction, type EndpointClass, type Enforcement, policyIdText } from '../../policy/index.ts';
import type { Contents } from '../filter/index.ts';
import { dropChain, type NamedChain } from './drop.ts';
import { hex, PASS_MARK } from './mark.ts';
import { classChain, policyChain, profileChain } from './names.ts';

type Rules = NamedChain[1];

/** What endpoints of a class are asked: tier after tier, then their profiles. */
export function renderClass(
  key: string,
  { direction, tiers, profiles }: EndpointClass,
  { policies, profiles: known }: Enforcement,
): Contents {
  const chains: NamedChain[] = [];
  const head = classChain(key);
  let at = head;
  let lines: { expression: string; why: string }[] = [];
  for (const [index, { tier, policies: keys }] of tiers.entries()) {
    const asked = keys.map((policy) => policies.get(policy)!);
    const passes = asked.map((policy) => (policy.rules[direction] ?? []).some(({ action }) => action === 'Pass'));
    const next = passes.includes(true) ? `${head}-${index + 1}` : undefined;
    const isPassed = `meta mark and ${hex(PASS_MARK)} == ${hex(PASS_MARK)}`;
    if (next !== undefined) {
      lines.push({ expression: CLEAR_PASS, why: `tier ${tier.name} may be passed` });
    }
    for (const [place, policy] of asked.entries()) {
      lines.push({ expression: `jump ${policyChain(policy, direction)}`, why: policyIdText(policy.id) });
      if (passes[place]) lines.push({ expression: `${isPassed} goto ${next}`, why: `tier ${tier.name} was passed` });
    }
    if (tier.defaultAction === 'Deny') {
      const drop = dropChain(`${direction} end of tier ${tier.name}`);
      chains.push(drop);
      lines.push({ expression: `goto ${drop[0].name}`, why: `end of tier ${tier.name}` });
    } else if (next !== undefined) {
      lines.push({ expression: `goto ${next}`, why: `tier ${tier.name} passes what it does not decide` });
    }
    if (next === undefined && tier.defaultAction === 'Deny') {
      // Nothing comes this far: what follows is for nobody.
      return { chains: inOrder([...chains, [{ name: at }, lines]], head) };
    }
    if (next === undefined) continue;
    chains.push([{ name: at }, lines]);
    at = next;
    lines = [{ expression: CLEAR_PASS, why: 'the mark is for one tier' }];
  }
  const end = profileLines(profiles, direction, known);
  return { chains: inOrder([...chains, ...end.chains, [{ name: at }, [...lines, ...end.lines]]], head) };
}

const CLEAR_PASS = `meta mark set meta mark and ${hex(0xffffffff - PASS_MARK)}`;

/** What is led to stands before what leads there. */
function inOrder(chains: readonly NamedChain[], head: string): readonly NamedChain[] {
  const tail = chains.filter(([{ name }]) => name.startsWith(head)).reverse();
  return [...chains.filter(([{ name }]) => !name.startsWith(head)), ...tail];
}

function profileLines(
  names: readonly string[],
  direction: Direction,
  known: Enforcement['profiles'],
): { readonly chains: readonly NamedChain[]; readonly lines: Rules } {
  const lines: { expression: string; why: string }[] = [];
  for (const name of names) {
    const profile = known.get(name);
    if (profile === undefined) break;
    if (profile.rules[direction].length === 0) continue;
    lines.push({ expression: `jump ${profileChain(profile, direction)}`, why: `profile ${name}` });
  }
  const drop = dropChain(`${direction} no profile allows it`);
  return { chains: [drop], lines: [...lines, { expression: `goto ${drop[0].name}`, why: 'no profile allows it' }] };
}
