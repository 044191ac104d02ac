import { reasonOf } from '../base/index.ts';
import { type DatastoreConfig, DatastoreUnavailable, ensureInitialized, type Store } from '../datastore/index.ts';
import { type ConfigOptions, configOf } from './config.ts';
import { CommandError } from './errors.ts';
import type { Io } from './io.ts';
import type { Context } from './resources/context.ts';
import { CLIENT_VERSION } from './version.ts';

/** The options that every command with a datastore has. */
export interface StoreOptions extends ConfigOptions {
  readonly allowVersionMismatch?: boolean | undefined;
}

/** Opens the store that configuration names, checks that the cluster is of our version, and closes it afterwards. */
export async function withStore<T>(io: Io, options: StoreOptions, use: (context: Context) => Promise<T>): Promise<T> {
  const config = await configured(io, options);
  const store = await opened(io, config);
  try {
    if (!options.allowVersionMismatch) await checkVersion(store);
    return await use({ store, clock: io.clock, datastoreType: config.type });
  } finally {
    await store.close();
  }
}

/** Opens it whatever the cluster's version is. */
export async function open(io: Io, options: StoreOptions): Promise<Store> {
  return opened(io, await configured(io, options));
}

function configured(io: Io, options: StoreOptions): Promise<DatastoreConfig> {
  return asClientError(() => configOf(io, options));
}

function opened(io: Io, config: DatastoreConfig): Promise<Store> {
  return asClientError(() => io.openStore(config));
}

async function asClientError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
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

/**
 * Writers leave a datastore that knows its own identity, and has the tiers that are always there. We don't know the
 * cluster's version: its nodes tell. Who may not write this, may still write other things.
 */
export async function tryEnsureInitialized({ store, datastoreType }: Context): Promise<void> {
  try {
    await ensureInitialized(store, datastoreType === 'kubernetes' ? { clusterType: 'kdd' } : {});
  } catch {
    // The write that the user asked for tells what is wrong, if it is the same thing.
  }
}
