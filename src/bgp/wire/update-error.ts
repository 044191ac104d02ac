import type { MalformedAction } from '../api.ts';
import { ERROR, type Notification, notification } from './notification.ts';

export type { MalformedAction };

/** One thing wrong with an UPDATE, as data. */
export interface UpdateError {
  readonly action: MalformedAction;
  /** Type code of the attribute concerned, if one is. */
  readonly attribute: number | undefined;
  readonly reason: string;
  /** The NOTIFICATION for it, which is sent when the action is 'reset'. */
  readonly notification: Notification;
  /** The offending bytes, copied. */
  readonly bytes: Uint8Array;
}

export const NO_ERRORS: readonly UpdateError[] = Object.freeze([]);

/** A hostile message may hold thousands of errors; no more than this are reported. */
const MAX_ERRORS = 16;

const NO_BYTES = new Uint8Array(0);

export function updateError(
  action: MalformedAction,
  attribute: number | undefined,
  subcode: number,
  reason: string,
  bytes: Uint8Array = NO_BYTES,
  data: Uint8Array = NO_BYTES,
): UpdateError {
  return { action, attribute, reason, notification: notification(ERROR.UPDATE, subcode, data), bytes };
}

/** The error that decides: RST before W before D, the first of equals. Undefined when there is none. */
export function strongestError(errors: readonly UpdateError[]): UpdateError | undefined {
  let strongest: UpdateError | undefined;
  for (const error of errors) {
    if (strongest === undefined || RANK[error.action] > RANK[strongest.action]) strongest = error;
  }
  return strongest;
}

/** Whether `addError` would keep an error of this kind: to be asked before one is made, since most cost is in that. */
export function isWorthKeeping(errors: readonly UpdateError[], action: MalformedAction): boolean {
  if (errors.length < MAX_ERRORS) return true;
  return action !== 'discard' && RANK[action] > RANK[strongestError(errors)!.action];
}

/** Appends, or once the list is full replaces its last entry by a stronger one. */
export function addError(errors: UpdateError[], error: UpdateError): void {
  if (errors.length < MAX_ERRORS) errors.push(error);
  else if (RANK[error.action] > RANK[strongestError(errors)!.action]) errors[MAX_ERRORS - 1] = error;
}

const RANK: Readonly<Record<MalformedAction, number>> = { discard: 0, withdraw: 1, reset: 2 };
