import { type FieldError, UnknownKind, ValidationError } from './errors.ts';
import type { NameRule } from './kinds/definition.ts';
import { definitionOf, definitions, type KindName, type ResourceOf } from './registry.ts';
import { API_VERSION, type ObjectMeta } from './resource.ts';

/**
 * Reads an object from outside (a file, a store) as the resource that it says it is: known fields are checked and
 * typed, unknown ones carried along, nulls dropped. Throws `ValidationError` listing every wrong field, or
 * `UnknownKind`.
 */
export function validate(raw: unknown): ResourceOf<KindName> {
  const object = withoutNulls(raw);
  if (!isObject(object))
    throw new ValidationError([{ name: 'Resource', value: undefined, reason: 'must be an object' }]);
  const kind = object['kind'];
  if (typeof kind !== 'string' || !isKindName(kind)) throw new UnknownKind(String(kind));
  const definition = definitionOf(kind);
  const errors: FieldError[] = [];
  const apiVersion = object['apiVersion'] ?? API_VERSION;
  if (apiVersion !== API_VERSION) {
    errors.push({ name: 'APIVersion', value: apiVersion, reason: `must be ${API_VERSION}` });
  }
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  checkMetadata(metadata, definition.name, definition.namespaced, errors);
  const specIn = object['spec'] ?? {};
  const parsed = definition.spec.safeParse(specIn);
  for (const issue of parsed.error?.issues ?? []) {
    errors.push({ name: fieldName(issue.path) || 'Spec', value: valueAt(specIn, issue.path), reason: issue.message });
  }
  if (errors.length > 0 || !parsed.success) throw new ValidationError(errors);
  const known = { apiVersion: API_VERSION, kind, metadata, spec: parsed.data };
  return { ...known, ...object, ...known } as unknown as ResourceOf<KindName>;
}

/** As `validate`, for a place that takes one kind only. */
export function validateAs<Kind extends KindName>(kind: Kind, raw: unknown): ResourceOf<Kind> {
  const resource = validate(raw);
  if (resource.kind === kind) return resource as ResourceOf<Kind>;
  throw new ValidationError([{ name: 'Kind', value: resource.kind, reason: `must be ${kind}` }]);
}

export function isKindName(text: string): text is KindName {
  return Object.hasOwn(definitions, text);
}

/** A new resource of a kind; the store fills in what is its own. */
export function newResource<Kind extends KindName>(
  kind: Kind,
  metadata: ObjectMeta,
  spec: ResourceOf<Kind>['spec'],
): ResourceOf<Kind> {
  return { apiVersion: API_VERSION, kind, metadata, spec } as ResourceOf<Kind>;
}

function checkMetadata(
  metadata: Record<string, unknown>,
  rule: NameRule,
  namespaced: boolean,
  errors: FieldError[],
): void {
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '') {
    errors.push({ name: 'Metadata.Name', value: undefined, reason: 'name must be specified' });
  } else {
    const allowed = nameProblem(name, rule);
    if (allowed !== undefined) errors.push({ name: 'Metadata.Name', value: name, reason: allowed });
  }
  if (!namespaced && namespace !== undefined && namespace !== '') {
    errors.push({ name: 'Metadata.Namespace', value: namespace, reason: 'namespace should not be specified' });
  }
  if (namespaced && (typeof namespace !== 'string' || namespace === '')) {
    errors.push({ name: 'Metadata.Namespace', value: undefined, reason: 'namespace must be specified' });
  }
  for (const field of ['labels', 'annotations'] as const) {
    const map = metadata[field];
    if (map === undefined) continue;
    if (isObject(map) && Object.values(map).every((value) => typeof value === 'string')) continue;
    errors.push({ name: fieldName(['metadata', field]), value: map, reason: 'must map text to text' });
  }
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = new RegExp(`^${label}(\\.${label})*$`);
const subdomainText =
  'a lower case RFC 1123 subdomain must consist of lower case alphanumeric characters, ' +
  "'-' or '.', and must start and end with an alphanumeric character";

/** What is allowed instead; undefined when the name is fine. */
function nameProblem(name: string, rule: NameRule): string | undefined {
  if (typeof rule === 'object') return rule.only.test(name) ? undefined : `must be ${rule.allowed}`;
  if (rule === 'any') return undefined;
  if (name.length > 253 || !subdomain.test(name)) return `${subdomainText}, in at most 253`;
  const dots = name.split('.').length - 1;
  if (rule === 'label' && dots > 0) return 'must be a single label without dots';
  if (rule === 'policy' && dots > 1 && !/^(knp|ossg|kcnp|kanp|kbanp)\./.test(name)) {
    return "must be '<name>' or '<tier>.<name>'";
  }
  return undefined;
}

const acronyms = /^(cidr|ipip|ipv4|ipv6|ipam|ip|as|vxlan|nat|bgp|mac|ttl|icmp|http)(?=[A-Z]|s?$)/;

/** A path as Calico's messages print it, in the names of Go: `bgp.ipv4Address` is `BGP.IPv4Address`. */
function fieldName(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${goName(String(step))}`;
  }
  return text;
}

function goName(name: string): string {
  const acronym = acronyms.exec(name)?.[1];
  if (acronym === undefined) return name.slice(0, 1).toUpperCase() + name.slice(1);
  return acronym.toUpperCase().replace(/^IPV/, 'IPv') + name.slice(acronym.length);
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In the API a null member is the same as none. An array's nulls stay: a block's free ordinals. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  let copy: Record<string, unknown> | undefined;
  const members = value as Record<string, unknown>;
  const isArray = Array.isArray(value);
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (typeof member !== 'object' && member !== undefined) continue;
    const isAbsent = member === undefined || (member === null && !isArray);
    const cleaned = isAbsent ? undefined : withoutNulls(member);
    if (cleaned === member && !isAbsent) continue;
    // What nobody has to change is not copied: blocks come by the ten thousand.
    copy ??= (isArray ? [...value] : { ...value }) as unknown as Record<string, unknown>;
    if (isAbsent) delete copy[name];
    else copy[name] = cleaned;
  }
  return copy ?? value;
}
