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

/**
 * The value as a server takes it: a null that a field cannot be counts as absent, and what is absent and has a default is filled in.
 */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => withDefaults(items, item));
  }
  if (!isObject(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const name of new Set([...Object.keys(value), ...Object.keys(schema.properties ?? {})])) {
    const member = schema.properties?.[name] ?? schema.additionalProperties;
    if (member === undefined) continue;
    if (filled[name] === null && !member.nullable) delete filled[name];
    if (filled[name] === undefined && member.default !== undefined) filled[name] = member.default;
    if (filled[name] !== undefined) filled[name] = withDefaults(member, filled[name]);
  }
  return filled;
}

/** What is wrong with a field, in the words of a real server. */
export interface Fault {
  /** `spec.exportV4[0].action`; `<nil>` for the object as a whole. */
  readonly field: string;
  readonly reason: 'Invalid' | 'TypeInvalid' | 'Required' | 'NotSupported' | 'TooLong' | 'TooMany' | 'Duplicate';
  readonly message: string;
}

/** Rules are not asked about an object with one of these. */
const ofShape: readonly Fault['reason'][] = ['TypeInvalid', 'Required', 'NotSupported', 'TooLong', 'TooMany'];
const unchecked: Fault = {
  field: '<nil>',
  reason: 'Invalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/**
 * What is wrong with an object, as an API server says it, which is Kubernetes 1.36's own in words, too
 * (`test/kubernetes/crd-server.test.ts` compares them); `before` is what stood there until now.
 */
export function faultsOf(schema: Schema, value: unknown, before: unknown, field = ''): readonly Fault[] {
  const faults = [...shapeFaults(schema, value, field), ...repetitions(schema, value, field)];
  if (!hasRules(schema)) return faults;
  if (faults.some(({ reason }) => ofShape.includes(reason))) return [...faults, unchecked];
  return [...faults, ...ruleFaults(schema, value, before, field)];
}

function hasRules(schema: Schema): boolean {
  const { properties = {}, items, additionalProperties } = schema;
  const inner = [...Object.values(properties), items, additionalProperties];
  return schema['x-kubernetes-validations'] !== undefined || inner.some((one) => one !== undefined && hasRules(one));
}

function shapeFaults(schema: Schema, value: unknown, field: string): readonly Fault[] {
  if (value === null && schema.nullable) return [];
  if (!hasType(schema, value)) return [typeFault(schema, value, field), ...enumFaults(schema, value, field)];
  const own = ownFaults(schema, value, field);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return own;
    return [...own, ...value.flatMap((item, at) => shapeFaults(items, item, `${field}[${at}]`))];
  }
  if (!isObject(value)) return own;
  const missing = (schema.required ?? [])
    .filter((name) => value[name] === undefined)
    .map((name) => ({ field: within(field, name), reason: 'Required', message: 'Required value' }) as const);
  const inner = Object.entries(value).flatMap(([name, member]) => {
    const of = schema.properties?.[name] ?? schema.additionalProperties;
    return of === undefined || member === undefined ? [] : shapeFaults(of, member, within(field, name));
  });
  return [...own, ...missing, ...inner];
}

function within(field: string, name: string): string {
  return field === '' ? name : `${field}.${name}`;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) || typeof value === 'bigint' ? 'integer' : typeof value;
}

function hasType({ type, format, ...schema }: Schema, value: unknown): boolean {
  const actual = typeOf(value);
  if (schema['x-kubernetes-int-or-string']) return actual === 'integer' || actual === 'string';
  if (type === undefined || type === actual) return true;
  // Where a text has a format, Go's validator lets lists pass.
  if (type === 'string' && format !== undefined) return actual === 'array';
  return type === 'number' && actual === 'integer';
}

function typeFault({ type = 'integer,string', format }: Schema, value: unknown, field: string): Fault {
  const actual = typeOf(value);
  // Beside a format stand Go's own types of numbers, and nothing for what has none.
  const isBeside = format !== undefined && !['null', 'string', 'array'].includes(actual);
  const shown = isBeside ? ({ integer: 'int64', number: 'float64' }[actual] ?? '') : actual;
  const message = `Invalid value: "${shown}": ${field} in body must be of type ${isBeside ? format : type}: "${shown}"`;
  return { field, reason: 'TypeInvalid', message };
}

