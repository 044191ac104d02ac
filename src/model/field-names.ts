import type * as z from 'zod';
import { isObject } from './clean.ts';
import { bareSchema, elementOf, shapeOf } from './schema.ts';

/**
 * What Go makes of JSON. It reads the names of fields in any case: `CIDR` is `cidr`; each field that a schema knows gets its
 * own name, and of two that mean the same the later counts. An empty text is as good as none where there may be none.
 * Maps such as labels are not touched.
 */
export function withFieldNames(schema: z.ZodType, value: unknown): unknown {
  const bare = bareSchema(schema);
  if (Array.isArray(value)) {
    const element = elementOf(bare);
    if (element === undefined) return value;
    const items = value.map((item: unknown) => withFieldNames(element, item));
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  const shape = isObject(value) ? shapeOf(bare) : undefined;
  if (shape === undefined) return value;
  const fields = value as Record<string, unknown>;
  return renamed(fields, namesOf(shape), (name, member) => {
    if (!Object.hasOwn(shape, name)) return member;
    if (member === '' && shape[name].def.type === 'optional') return undefined;
    return typeof member === 'object' ? withFieldNames(shape[name], member) : member;
  });
}

const topLevel = byFolded(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
const metadataFields = byFolded([
  ...['name', 'generateName', 'namespace', 'labels', 'annotations', 'uid', 'resourceVersion', 'generation'],
  ...['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'finalizers', 'ownerReferences'],
  ...['managedFields', 'selfLink'],
]);

/** The same for what all objects have in common. */
export function withCommonNames(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return renamed(object, topLevel, (name, member) =>
    name === 'metadata' && isObject(member) ? renamed(member, metadataFields, (_, field) => field) : member,
  );
}

function renamed(
  fields: Readonly<Record<string, unknown>>,
  names: ReadonlyMap<string, string>,
  inner: (name: string, member: unknown) => unknown,
): Record<string, unknown> {
  let copy: [name: string, member: unknown][] | undefined;
  const written = Object.keys(fields);
  for (const [at, before] of written.entries()) {
    const member = fields[before];
    const name = names.get(before) ?? names.get(before.toLowerCase()) ?? before;
    const own = inner(name, member);
    // Nearly all is written as it should be, and not copied.
    if (name !== before || own !== member) copy ??= written.slice(0, at).map((same) => [same, fields[same]]);
    copy?.push([name, own]);
  }
  return copy === undefined ? fields : Object.fromEntries(copy.filter(([, member]) => member !== undefined));
}

const known = new WeakMap<object, ReadonlyMap<string, string>>();

function namesOf(shape: Readonly<Record<string, z.ZodType>>): ReadonlyMap<string, string> {
  const names = known.get(shape) ?? byFolded(Object.keys(shape));
  known.set(shape, names);
  return names;
}

function byFolded(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map([
    ...names.map((name) => [name.toLowerCase(), name] as const),
    ...names.map((name) => [name, name] as const),
  ]);
}
