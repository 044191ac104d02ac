import { tryParsePrefix } from '../../../src/base/index.ts';
import { evaluateCel, isAboutChange } from './cel.ts';

/** An OpenAPI schema as a custom resource definition has it. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

type Loose = Readonly<Record<string, unknown>>;

/** The value with what is absent filled in. */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => withDefaults(items, item));
  }
  if (!isObject(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (filled[name] === undefined && member.default !== undefined) filled[name] = member.default;
    if (filled[name] !== undefined) filled[name] = withDefaults(member, filled[name]);
  }
  return filled;
}

/** What is wrong with a value, as an API server says it; `before` is what stood there until now. */
export function faultsOf(schema: Schema, value: unknown, before: unknown, place: string): readonly string[] {
  const wrong = (reason: string): string[] => [`${place}: Invalid value: ${reason}`];
  if (value === null) return schema.nullable ? [] : wrong('must not be null');
  if (!hasType(schema, value)) return wrong(`must be of type ${schema.type}`);
  const own = [...ownFaults(schema, value), ...ruleFaults(schema, value, before)].map((reason) => wrong(reason)[0]);
  if (Array.isArray(value)) {
    const { items } = schema;
    const inner =
      items === undefined ? [] : value.map((item, at) => faultsOf(items, item, undefined, `${place}[${at}]`));
    return [...own, ...inner.flat()];
  }
  if (!isObject(value)) return own;
  const missing = (schema.required ?? [])
    .filter((name) => value[name] === undefined)
    .map((name) => `${place}.${name}: Required value`);
  const inner = Object.entries(value).flatMap(([name, member]) => {
    const of = schema.properties?.[name] ?? schema.additionalProperties;
    const was = isObject(before) ? before[name] : undefined;
    return of === undefined || member === undefined ? [] : faultsOf(of, member, was, `${place}.${name}`);
  });
  return [...own, ...missing, ...inner];
}

function hasType({ type, ...schema }: Schema, value: unknown): boolean {
  if (schema['x-kubernetes-int-or-string']) return Number.isInteger(value) || typeof value === 'string';
  if (type === undefined) return true;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  if (type === 'integer') return Number.isInteger(value) || typeof value === 'bigint';
  const name: string = typeof value;
  return name === type;
}

function ownFaults(schema: Schema, value: unknown): string[] {
  const faults: string[] = [];
  const check = (holds: boolean, reason: string): void => void (holds || faults.push(reason));
  if (schema.enum !== undefined) check(schema.enum.includes(value), `supported values: ${schema.enum.join(', ')}`);
  if (typeof value === 'number') {
    check(value >= (schema.minimum ?? -Infinity), `should be greater than or equal to ${schema.minimum}`);
    check(value <= (schema.maximum ?? Infinity), `should be less than or equal to ${schema.maximum}`);
  }
  if (typeof value === 'string') {
    check(value.length >= (schema.minLength ?? 0), `should be at least ${schema.minLength} chars long`);
    check(value.length <= (schema.maxLength ?? Infinity), `may not be more than ${schema.maxLength} chars long`);
    if (schema.pattern !== undefined) check(new RegExp(schema.pattern).test(value), `should match '${schema.pattern}'`);
    if (schema.format === 'cidr') check(tryParsePrefix(value) !== undefined, 'must be of type cidr');
  }
  if (Array.isArray(value)) {
    check(value.length >= (schema.minItems ?? 0), `should have at least ${schema.minItems} items`);
    check(value.length <= (schema.maxItems ?? Infinity), `must have at most ${schema.maxItems} items`);
    const isSet = schema['x-kubernetes-list-type'] === 'set';
    check(!isSet || new Set(value.map((item) => JSON.stringify(item))).size === value.length, 'duplicate value');
  }
  return faults;
}

function ruleFaults(schema: Schema, value: unknown, before: unknown): string[] {
  return (schema['x-kubernetes-validations'] ?? [])
    .filter(({ rule }) => before !== undefined || !isAboutChange(rule))
    .filter(({ rule }) => evaluateCel(rule, { self: value, oldSelf: before }) !== true)
    .map(({ message }) => message);
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
