import { randomUUID } from 'node:crypto';
import { reasonOf } from '../base/index.ts';
import { DatastoreUnavailable, type Store } from '../datastore/index.ts';
import { newResource } from '../model/index.ts';
import { type ConfigOptions, configOf } from './config.ts';
import { CommandError } from './errors.ts';
import type { Io } from './io.ts';
import type { Context } from './resources/actions.ts';
import { CLIENT_VERSION } from './version.ts';

/** The options that every command with a datastore has. */
export interface StoreOptions extends ConfigOptions {
  readonly allowVersionMismatch?: boolean | undefined;
}

/** Opens the store that configuration names, checks that the cluster is of our version, and closes it afterwards. */
export async function withStore<T>(io: Io, options: StoreOptions, use: (context: Context) => Promise<T>): Promise<T> {
  const store = await open(io, options);
  try {
    if (!options.allowVersionMismatch) await checkVersion(store);
    return await use({ store, clock: io.clock });
  } finally {
    await store.close();
  }
}

/** Opens it whatever the cluster's version is. */
export async function open(io: Io, options: StoreOptions): Promise<Store> {
  try {
    return await io.openStore(await configOf(io, options));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`failed to create Calico API client: ${reasonOf(error)}`, { cause: error });
  }
}

/** A cluster that nothing is known of yet has no version to differ from. */
async function checkVersion(store: Store): Promise<void> {
  const information = await store.get({ kind: 'ClusterInformation', name: 'default' }).catch((error: unknown) => {
    const message = `unable to get Cluster Information to verify version mismatch: ${reasonOf(error)}`;
    // Without a datastore it would not help to leave out the check.
    const advice = error instanceof DatastoreUnavailable ? '' : '\nUse --allow-version-mismatch to override.';
    throw new CommandError(message + advice, { cause: error });
  });
  const cluster = information?.spec.calicoVersion;
  if (!cluster || bare(cluster) === bare(CLIENT_VERSION)) return;
  throw new CommandError(
    `version mismatch.\nClient Version:   ${CLIENT_VERSION}\nCluster Version:  ${bare(cluster)}\n` +
      'Use --allow-version-mismatch to override',
  );
}

/** Without the `v` and what follows the first dash. */
function bare(version: string): string {
  return version.replace(/^v/, '').split('-')[0];
}

/** Writers leave a cluster that knows its own identity. Who may not write it, may still write other things. */
export async function ensureInitialized(store: Store): Promise<void> {
  try {
    const key = { kind: 'ClusterInformation', name: 'default' } as const;
    if ((await store.get(key)) !== undefined) return;
    const clusterGUID = randomUUID().replaceAll('-', '');
    const spec = { clusterGUID, calicoVersion: CLIENT_VERSION, datastoreReady: true };
    await store.create(newResource('ClusterInformation', { name: 'default' }, spec));
  } catch {
    // The write that the user asked for tells what is wrong, if it is the same thing.
  }
}
