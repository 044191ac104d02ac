import type { ObjectMeta, Resource } from '../../model/index.ts';
import type { Result } from './result.ts';

const OF_THE_CLUSTER = new Set([
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
]);

/** The objects without what only this cluster gave them, fit to be created elsewhere. */
export function exported(result: Result): Result {
  return {
    ...result,
    items: result.items.map((item): Resource => ({ ...item, metadata: bareMetadata(item.metadata) })),
  };
}

function bareMetadata(metadata: ObjectMeta): ObjectMeta {
  const kept = Object.entries(metadata).filter(([key]) => !OF_THE_CLUSTER.has(key));
  return { ...Object.fromEntries(kept), name: metadata.name };
}
