/**
 * datastore: where resources live.
 *
 * One door (`store.ts`), several engines behind it with the same contract: everything is compare-and-swap on a
 * revision, and a watch from a listing's revision misses nothing. `object.ts` is what they share; `change-log.ts`
 * is the watch of those engines that number their writes. Above them the `Syncer` turns list and watch into a
 * snapshot, deltas and one word: in-sync.
 */
export { checkedStore } from './checked-store.ts';
export { Compactor } from './compactor.ts';
export {
  type ConfigSources,
  type DatastoreConfig,
  defaultConfigFile,
  defaultSqlitePath,
  type EtcdConfig,
  type KubernetesConfig,
  readDatastoreConfig,
} from './config.ts';
export {
  AlreadyExists,
  DatastoreConfigError,
  DatastoreCorrupt,
  DatastoreFull,
  DatastoreLocked,
  DatastoreUnavailable,
  NotFound,
  OperationNotSupported,
  RevisionExpired,
  StoreError,
  Unauthorized,
  UpdateConflict,
} from './errors.ts';
export { type ClusterIdentity, ensureInitialized } from './initialize.ts';
export { DatastoreLock, refuseLocked } from './lock.ts';
export { MemoryDatabase, MemoryStore } from './memory/index.ts';
export type { KindStatus, SyncStatus, Update } from './news.ts';
export { keyOf, keyText, timestamp } from './object.ts';
export { type KubernetesApi, openKubernetesApi, openStore } from './open.ts';
export { type Rehearsal, type Rehearsed, rehearsal } from './rehearsal.ts';
export { DatastoreRoom } from './room.ts';
export { readSnapshot, type Snapshot, SnapshotRefused, SnapshotWriter } from './snapshot.ts';
export { type SqliteOptions, SqliteStore } from './sqlite/index.ts';
export type {
  History,
  Listing,
  ListOptions,
  NodeConditions,
  Portion,
  Precondition,
  Remark,
  Remarks,
  ResourceKey,
  SecretData,
  Secrets,
  ServiceCondition,
  ServiceStatuses,
  Store,
  StoreEvent,
  WriteAdmission,
} from './store.ts';
export { Syncer, type SyncerOptions } from './syncer.ts';
export { type Told, tellingStore } from './telling-store.ts';
export { exportLines, type ImportReport, importResources, readExport } from './transfer.ts';
export { refuseUnusable } from './usable.ts';
