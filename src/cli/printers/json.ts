import { formatJson } from '../../model/index.ts';

const OBJECT_ORDER = ['kind', 'apiVersion', 'metadata', 'spec', 'status', 'items'];
const META_ORDER = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
];

/** JSON indented by two, fields in the order of the API's types: kind, apiVersion, metadata, spec. */
export function toJson(value: unknown): string {
  return `${formatJson(ordered(value), 2)}\n`;
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isObject(value) || !('kind' in value)) return value;
  const { metadata, items } = value;
  return {
    ...pick(value, OBJECT_ORDER),
    ...(isObject(metadata) ? { metadata: pick(withSortedMaps(metadata), META_ORDER) } : {}),
    ...(Array.isArray(items) ? { items: items.map(ordered) } : {}),
  };
}

/** Go prints maps by key. */
function withSortedMaps(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const maps = ['labels', 'annotations'].flatMap((key) => {
    const map = metadata[key];
    return isObject(map) ? [[key, Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))]] : [];
  });
  return { ...metadata, ...Object.fromEntries(maps) };
}

/** The fields of `order` first and in that order, then the others. */
function pick(value: Readonly<Record<string, unknown>>, order: readonly string[]): Record<string, unknown> {
  const first = order.filter((key) => value[key] !== undefined).map((key) => [key, value[key]] as const);
  return { ...Object.fromEntries(first), ...value };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
