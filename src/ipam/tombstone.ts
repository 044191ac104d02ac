import type { Store } from '../datastore/index.ts';
import type { BlockAffinity, IPAMBlock, IPAMHandle } from '../model/index.ts';
import { lostRace } from './conflict.ts';

/**
 * Calico deletes these objects in two steps on Kubernetes: it marks them `deleted`, then deletes them. Whoever finds
 * a marked one finishes the work, for its author may have died, and goes on as if it weren't there.
 */
export async function unlessDeleted<Kind extends IPAMBlock | IPAMHandle | BlockAffinity>(
  store: Store,
  found: Kind | undefined,
): Promise<Kind | undefined> {
  if (found?.spec.deleted !== true) return found;
  const { name, uid, resourceVersion } = found.metadata;
  try {
    await store.delete({ kind: found.kind, name }, { uid, resourceVersion });
  } catch (error) {
    if (!lostRace(error)) throw error;
  }
  return undefined;
}
