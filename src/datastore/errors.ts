import { VRouterError } from '../base/index.ts';

/** Every failure of a store. `code` tells which; `key` names the object as Calico prints it: `IPPool(name)`. */
export class StoreError extends VRouterError {}

export class NotFound extends StoreError {
  constructor(key: string, cause?: string) {
    super('NOT_FOUND', `resource does not exist: ${key}${cause === undefined ? '' : ` with error: ${cause}`}`);
  }
}

export class AlreadyExists extends StoreError {
  constructor(key: string) {
    super('ALREADY_EXISTS', `resource already exists: ${key}`);
  }
}

export class UpdateConflict extends StoreError {
  constructor(key: string) {
    super('CONFLICT', `update conflict: ${key}`);
  }
}

export class RevisionExpired extends StoreError {
  constructor(revision: string) {
    super('EXPIRED', `revision ${revision} is no longer available: list again`);
  }
}

/**
 * The same, because the store has been restored from a backup: what it says now need not be newer than what is known.
 */
export class StoreRestored extends RevisionExpired {}

export class DatastoreUnavailable extends StoreError {
  constructor(reason: string, options?: ErrorOptions) {
    super('UNAVAILABLE', `the datastore can't be reached: ${reason}`, options);
  }
}

/** It answers, and has no room for what is to be written: try again when somebody has made some. */
export class DatastoreFull extends DatastoreUnavailable {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.message = `the datastore takes no writes: ${reason}`;
  }
}

/** The datastore is there, but is to be left alone while somebody moves or rebuilds it. */
export class DatastoreLocked extends StoreError {
  constructor(reason: string) {
    super('LOCKED', reason);
  }
}

export class OperationNotSupported extends StoreError {
  constructor(operation: string, key: string, reason?: string) {
    super(
      'NOT_SUPPORTED',
      `operation ${operation} is not supported on ${key}${reason === undefined ? '' : `: ${reason}`}`,
    );
  }
}

/** The stored data can't be read. Nothing is changed; a person must look. */
export class DatastoreCorrupt extends StoreError {
  constructor(where: string, reason: string, advice: string, options?: ErrorOptions) {
    super('CORRUPT', `${where} is damaged: ${reason}. Nothing was changed. ${advice}`, options);
  }
}

/** The store refuses us: wrong or missing credentials, or rights. */
export class Unauthorized extends StoreError {
  constructor(reason: string) {
    super('UNAUTHORIZED', `connection is unauthorized: ${reason}`);
  }
}

/** A setting of the datastore that is wrong or missing. */
export class DatastoreConfigError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super('CONFIG', message, options);
  }
}
