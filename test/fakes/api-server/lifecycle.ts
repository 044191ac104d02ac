import { isDeepStrictEqual } from 'node:util';
import type { StoredObject } from './objects.ts';

/** An object as it stands after a write: who it is stays, and its generation counts the changes of all but its metadata. */
export function succeeding(was: StoredObject, next: StoredObject): StoredObject {
  const { uid, creationTimestamp, generation, deletionTimestamp } = was.metadata;
  const isChanged = !isDeepStrictEqual({ ...was, metadata: undefined }, { ...next, metadata: undefined });
  const metadata = {
    ...next.metadata,
    ...{ uid, creationTimestamp },
    ...(generation !== undefined && { generation: Number(generation) + Number(isChanged) }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  };
  return { ...next, metadata };
}

/** Whether a write changed nothing: it makes no revision, and nobody is told. */
export function isUnchanged(was: StoredObject, next: StoredObject): boolean {
  const bare = ({ metadata, ...rest }: StoredObject) => ({ ...rest, metadata: { ...metadata, resourceVersion: '' } });
  return isDeepStrictEqual(bare(was), bare(next));
}

/** What a deletion makes of an object that somebody has to finish with first; undefined where it goes at once. */
export function outgoing(was: StoredObject): StoredObject | undefined {
  const { finalizers = [], deletionTimestamp, generation } = was.metadata;
  if (finalizers.length === 0) return undefined;
  if (deletionTimestamp !== undefined) return was;
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const metadata = { ...was.metadata, deletionTimestamp: now, deletionGracePeriodSeconds: 0 };
  return { ...was, metadata: { ...metadata, generation: Number(generation) + 1 } };
}

/** Whether the last who had to finish with an object on its way out has done so. */
export function isFinished({ metadata: { finalizers = [], deletionTimestamp } }: StoredObject): boolean {
  return deletionTimestamp !== undefined && finalizers.length === 0;
}
