import type { Clock } from '../../base/index.ts';
import type { DatastoreConfig, Store } from '../../datastore/index.ts';

/** Where a command acts. */
export interface Context {
  readonly store: Store;
  readonly clock: Clock;
  readonly datastoreType: DatastoreConfig['type'];
}
