import type * as z from 'zod';
import { isObject } from './clean.ts';
import { byFolded, type Outline, outlineOf } from './outline.ts';

/**
 * Names fields as Go reads them. It takes them in any case: `CIDR` is `cidr`; each field that a schema knows gets its
 * own name, and of two that mean the same the later counts. An empty text is as good as none where there may be none.
 * Maps such as labels are not touched.
 */
export function withFieldNames(schema: z.ZodType, value: unknown): unknown {
  return namedAs(outlineOf(schema), value);
}

function namedAs(outline: Outline, value: unknown): unknown {
  if (!outline.isNamed) return value;
  if (Array.isArray(value)) {
    const { element } = outline;
    if (element === undefined) return value;
    const items = value.map((item: unknown) => namedAs(element, item));
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  const { fields, names } = outline;
  if (fields === undefined || !isObject(value)) return value;
  return renamed(value, names, (name, member) => {
    const field = fields.get(name);
    if (field === undefined) return member;
    if (member === '' && field.isOptional) return undefined;
    return typeof member === 'object' ? namedAs(field.outline, member) : member;
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
  for (let at = 0; at < written.length; at++) {
    const before = written[at];
    const member = fields[before];
    const name = names.get(before) ?? names.get(before.toLowerCase()) ?? before;
    const own = inner(name, member);
    // Nearly all is written as it should be, and not copied.
    if (name !== before || own !== member) copy ??= written.slice(0, at).map((same) => [same, fields[same]]);
    copy?.push([name, own]);
  }
  return copy === undefined ? fields : Object.fromEntries(copy.filter(([, member]) => member !== undefined));
}
