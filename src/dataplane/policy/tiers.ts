import { type Direction, type EndpointClass, type Policy, policyIdText } from '../../policy/index.ts';
import type { Contents, ReasonedRule } from '../filter/index.ts';
import { dropName, type NamedChain } from './drop.ts';
import { clearMark, isMarked } from './mark.ts';

/** What endpoints of one class are asked, as it stands in the packet filter. */
export interface RenderedClass {
  readonly contents: Contents;
  /** Why packets may be dropped at its ends, in words that classes share: `dropChain` of each has to be there. */
  readonly drops: readonly string[];
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
  /** The bit that says that a policy passed. */
  readonly passMark: number;
  /** Around the tiers: `dropFor` is the statement that drops, and says why. */
  readonly before?: (dropFor: (why: string) => string) => readonly ReasonedRule[];
  /** What holds for what no tier decided. */
  readonly after: (dropFor: (why: string) => string) => readonly ReasonedRule[];
}

export function renderTiers(asked: AskedTiers): RenderedClass {
  const { head, direction, tiers, policies, chainOf, where, endsDecide, passMark, before, after } = asked;
  const clearPass = clearMark(passMark);
  const chains: NamedChain[] = [];
  const drops = new Set<string>();
  const dropFor = (why: string): string => {
    drops.add(why);
    return `goto ${dropName(why)}`;
  };
  // What is led to stands before what leads there.
  const rendered = (): RenderedClass => ({ contents: { chains: [...chains].reverse() }, drops: [...drops] });
  let at = head;
  let lines: ReasonedRule[] = [...(before?.(dropFor) ?? [])];
  for (const [index, { tier, policies: keys }] of tiers.entries()) {
    const inTier = keys.map((key) => [key, policies.get(key)] as const);
    const passes = inTier.map(([, policy]) => policy !== undefined && canPass(policy, direction));
    const next = passes.includes(true) ? `${head}-${index + 1}` : undefined;
    if (next !== undefined) lines.push({ expression: clearPass, why: `tier ${tier.name} may be passed` });
    for (const [place, [key, policy]] of inTier.entries()) {
      if (policy === undefined) {
        lines.push({ expression: dropFor(`${where} ${key} is not known`), why: `${key} is not known` });
        continue;
      }
      lines.push({ expression: `jump ${chainOf(policy)}`, why: policyIdText(policy.id) });
      if (passes[place])
        lines.push({ expression: `${isMarked(passMark)} goto ${next}`, why: `tier ${tier.name} was passed` });
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

/** Whether what a class says about the policy has to reckon with Pass. */
export function canPass({ rules }: Policy, direction: Direction): boolean {
  return (rules[direction] ?? []).some(({ action }) => action === 'Pass');
}
