import { AlreadyExists, DatastoreUnavailable, NotFound, StoreError, UpdateConflict } from '../errors.ts';
import { keyText } from '../object.ts';
import type { ResourceKey } from '../store.ts';
import { Refused } from './client.ts';

/** The API server knows no such collection, or no such object in it. */
export function isUnknownKind(error: unknown): boolean {
  return error instanceof Refused && error.status.code === 404;
}

/** A collection that isn't there: the custom resource definitions are missing. */
export function rejectUnknownKind(error: unknown): never {
  if (!(error instanceof Refused)) throw error;
  throw new DatastoreUnavailable(`the cluster doesn't know this kind, apply deploy/crds: ${error.message}`);
}

/** A refusal in the words of a store. */
export function meaning(key: ResourceKey, error: unknown): unknown {
  if (!(error instanceof Refused)) return error;
  const { code, reason, message = '', details } = error.status;
  if (code === 409)
    return reason === 'AlreadyExists' ? new AlreadyExists(keyText(key)) : new UpdateConflict(keyText(key));
  // A patch of an object that has another uid by now: another was made under its name.
  if (code === 422 && details?.causes?.some(({ field }) => field === 'metadata.uid'))
    return new UpdateConflict(keyText(key));
  if (code === 422) return new StoreError('INVALID', `the API server finds ${keyText(key)} invalid: ${message}`);
  // Of an object that is not there it says so in a Status; of a path that is not there, on a plain page.
  if (reason === undefined || /the server could not find the requested resource/.test(message)) {
    const advice = `the cluster doesn't know this kind: apply deploy/crds`;
    return new NotFound(keyText(key), advice);
  }
  return new NotFound(keyText(key), message);
}
