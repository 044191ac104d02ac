import type { KindName, ResourceOf } from '../model/index.ts';
import type { ResourceKey } from './store.ts';

/**
 * `wait`: the datastore can't be reached for some kind; `resync`: some kind is being listed; `in-sync`: all kinds
 * have been delivered in full, and changes follow.
 */
export type SyncStatus = 'wait' | 'resync' | 'in-sync';

/**
 * The object as it is now, as far as it can be understood (the model's `read`); undefined when it is gone, or nothing
 * of it could ever be understood.
 */
export interface Update<Kind extends KindName = KindName> {
  readonly key: ResourceKey<Kind>;
  readonly resource: ResourceOf<Kind> | undefined;
  /** The store has gone back to an earlier state: an older version than that which was told before counts too. */
  readonly isAnyVersion?: boolean;
}

/** The faults of an object that is stored but breaks its kind's rules: the fields, and what holds instead. */
export interface InvalidObject {
  readonly key: ResourceKey;
  readonly problem: string;
}

/** How one kind is doing. */
export interface KindStatus {
  readonly kind: KindName;
  readonly status: SyncStatus;
  readonly objects: number;
  /** By the key's text. */
  readonly invalid: ReadonlyMap<string, InvalidObject>;
  /** Milliseconds since the datastore last answered for this kind; undefined when it never has, or has no such kind. */
  readonly age: number | undefined;
  /** Why it isn't in sync. */
  readonly failure: string | undefined;
}
