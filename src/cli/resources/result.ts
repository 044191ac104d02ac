import { API_VERSION, type KindName, type Resource } from '../../model/index.ts';

/** What one request to the store gave: an object, or a list of one kind. */
export interface Result {
  readonly kind: KindName;
  readonly items: readonly Resource[];
  /** The store's revision at the moment of the listing; absent for a single object. */
  readonly revision?: string;
}

/** The API object that stands for a result: the object itself, or its kind's list. */
export function asApiObject({ kind, items, revision }: Result): unknown {
  if (revision === undefined) return items[0];
  return { kind: `${kind}List`, apiVersion: API_VERSION, metadata: { resourceVersion: revision }, items };
}
