import { type Direction, type EndpointClass, type Policy, policyIdText } from '../../policy/index.ts';
import type { Contents, ReasonedRule } from '../filter/index.ts';
import { dropName, type NamedChain } from './drop.ts';
import { gateChain, type Stretch, stretchOf } from './gate.ts';
import { clearMark, isMarked } from './mark.ts';
import { canPass } from './passing.ts';
import { inStretches, type Stretches } from './stretch.ts';

/** The chain of one class of endpoints, as it stands in the packet filter. */
export interface RenderedClass {
  readonly contents: Contents;
  /** Why packets may be dropped at its ends, in words that classes share: `dropChain` of each has to be there. */
  readonly drops: readonly string[];
  /** The same for what is asked behind a gate. */
  readonly stretches: readonly Stretch[];
}

/** Tiers, and what stands around them. */
export interface AskedTiers {
  /** The first chain; each tier that is reached by Pass has one of its own, named after it. */
  readonly head: string;
  readonly direction: Direction;
  readonly tiers: EndpointClass['tiers'];
  readonly policies: { get(key: string): Policy | undefined };
  readonly chainOf: (policy: Policy) => string;
  /** In the names of drops. */
  readonly where: string;
  /** Whether a tier that did not decide may drop at its end. */
  readonly endsDecide: boolean;
  /** From where on neighbours share a gate; absent: all are asked one by one. */
  readonly gates?: Gates;
  /** The bit that says that a policy passed. */
  readonly passMark: number;
  /** Around the tiers: `dropFor` is the statement that drops, and says why. */
  readonly before?: (dropFor: (why: string) => string) => readonly ReasonedRule[];
  /** The rules for packets that no tier decided. */
  readonly after: (dropFor: (why: string) => string) => readonly ReasonedRule[];
}

export interface Gates {
  readonly sizes: Stretches;
  /** Whether a gate can tell that the policy matches nothing. */
  readonly isBound: (policy: Policy) => boolean;
}

export function renderTiers(asked: AskedTiers): RenderedClass {
  const { head, direction, tiers, policies, chainOf, where, endsDecide, gates, passMark, before, after } = asked;
  const clearPass = clearMark(passMark);
  const passedTo = (next: string | undefined, tier: string): ReasonedRule => ({
    expression: `${isMarked(passMark)} goto ${next}`,
    why: `tier ${tier} was passed`,
  });
  const chains: NamedChain[] = [];
  const drops = new Set<string>();
  const stretches: Stretch[] = [];
  const dropFor = (why: string): string => {
    drops.add(why);
    return `goto ${dropName(why)}`;
  };
  // Targets stand before what leads to them.
  const rendered = (): RenderedClass => ({
    contents: { chains: [...chains].reverse() },
    drops: [...drops],
    stretches,
  });
  let at = head;
  let lines: ReasonedRule[] = [...(before?.(dropFor) ?? [])];
  for (const [index, { tier, policies: keys }] of tiers.entries()) {
    const passes = (key: string): boolean => {
      const policy = policies.get(key);
      return policy !== undefined && canPass(policy, direction);
    };
    const next = keys.some(passes) ? `${head}-${index + 1}` : undefined;
    const isFit = (key: string): boolean => {
      const policy = policies.get(key);
      return policy !== undefined && gates?.isBound(policy) === true;
    };
    if (next !== undefined) lines.push({ expression: clearPass, why: `tier ${tier.name} may be passed` });
    for (const one of gates === undefined ? keys : inStretches(keys, isFit, gates.sizes)) {
      if (typeof one !== 'string') {
        const stretch = stretchOf(direction, one);
        stretches.push(stretch);
        lines.push({ expression: `jump ${gateChain(stretch)}`, why: `${one.length} policies of tier ${tier.name}` });
        if (one.some(passes)) lines.push(passedTo(next, tier.name));
        continue;
      }
      const [key, policy] = [one, policies.get(one)];
      if (policy === undefined) {
        lines.push({ expression: dropFor(`${where} ${key} is not known`), why: `${key} is not known` });
        continue;
      }
      lines.push({ expression: `jump ${chainOf(policy)}`, why: policyIdText(policy.id) });
      if (passes(key)) lines.push(passedTo(next, tier.name));
    }
    const isClosed = endsDecide && tier.defaultAction === 'Deny';
    if (isClosed) {
      lines.push({ expression: dropFor(`${where} end of tier ${tier.name}`), why: `end of tier ${tier.name}` });
    } else if (next !== undefined) {
      lines.push({ expression: `goto ${next}`, why: `tier ${tier.name} passes what it does not decide` });
    }
    if (next === undefined && isClosed) {
      // Nothing comes this far: what follows is for nobody.
      chains.push([{ name: at }, lines]);
      return rendered();
    }
    if (next === undefined) continue;
    chains.push([{ name: at }, lines]);
    at = next;
    lines = [{ expression: clearPass, why: 'the mark is for one tier' }];
  }
  chains.push([{ name: at }, [...lines, ...after(dropFor)]]);
  return rendered();
}
