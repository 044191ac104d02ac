import type { Selector } from './ast.ts';

/**
 * The one thing of a label that a part of a selector asks: whether it has this value, whether it is there, or something of
 * its text. An outcome can change only with one of them.
 */
export type Atom =
  | { readonly asks: 'value'; readonly label: string; readonly value: string }
  | { readonly asks: 'presence'; readonly label: string }
  | { readonly asks: 'text'; readonly label: string };

/** The label by which namespaced things are told from global ones. */
export const NAMESPACE_LABEL = 'projectcalico.org/namespace';

/** Everything that a selector's outcome hangs on; some of it may come twice. */
export function atomsOf(selector: Selector): readonly Atom[] {
  switch (selector.kind) {
    case 'all':
      return [];
    case 'global':
      return [{ asks: 'presence', label: NAMESPACE_LABEL }];
    case 'not':
      return atomsOf(selector.operand);
    case 'and':
    case 'or':
      return selector.operands.flatMap(atomsOf);
    case 'has':
      return [{ asks: 'presence', label: selector.label }];
    case '==':
    case '!=':
      return [{ asks: 'value', label: selector.label, value: selector.value }];
    case 'in':
    case 'not in':
      return [...selector.values].map((value) => ({ asks: 'value', label: selector.label, value }));
    default:
      return [{ asks: 'text', label: selector.label }];
  }
}
