import { unreachable } from '../../base/index.ts';
import type { Selector } from './ast.ts';

/** The one way of writing a selector: equal trees give equal text. It can be parsed again. */
export function formatSelector(selector: Selector): string {
  switch (selector.kind) {
    case 'all':
    case 'global':
      return `${selector.kind}()`;
    case 'has':
      return `has(${selector.label})`;
    case 'not':
      return `!${formatSelector(selector.operand)}`;
    case 'and':
      return `(${selector.operands.map(formatSelector).join(' && ')})`;
    case 'or':
      return `(${selector.operands.map(formatSelector).join(' || ')})`;
    case 'in':
    case 'not in':
      return `${selector.label} ${selector.kind} {${[...selector.values].sort(byBytes).map(quoted).join(', ')}}`;
    case '==':
    case '!=':
    case 'contains':
    case 'starts with':
    case 'ends with':
      return `${selector.label} ${selector.kind} ${quoted(selector.value)}`;
    default:
      return unreachable(selector);
  }
}

function quoted(value: string): string {
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
