import type * as z from 'zod';
import { cleaned, isObject } from './clean.ts';
import { type FieldError, UnknownKind, ValidationError } from './errors.ts';
import { withCommonNames, withFieldNames } from './field-names.ts';
import { fieldName } from './go-names.ts';
import { reasonFor } from './issue.ts';
import { metadataErrors } from './metadata.ts';
import { definitionOf, type KindName, kindNames, type ResourceOf, type StoredKind } from './registry.ts';
import { API_VERSION, type ObjectMeta } from './resource.ts';

/**
 * Names that no writer has chosen: a node's, which may be its host's in capitals, and a container's, which its runtime
 * gave.
 */
const GIVEN = ['Metadata.Name', 'ContainerID'];

interface Strictness {
  /** By whom the names were given: `runtime` for programs that write down what they found, which may be wider than the rule. */
  readonly names?: 'user' | 'runtime';
}

/**
 * Checks an object from outside, for those who write: every rule of its kind holds, known fields are typed, unknown ones
 * carried along, nulls dropped. Throws `ValidationError` listing every wrong field, or `UnknownKind`.
 */
export function validate(raw: unknown, { names = 'user' }: Strictness = {}): ResourceOf<KindName> {
  const plain = cleaned(raw, { strict: true });
  if (!isObject(plain)) {
    throw new ValidationError([{ name: 'Resource', value: undefined, reason: 'must be an object' }]);
  }
  const object = withCommonNames(plain);
  const kind = object['kind'];
  if (typeof kind !== 'string' || !isKindName(kind)) throw new UnknownKind(String(kind));
  const definition = definitionOf(kind);
  const errors: FieldError[] = [];
  const apiVersion = object['apiVersion'] ?? API_VERSION;
  if (apiVersion !== API_VERSION) {
    errors.push({ name: 'APIVersion', value: apiVersion, reason: `must be ${API_VERSION}` });
  }
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  errors.push(...metadataErrors(metadata, definition));
  const spec = part(definition.spec, object['spec'] ?? {}, 'Spec', errors);
  const status = part(definition.status, object['status'], 'Status', errors);
  const known = { apiVersion: API_VERSION, kind, metadata, spec, ...(status !== undefined && { status }) };
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : '';
  if (spec !== undefined) errors.push(...(definition.rules?.(name, spec) ?? []));
  const wrong = names === 'user' ? errors : errors.filter((error) => !GIVEN.includes(error.name));
  if (wrong.length > 0) throw new ValidationError(wrong);
  return { ...known, ...object, ...known } as unknown as ResourceOf<KindName>;
}

/** The spec or the status, read by its schema; what is wrong with it goes to `errors`. */
function part(schema: z.ZodType | undefined, value: unknown, name: string, errors: FieldError[]): unknown {
  if (schema === undefined || value === undefined) return value;
  const own = withFieldNames(schema, value);
  const parsed = schema.safeParse(own);
  for (const issue of parsed.error?.issues ?? []) {
    errors.push({ name: fieldName(issue.path) || name, value: valueAt(own, issue.path), reason: reasonFor(issue) });
  }
  return parsed.success ? parsed.data : undefined;
}

/** As `validate`, for a place that takes one kind only. */
export function validateAs<Kind extends KindName>(kind: Kind, raw: unknown, given: Strictness = {}): ResourceOf<Kind> {
  const resource = validate(raw, given);
  if (resource.kind === kind) return resource as ResourceOf<Kind>;
  throw new ValidationError([{ name: 'Kind', value: resource.kind, reason: `must be ${kind}` }]);
}

/** Whether it names a kind that can be stored; none that is Kubernetes' own. */
export function isKindName(text: string): text is StoredKind {
  return (kindNames as readonly string[]).includes(text);
}

/** A new resource of a kind; the store fills in what is its own. */
export function newResource<Kind extends KindName>(
  kind: Kind,
  metadata: ObjectMeta,
  spec: ResourceOf<Kind>['spec'],
): ResourceOf<Kind> {
  return { apiVersion: API_VERSION, kind, metadata, spec } as ResourceOf<Kind>;
}

/** The value at a path; undefined when the path leads nowhere. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? Reflect.get(value, step) : undefined;
  }
  return value;
}
