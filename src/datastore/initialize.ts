import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { builtInTiers, newResource } from '../model/index.ts';
import { AlreadyExists, Unauthorized, UpdateConflict } from './errors.ts';
import type { Store } from './store.ts';

export interface ClusterIdentity {
  /** The version in the ClusterInformation afterwards; absent: it stays as it is. */
  readonly calicoVersion?: string;
  /** A comma list (`k8s,bgp`), added to what is there. */
  readonly clusterType?: string;
}

/**
 * Makes of an empty store one that Calico's components work with: the cluster's identity, and the tiers that are always
 * there. Fills in what is missing only; a locked datastore stays locked. Safe against others who do the same.
 */
export async function ensureInitialized(store: Store, identity: ClusterIdentity): Promise<void> {
  await ensureClusterInformation(store, identity);
  await ensureTiers(store);
}

async function ensureClusterInformation(store: Store, { calicoVersion, clusterType }: ClusterIdentity): Promise<void> {
  for (;;) {
    const found = await store.get({ kind: 'ClusterInformation', name: 'default' });
    const types = new Set([...(found?.spec.clusterType ?? '').split(','), ...(clusterType ?? '').split(',')]);
    const type = [...types].filter((word) => word !== '').join(',');
    const spec = {
      clusterGUID: randomUUID().replaceAll('-', ''),
      datastoreReady: true,
      ...found?.spec,
      ...(type !== '' && { clusterType: type }),
      ...(calicoVersion && { calicoVersion }),
    };
    if (found !== undefined && isDeepStrictEqual({ ...found.spec }, spec)) return;
    try {
      if (found === undefined) await store.create(newResource('ClusterInformation', { name: 'default' }, spec));
      else await store.update<'ClusterInformation'>({ ...found, spec });
      return;
    } catch (error) {
      if (!(error instanceof AlreadyExists || error instanceof UpdateConflict)) throw error;
    }
  }
}

/** Without the right to make tiers the start goes on: they order policies alone. */
async function ensureTiers(store: Store): Promise<void> {
  for (const [name, spec] of Object.entries(builtInTiers)) {
    try {
      await store.create(newResource('Tier', { name }, spec));
    } catch (error) {
      if (!(error instanceof AlreadyExists || error instanceof Unauthorized)) throw error;
    }
  }
}
