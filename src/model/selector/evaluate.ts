import { unreachable } from '../../base/index.ts';
import type { Selector } from './ast.ts';
import { NAMESPACE_LABEL } from './atoms.ts';

/** Labels of whatever is selected. */
export type Labels = Readonly<Record<string, string>>;

/** Of a label that is absent everything is false, except `!=` and `not in`. */
export function evaluate(selector: Selector, labels: Labels): boolean {
  switch (selector.kind) {
    case 'all':
      return true;
    case 'global':
      return !Object.hasOwn(labels, NAMESPACE_LABEL);
    case 'not':
      return !evaluate(selector.operand, labels);
    case 'and':
      for (const operand of selector.operands) if (!evaluate(operand, labels)) return false;
      return true;
    case 'or':
      for (const operand of selector.operands) if (evaluate(operand, labels)) return true;
      return false;
  }
  const actual = Object.hasOwn(labels, selector.label) ? labels[selector.label] : undefined;
  switch (selector.kind) {
    case 'has':
      return actual !== undefined;
    case '==':
      return actual === selector.value;
    case '!=':
      return actual !== selector.value;
    case 'in':
      return actual !== undefined && selector.values.has(actual);
    case 'not in':
      return actual === undefined || !selector.values.has(actual);
    case 'contains':
      return actual?.includes(selector.value) ?? false;
    case 'starts with':
      return actual?.startsWith(selector.value) ?? false;
    case 'ends with':
      return actual?.endsWith(selector.value) ?? false;
    default:
      return unreachable(selector);
  }
}
