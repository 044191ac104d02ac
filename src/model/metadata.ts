import { isObject } from './clean.ts';
import type { FieldError } from './errors.ts';
import { fieldName } from './go-names.ts';
import type { KindDefinition, NameRule } from './kinds/definition.ts';
import { isLabelValue, isQualifiedName, LABEL_VALUE, QUALIFIED_NAME, SUBDOMAIN } from './kinds/kubernetes-names.ts';

/** Octets of all keys and values of an object's annotations. */
const MAX_ANNOTATIONS = 256 * 1024;

/** The faults of an object's name, namespace, labels and annotations. */
export function metadataErrors(
  metadata: Readonly<Record<string, unknown>>,
  { name: rule, namespaced, foreignLabels = [] }: KindDefinition,
): readonly FieldError[] {
  return [
    ...nameErrors(metadata['name'], rule),
    ...namespaceErrors(metadata['namespace'], namespaced),
    ...labelErrors(metadata['labels'], foreignLabels),
    ...annotationErrors(metadata['annotations'], ['metadata', 'annotations']),
  ];
}

function nameErrors(name: unknown, rule: NameRule): readonly FieldError[] {
  const field = 'Metadata.Name';
  if (typeof name !== 'string' || name === '') {
    return [{ name: field, value: undefined, reason: 'name must be specified' }];
  }
  const reason = nameProblem(name, rule);
  return reason === undefined ? [] : [{ name: field, value: name, reason }];
}

function namespaceErrors(namespace: unknown, namespaced: boolean): readonly FieldError[] {
  const field = 'Metadata.Namespace';
  const isAbsent = namespace === undefined || namespace === '';
  if (!namespaced)
    return isAbsent ? [] : [{ name: field, value: namespace, reason: 'namespace should not be specified' }];
  if (!isAbsent && typeof namespace === 'string') return [];
  return [{ name: field, value: undefined, reason: 'namespace must be specified' }];
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const oneLabel = new RegExp(`^${label}$`);
const policyName = new RegExp(`^(${label}\\.)?${label}$`);
const subdomainText =
  'a lower case RFC 1123 subdomain must consist of lower case alphanumeric characters, ' +
  "'-' or '.', and must start and end with an alphanumeric character";
/** Policies that Calico makes of the cluster's own, whose names have more parts than two. */
const derived = /^(knp|ossg|kcnp|kanp|kbanp)\.[a-z0-9-]+\./;

/** The allowed form; undefined when the name is fine. */
function nameProblem(name: string, rule: NameRule): string | undefined {
  if (typeof rule === 'object') return rule.only.test(name) ? undefined : `must be ${rule.allowed}`;
  if (rule === 'any') return undefined;
  if (name.length > 253) return `name is too long by ${name.length - 253} bytes`;
  if (!SUBDOMAIN.test(name)) return `${subdomainText}, in at most 253`;
  if (rule === 'label') {
    if (!oneLabel.test(name)) return 'must be a single label without dots';
    if (name.length > 63) return `name is too long by ${name.length - 63} bytes`;
  }
  if (rule === 'policy' || rule === 'global policy') {
    const isDerived = rule === 'policy' && derived.test(name);
    if (!policyName.test(name) && !isDerived) return "must be '<name>' or '<tier>.<name>'";
  }
  return undefined;
}

function labelErrors(labels: unknown, foreign: readonly string[]): readonly FieldError[] {
  if (labels === undefined) return [];
  if (!isTextMap(labels)) return [notText('labels', labels)];
  return Object.entries(labels).flatMap(([key, value]) => [
    ...(isQualifiedName(key) ? [] : [{ name: 'Metadata.Labels (label)', value: key, reason: QUALIFIED_NAME }]),
    ...(isLabelValue(value) ? [] : [{ name: 'Metadata.Labels (value)', value, reason: LABEL_VALUE }]),
    ...(foreign.includes(key)
      ? [{ name: 'Metadata.Labels (label)', value: key, reason: `${key} is not a valid label name` }]
      : []),
  ]);
}

/** The faults of annotations: their keys in any case, and their size. */
export function annotationErrors(annotations: unknown, path: readonly string[]): readonly FieldError[] {
  if (annotations === undefined) return [];
  if (!isTextMap(annotations)) return [notText('annotations', annotations)];
  const name = `${fieldName(path)} (key)`;
  const entries = Object.entries(annotations);
  const errors = entries
    .filter(([key]) => !isQualifiedName(key.toLowerCase()))
    .map(([key]) => ({ name, value: key, reason: QUALIFIED_NAME }));
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (size <= MAX_ANNOTATIONS) return errors;
  const reason = `total size of annotations is too large by ${size - MAX_ANNOTATIONS} bytes`;
  return [...errors, { name, value: undefined, reason }];
}

function isTextMap(map: unknown): map is Record<string, string> {
  return isObject(map) && Object.values(map).every((value) => typeof value === 'string');
}

function notText(field: string, value: unknown): FieldError {
  return { name: fieldName(['metadata', field]), value, reason: 'must map text to text' };
}
