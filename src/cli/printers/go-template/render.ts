import { CommandError } from '../../errors.ts';
import { goText, join } from '../../go-values.ts';
import { type Expression, parseTemplate, type TemplateNode } from './parse.ts';

type Scope = ReadonlyMap<string, unknown>;

/**
 * Renders a Go template with the API objects as its dot. Fields go by their Go names (`.ObjectMeta.Name`,
 * `.Spec.CIDR`), which are the JSON names but for their case, or by the JSON names.
 */
export function renderTemplate(source: string, dot: unknown): string {
  return renderAll(parseTemplate(source), dot, new Map([['$', dot]]));
}

function renderAll(nodes: readonly TemplateNode[], dot: unknown, outer: Scope): string {
  const scope = new Map(outer);
  let text = '';
  for (const node of nodes) {
    if (node.kind === 'assign') scope.set(node.name, evaluate(node.value, dot, scope));
    else text += render(node, dot, scope);
  }
  return text;
}

function render(node: Exclude<TemplateNode, { kind: 'assign' }>, dot: unknown, scope: Scope): string {
  if (node.kind === 'text') return node.text;
  const value = evaluate(node.value, dot, scope);
  if (node.kind === 'print') return value === undefined ? '' : goText(value);
  const { variables, body, otherwise } = node;
  if (!isTrue(value)) return renderAll(otherwise, dot, scope);
  if (node.kind === 'range') {
    return entries(value)
      .map(([key, item]) => renderAll(body, item, bind(scope, variables, variables.length > 1 ? [key, item] : [item])))
      .join('');
  }
  return renderAll(body, node.kind === 'with' ? value : dot, bind(scope, variables, [value]));
}

function bind(scope: Scope, names: readonly string[], values: readonly unknown[]): Scope {
  return new Map([...scope, ...names.map((name, index) => [name, values[index]] as const)]);
}

function evaluate(expression: Expression, dot: unknown, scope: Scope): unknown {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'dot':
      return dot;
    case 'variable':
      if (!scope.has(expression.name)) throw new CommandError(`template: undefined variable "${expression.name}"`);
      return scope.get(expression.name);
    case 'field':
      return expression.path.reduce(fieldOf, evaluate(expression.of, dot, scope));
    case 'call': {
      const { name, args } = expression;
      const apply = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
      if (apply === undefined) throw new CommandError(`template: function "${name}" not defined`);
      return apply(...args.map((arg) => evaluate(arg, dot, scope)));
    }
  }
}

function fieldOf(value: unknown, name: string): unknown {
  if (value === null || typeof value !== 'object') return undefined;
  if (name === 'ObjectMeta' || name === 'ListMeta') return fieldOf(value, 'metadata');
  if (name === 'TypeMeta') return value;
  const fields = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(fields, name)) return fields[name];
  const key = Object.keys(fields).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  if (key !== undefined) return fields[key];
  // Go's types embed TypeMeta and ObjectMeta: `.Name` is a resource's own field too.
  return 'kind' in fields && 'metadata' in fields ? fieldOf(fields['metadata'], name) : undefined;
}

function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

function entries(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item] as const);
  if (value === null || typeof value !== 'object')
    throw new CommandError(`template: range can't iterate over ${value}`);
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

function compare(a: unknown, b: unknown): number {
  const [left, right] = [a ?? '', b ?? ''] as [string, string];
  return left === right ? 0 : left < right ? -1 : 1;
}

function size(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return value === null || value === undefined ? 0 : Object.keys(value as object).length;
}

const FUNCTIONS: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  join: (items, separator) => join(items, String(separator)),
  joinAndTruncate: (items, separator, limit) => join(items, String(separator), Number(limit)),
  len: size,
  index: (value, ...keys) => keys.reduce((inner, key) => (inner as Record<string, unknown>)?.[String(key)], value),
  not: (value) => !isTrue(value),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  eq: (first, ...others) => others.some((other) => compare(first, other) === 0),
  ne: (a, b) => compare(a, b) !== 0,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  print: (...values) => values.map(goText).join(''),
  println: (...values) => `${values.map(goText).join(' ')}\n`,
  printf: (format, ...values) => {
    const rest = [...values];
    return String(format).replace(/%[vsdqt%]/g, (verb) => {
      if (verb === '%%') return '%';
      const value = goText(rest.shift());
      return verb === '%q' ? JSON.stringify(value) : value;
    });
  },
};