function enumFaults(schema: Schema, value: unknown, field: string): readonly Fault[] {
  if (schema.enum === undefined || schema.enum.includes(value)) return [];
  const supported = schema.enum.map((one) => `"${one}"`).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
  return [{ field, reason: 'NotSupported', message }];
}

function ownFaults(schema: Schema, value: unknown, field: string): readonly Fault[] {
  const faults: Fault[] = [...enumFaults(schema, value, field)];
  const check = (holds: boolean, reason: string): void => {
    const message = `Invalid value: ${JSON.stringify(value)}: ${field} in body ${reason}`;
    if (!holds) faults.push({ field, reason: 'Invalid', message });
  };
  if (typeof value === 'number') {
    check(value >= (schema.minimum ?? -Infinity), `should be greater than or equal to ${schema.minimum}`);
    check(value <= (schema.maximum ?? Infinity), `should be less than or equal to ${schema.maximum}`);
  }
  if (typeof value === 'string') {
    const { minLength = 0, maxLength = Infinity, pattern } = schema;
    check([...value].length >= minLength, `should be at least ${minLength} chars long`);
    if ([...value].length > maxLength) {
      faults.push({ field, reason: 'TooLong', message: `Too long: may not be more than ${maxLength} bytes` });
    }
    if (pattern !== undefined) check(new RegExp(pattern).test(value), `should match '${pattern}'`);
    if (schema.format === 'cidr' && !isCidr(value)) {
      const shown = JSON.stringify(value);
      const message = `Invalid value: ${shown}: ${field} in body must be of type cidr: ${shown}`;
      faults.push({ field, reason: 'TypeInvalid', message });
    }
  }
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Infinity } = schema;
    if (value.length < minItems) {
      const message = `Invalid value: ${value.length}: ${field} in body should have at least ${minItems} items`;
      faults.push({ field, reason: 'Invalid', message });
    }
    if (value.length > maxItems) {
      const message = `Too many: ${value.length}: must have at most ${maxItems} item${maxItems === 1 ? '' : 's'}`;
      faults.push({ field, reason: 'TooMany', message });
    }
  }
  return faults;
}

/** Bits beyond the length are nothing to the server, nor are zeros in front of numbers. */
function isCidr(text: string): boolean {
  const short = text.includes(':') ? text : text.replaceAll(/(^|[./])0+(?=\d)/g, '$1');
  return text.includes('/') && tryParseInterfaceAddress(short) !== undefined;
}

/** What is twice in a set. */
function repetitions(schema: Schema, value: unknown, field: string): readonly Fault[] {
  if (isObject(value)) {
    return Object.entries(value).flatMap(([name, member]) => {
      const of = schema.properties?.[name] ?? schema.additionalProperties;
      return of === undefined ? [] : repetitions(of, member, within(field, name));
    });
  }
  const { items } = schema;
  if (!Array.isArray(value) || items === undefined) return [];
  const texts = value.map((item) => JSON.stringify(item));
  // Each value is named once, however often it comes.
  const again =
    schema['x-kubernetes-list-type'] === 'set'
      ? texts.map((text, at) => texts.slice(0, at).filter((one) => one === text).length === 1)
      : [];
  const own = texts.flatMap((text, at) =>
    again[at] ? [{ field: `${field}[${at}]`, reason: 'Duplicate', message: `Duplicate value: ${text}` } as const] : [],
  );
  return [...own, ...value.flatMap((item, at) => repetitions(items, item, `${field}[${at}]`))];
}

function ruleFaults(schema: Schema, value: unknown, before: unknown, field: string): readonly Fault[] {
  if (value === undefined || value === null) return [];
  const own = (schema['x-kubernetes-validations'] ?? [])
    .filter(({ rule }) => before !== undefined || !isAboutChange(rule))
    .filter(({ rule }) => evaluateCel(rule, { self: value, oldSelf: before }) !== true)
    .map(({ message }) => {
      // What is more than one value isn't shown.
      const shown = typeof value === 'object' ? '' : `${JSON.stringify(value)}: `;
      return { field, reason: 'Invalid', message: `Invalid value: ${shown}${message}` } as const;
    });
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
