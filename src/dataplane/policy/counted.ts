import type { Direction } from '../../policy/index.ts';
import { commentOf, type FilterPart } from '../filter/index.ts';

/** A rule that counts what it decides, other than by dropping. */
export interface CountedRule {
  /** `Allow rule 0 of NetworkPolicy red/db`. */
  readonly why: string;
  readonly direction: Direction;
}

type Found = readonly (readonly [key: string, rule: CountedRule])[];

/** Chains of policies and profiles that are asked about what comes in. */
const INGRESS = /^(?:[pf]i|h[pf]-(?:untracked|pre-dnat|normal|forward)-ingress)-/;
const EGRESS = /^(?:[pf]o|h[pf]-(?:untracked|normal|forward)-egress)-/;
const COUNTER = /(?:^| )counter /;

/** Found once for each part. */
const found = new WeakMap<FilterPart['contents'], Found>();

/** The key of a rule, as the kernel lists it. */
export function countKey({ chain, comment = '' }: { readonly chain: string; readonly comment?: string | undefined }) {
  return `${chain} ${comment}`;
}

export function countedOf(parts: { values(): Iterable<FilterPart> }): ReadonlyMap<string, CountedRule> {
  return new Map([...parts.values()].flatMap(({ contents }) => countedIn(contents)));
}

function countedIn(contents: FilterPart['contents']): Found {
  let rules = found.get(contents);
  if (rules === undefined) {
    rules = contents.chains.flatMap(([{ name: chain }, lines]): Found => {
      const direction = INGRESS.test(chain) ? 'ingress' : EGRESS.test(chain) ? 'egress' : undefined;
      if (direction === undefined) return [];
      return lines
        .filter(({ expression }) => COUNTER.test(expression))
        .map((line) => [countKey({ chain, comment: commentOf(line) }), { why: line.why, direction }] as const);
    });
    found.set(contents, rules);
  }
  return rules;
}
