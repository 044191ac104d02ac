import { NotFound, type Store } from '../datastore/index.ts';
import type { ClusterInformation } from '../model/index.ts';
import { CommandError } from './errors.ts';

const KEY = { kind: 'ClusterInformation', name: 'default' } as const;

/** A locked datastore is one that is not ready: nodes leave it alone while it is moved or rebuilt. */
export async function isLocked(store: Store): Promise<boolean> {
  const information = await store.get(KEY);
  if (information === undefined) {
    throw new CommandError('error while checking if datastore was locked: error retrieving ClusterInformation');
  }
  return information.spec.datastoreReady === false;
}

export async function setLocked(store: Store, locked: boolean): Promise<ClusterInformation> {
  const information = await store.get(KEY);
  if (information === undefined) throw new NotFound('ClusterInformation(default)');
  return store.update<'ClusterInformation'>({
    ...information,
    spec: { ...information.spec, datastoreReady: !locked },
  });
}
