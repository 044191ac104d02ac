/**
 * selector: Calico's expressions over labels, as pools, peers and policies use them to choose nodes and pods.
 *
 *     expr := or ;  or := and { "||" and } ;  and := op { "&&" op }
 *     op   := { "!" } ( "(" expr ")" | "all()" | "global()" | "has(" key ")" | key cmp )
 *     cmp  := ("=="|"!=") str | ("in"|"not in") "{" [ str { "," str } ] "}"
 *           | "contains" str | "starts with" str | "ends with" str
 *
 * Words are known by their place, so labels named `in` or `contains` are legal. Parsing, evaluation and canonical
 * text are pure functions over one tree.
 */
import type { Selector } from './ast.ts';
import { evaluate, type Labels } from './evaluate.ts';
import { parseSelector } from './parse.ts';

export type { Selector } from './ast.ts';
export { type Atom, atomsOf } from './atoms.ts';
export { formatSelector } from './canonical.ts';
export { evaluate, type Labels } from './evaluate.ts';
export { parseSelector } from './parse.ts';
export { SelectorError } from './scanner.ts';

/** Whether the selector of this text matches; an empty text matches all. Throws `SelectorError`. Whoever asks often keeps the tree. */
export function matchesSelector(text: string, labels: Labels): boolean {
  return evaluate(parseSelector(text), labels);
}

/** Whether `global()` occurs in it, which only the namespaceSelector of a rule may have. */
export function usesGlobal(selector: Selector): boolean {
  if (selector.kind === 'not') return usesGlobal(selector.operand);
  if (selector.kind === 'and' || selector.kind === 'or') return selector.operands.some(usesGlobal);
  return selector.kind === 'global';
}
