import { tryParseInterfaceAddress } from '../../../src/base/index.ts';
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

/** What is wrong with a field, in the words of a real server. */
export interface Fault {
  /** `spec.exportV4[0].action`; `<nil>` for the object as a whole. */
  readonly field: string;
  readonly message: string;
  /** Rules are not asked about an object whose shape is wrong. */
  readonly isOfShape?: boolean;
}

const UNCHECKED = `Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation`;

/** What is wrong with an object, as an API server says it; `before` is what stood there until now. */
export function faultsOf(schema: Schema, value: unknown, before: unknown, field = ''): readonly Fault[] {
  const faults = shapeFaults(schema, value, field);
  if (faults.some(({ isOfShape }) => isOfShape)) return [...faults, { field: '<nil>', message: UNCHECKED }];
  return [...faults, ...ruleFaults(schema, value, before, field)];
}

function shapeFaults(schema: Schema, value: unknown, field: string): readonly Fault[] {
  if (value === null && schema.nullable) return [];
  if (value === null || !hasType(schema, value)) {
    const shown = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    const message = `Invalid value: "${shown}": ${field} in body must be of type ${schema.type}: "${shown}"`;
    return [{ field, message, isOfShape: true }];
  }
  const own = ownFaults(schema, value, field);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return own;
    return [...own, ...value.flatMap((item, at) => shapeFaults(items, item, `${field}[${at}]`))];
  }
  if (!isObject(value)) return own;
  const missing = (schema.required ?? [])
    .filter((name) => value[name] === undefined)
    .map((name) => ({ field: within(field, name), message: 'Required value', isOfShape: true }));
  const inner = Object.entries(value).flatMap(([name, member]) => {
    const of = schema.properties?.[name] ?? schema.additionalProperties;
    return of === undefined || member === undefined ? [] : shapeFaults(of, member, within(field, name));
  });
  return [...own, ...missing, ...inner];
}

function within(field: string, name: string): string {
  return field === '' ? name : `${field}.${name}`;
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

function ownFaults(schema: Schema, value: unknown, field: string): readonly Fault[] {
  const faults: Fault[] = [];
  const check = (holds: boolean, reason: string, isOfShape = false): void => {
    if (holds) return;
    const message = `Invalid value: ${JSON.stringify(value)}: ${field} in body ${reason}`;
    faults.push({ field, message, ...(isOfShape && { isOfShape }) });
  };
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const supported = schema.enum.map((one) => JSON.stringify(one)).join(', ');
    faults.push({ field, message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}` });
  }
  if (typeof value === 'number') {
    check(value >= (schema.minimum ?? -Infinity), `should be greater than or equal to ${schema.minimum}`);
    check(value <= (schema.maximum ?? Infinity), `should be less than or equal to ${schema.maximum}`);
  }
  if (typeof value === 'string') {
    check(value.length >= (schema.minLength ?? 0), `should be at least ${schema.minLength} chars long`);
    check(value.length <= (schema.maxLength ?? Infinity), `may not be more than ${schema.maxLength} chars long`);
    if (schema.pattern !== undefined) check(new RegExp(schema.pattern).test(value), `should match '${schema.pattern}'`);
    if (schema.format === 'cidr') check(isCidr(value), `must be of type cidr: ${JSON.stringify(value)}`, true);
  }
  if (Array.isArray(value)) {
    check(value.length >= (schema.minItems ?? 0), `should have at least ${schema.minItems} items`);
    check(value.length <= (schema.maxItems ?? Infinity), `must have at most ${schema.maxItems} items`);
    const isSet = schema['x-kubernetes-list-type'] === 'set';
    const unique = new Set(value.map((item) => JSON.stringify(item))).size === value.length;
    if (isSet && !unique) faults.push({ field, message: 'Duplicate value' });
  }
  return faults;
}

/** Bits beyond the length are nothing to Go's parser, nor to the server. */
function isCidr(text: string): boolean {
  return text.includes('/') && tryParseInterfaceAddress(text) !== undefined;
}

function ruleFaults(schema: Schema, value: unknown, before: unknown, field: string): readonly Fault[] {
  if (value === undefined || value === null) return [];
  const own = (schema['x-kubernetes-validations'] ?? [])
    .filter(({ rule }) => before !== undefined || !isAboutChange(rule))
    .filter(({ rule }) => evaluateCel(rule, { self: value, oldSelf: before }) !== true)
    .map(({ message }) => ({
      field,
      message: `Invalid value: "${isObject(value) ? 'object' : typeof value}": ${message}`,
    }));
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return own;
    return [...own, ...value.flatMap((item, at) => ruleFaults(items, item, undefined, `${field}[${at}]`))];
  }
  if (!isObject(value)) return own;
  const inner = Object.entries(value).flatMap(([name, member]) => {
    const of = schema.properties?.[name] ?? schema.additionalProperties;
    const was = isObject(before) ? before[name] : undefined;
    return of === undefined ? [] : ruleFaults(of, member, was, within(field, name));
  });
  return [...own, ...inner];
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
