import type { ComparisonOperator, Membership, Selector } from './ast.ts';
import { Scanner } from './scanner.ts';

const key = /[A-Za-z0-9_./-]{1,512}/y;
const all = /all\([ \t]*\)/y;
const global = /global\([ \t]*\)/y;
const has = /has\(/y;

/** Each operator that stands behind a label, with how it may be written. The order matters: longer words first. */
const comparisons: readonly (readonly [RegExp, ComparisonOperator])[] = [
  [/==/y, '=='],
  [/!=/y, '!='],
  [/contains(?=[ \t"'])/y, 'contains'],
  [/starts[ \t]*with(?=[ \t"'])/y, 'starts with'],
  [/ends[ \t]*with(?=[ \t"'])/y, 'ends with'],
];
const memberships: readonly (readonly [RegExp, Membership])[] = [
  [/not[ \t]*in(?=[ \t{])/y, 'not in'],
  [/in(?=[ \t{])/y, 'in'],
];

/** Brackets within brackets. */
const deepest = 100;

/** Reads a selector; throws `SelectorError`, which names the column. An empty text selects all. */
export function parseSelector(text: string): Selector {
  const scanner = new Scanner(text);
  if (scanner.atEnd) return { kind: 'all' };
  const selector = parseOr(scanner, 0);
  if (!scanner.atEnd) throw scanner.error('unexpected content at end of selector');
  return selector;
}

function parseOr(scanner: Scanner, depth: number): Selector {
  const operands = [parseAnd(scanner, depth)];
  while (scanner.take('||')) operands.push(parseAnd(scanner, depth));
  if (scanner.match(/\|/y) !== undefined) throw scanner.error('expected ||');
  return operands.length === 1 ? operands[0] : { kind: 'or', operands };
}

function parseAnd(scanner: Scanner, depth: number): Selector {
  const operands = [parseOperation(scanner, depth)];
  while (scanner.take('&&')) operands.push(parseOperation(scanner, depth));
  if (scanner.match(/&/y) !== undefined) throw scanner.error('expected &&');
  return operands.length === 1 ? operands[0] : { kind: 'and', operands };
}

function parseOperation(scanner: Scanner, depth: number): Selector {
  let negated = false;
  while (scanner.take('!')) negated = !negated;
  const operand = parsePrimary(scanner, depth);
  return negated ? { kind: 'not', operand } : operand;
}

function parsePrimary(scanner: Scanner, depth: number): Selector {
  if (scanner.atEnd) throw scanner.error('unexpected end of string looking for op');
  if (scanner.take('(')) {
    if (depth === deepest) throw scanner.error(`more than ${deepest} brackets within each other`);
    const inner = parseOr(scanner, depth + 1);
    if (!scanner.take(')')) throw scanner.error('expected )');
    return inner;
  }
  if (scanner.match(all) !== undefined) return { kind: 'all' };
  if (scanner.match(global) !== undefined) return { kind: 'global' };
  if (scanner.match(has) !== undefined) {
    const label = parseKey(scanner);
    if (!scanner.take(')')) throw scanner.error("no closing ')' after has(");
    return { kind: 'has', label };
  }
  return parseCondition(scanner, parseKey(scanner));
}

function parseKey(scanner: Scanner): string {
  const label = scanner.match(key);
  if (label === undefined) throw scanner.error('expected identifier');
  return label;
}

function parseCondition(scanner: Scanner, label: string): Selector {
  for (const [pattern, kind] of comparisons) {
    if (scanner.match(pattern) !== undefined) return { kind, label, value: scanner.string() };
  }
  for (const [pattern, kind] of memberships) {
    if (scanner.match(pattern) !== undefined) return { kind, label, values: parseSet(scanner) };
  }
  throw scanner.error(scanner.match(/[=]/y) === undefined ? 'expected operator after label' : 'expected ==');
}

function parseSet(scanner: Scanner): ReadonlySet<string> {
  if (!scanner.take('{')) throw scanner.error('expected set literal');
  const values = new Set<string>();
  while (!scanner.take('}')) {
    values.add(scanner.string());
    if (scanner.take(',')) continue;
    if (!scanner.take('}')) throw scanner.error('expected }');
    break;
  }
  return values;
}
