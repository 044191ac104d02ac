import { Entries } from '../../base/index.ts';
import { type Chain, fingerprint, type NamedMap, type NamedSet, type NftRule } from '../../nftables/index.ts';
import { type Contents, listed, type ReasonedRule } from './contents.ts';

export type PieceRule = Omit<NftRule, 'chain'>;

/** The say of one part in one object of a table. */
export type Piece =
  | { readonly kind: 'set'; readonly set: NamedSet; readonly elements: Entries<string> }
  | { readonly kind: 'map'; readonly map: NamedMap; readonly elements: Entries<string> }
  | { readonly kind: 'chain'; readonly chain: Chain; readonly rules: readonly PieceRule[] };

/** A comment has 128 characters, and its end is the fingerprint's. */
const LONGEST_REASON = 100;

/** Splits contents by the object that they are about: `set`, `map` or `chain`, and its name. */
export function piecesOf({ sets = [], maps = [], chains }: Contents): ReadonlyMap<string, Piece> {
  const pieces = new Map<string, Piece>();
  for (const [set, elements] of sets) {
    const entries = elements instanceof Entries ? elements : Entries.of(elements.map((one) => [listed(one), one]));
    pieces.set(`set ${set.name}`, { kind: 'set', set, elements: entries });
  }
  for (const [map, entries] of maps) {
    const elements = Entries.of(entries.map(({ key, value }) => [key, value] as const));
    pieces.set(`map ${map.name}`, { kind: 'map', map, elements });
  }
  for (const [chain, rules] of chains) {
    const name = `chain ${chain.name}`;
    const before = pieces.get(name);
    const first = before?.kind === 'chain' ? before.rules : [];
    pieces.set(name, { kind: 'chain', chain, rules: [...first, ...rules.map(marked)] });
  }
  return pieces;
}

function marked(rule: ReasonedRule): PieceRule {
  return { expression: rule.expression, comment: commentOf(rule) };
}

/** Each rule's comment ends in a fingerprint, by which a restarted daemon sees that the rule says what it should. */
export function commentOf({ expression, why }: ReasonedRule): string {
  return `${why.slice(0, LONGEST_REASON)} ${fingerprint(expression)}`;
}
