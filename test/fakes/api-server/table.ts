import type { Definition } from './definitions.ts';
import type { StoredObject } from './objects.ts';

/** What `kubectl get` prints: the columns of the definition, and those that every kind has. */
export function tableOf(answer: object, definition: Definition | undefined): object {
  const list = answer as { readonly items?: readonly StoredObject[]; readonly metadata: object };
  const items = list.items ?? [answer as StoredObject];
  const columns = definition?.spec.versions[0].additionalPrinterColumns ?? [
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ];
  const name = { name: 'Name', type: 'string', format: 'name' };
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: list.items === undefined ? {} : list.metadata,
    columnDefinitions: [name, ...columns.map(({ name, type }) => ({ name, type, format: '' }))],
    rows: items.map((item) => ({
      cells: [item.metadata.name, ...columns.map(({ type, jsonPath }) => cellOf(type, at(item, jsonPath)))],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: item.metadata },
    })),
  };
}

function at(object: unknown, path: string): unknown {
  let value = object;
  for (const step of path.split('.').slice(1)) value = (value as Record<string, unknown> | undefined)?.[step];
  return value;
}

/** A column shows what is of its type, and a text shows anything. */
function cellOf(type: string, value: unknown): unknown {
  if (type === 'date') return value ?? null;
  if (type === 'string') return value === undefined ? null : String(value);
  return typeof value === (type === 'boolean' ? 'boolean' : 'number') ? value : null;
}
