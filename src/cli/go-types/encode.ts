import { type GoField, type GoType, objectType, zeroOf } from './parse.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * An object as Go encodes it: without the fields that are zero and not told apart from unset, and the others in the
 * order of Go's struct. What the API doesn't know comes last, as it is.
 */
export function encoded<T extends { readonly kind: string }>(object: T): T {
  return struct(objectType(object.kind), object as unknown as Fields) as unknown as T;
}

function struct({ fields }: GoType & { readonly kind: 'struct' }, value: Fields): Fields {
  const kept: Record<string, unknown> = {};
  for (const field of fields.values()) {
    const member = value[field.name];
    if (member === undefined || member === null || isOmitted(field, member)) continue;
    kept[field.name] = inner(field.type, member);
  }
  for (const [key, member] of Object.entries(value)) if (!fields.has(key)) kept[key] = member;
  return kept;
}

function inner(type: GoType, value: unknown): unknown {
  if (type.kind === 'list' && Array.isArray(value)) return value.map((item) => inner(type.of, item));
  if (type.kind !== 'struct' || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return struct(type, value as Fields);
}

/** Go omits what is zero, and lists and maps that are empty; never a struct. */
function isOmitted({ type, pointer, always }: GoField, value: unknown): boolean {
  if (pointer || always || type.kind === 'struct' || type.kind === 'any') return false;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === '' || value === 0 || value === false;
}

/** An object as Go's templates see it: every field of the API is there, and what is unset is zero. */
export function filled<T extends { readonly kind: string }>(object: T): T {
  return fill(objectType(object.kind), object as unknown as Fields) as unknown as T;
}

function fill({ fields }: GoType & { readonly kind: 'struct' }, value: Fields): Fields {
  const zeros = [...fields.values()].map((field) => [field.name, fillField(field, value[field.name])] as const);
  return { ...value, ...Object.fromEntries(zeros) };
}

function fillField({ type, pointer }: GoField, value: unknown): unknown {
  if (value !== undefined && value !== null) return fillValue(type, value);
  return pointer ? null : zeroOf(type);
}

function fillValue(type: GoType, value: unknown): unknown {
  if (type.kind === 'list' && Array.isArray(value)) return value.map((item) => fillValue(type.of, item));
  if (type.kind !== 'struct' || typeof value !== 'object' || value === null) return value;
  return fill(type, value as Fields);
}
