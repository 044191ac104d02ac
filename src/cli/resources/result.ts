import { API_VERSION, type KindName, type Resource } from '../../model/index.ts';
import { encoded, filled } from '../go-types/index.ts';

/** The result of one request to the store: an object, or a list of one kind. */
export interface Result {
  readonly kind: KindName;
  readonly items: readonly Resource[];
  /** The store's revision at the moment of the listing; absent for a single object. */
  readonly revision?: string;
}

/** The API object that stands for a result: the object itself, or its kind's list. */
export function asApiObject(result: Result): unknown {
  return asObject(result, encoded);
}

/** The same for a template, which sees the fields that are not set too. */
export function asTemplateObject(result: Result): unknown {
  return asObject(result, filled);
}

function asObject({ kind, items, revision }: Result, shown: (resource: Resource) => Resource): unknown {
  if (revision === undefined) return items[0] && shown(items[0]);
  const metadata = { resourceVersion: revision };
  return { kind: `${kind}List`, apiVersion: API_VERSION, metadata, items: items.map(shown) };
}
