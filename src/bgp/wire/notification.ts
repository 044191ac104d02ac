import { emptyFrame, HEADER_LENGTH, MESSAGE } from './message.ts';

/** The contents of a NOTIFICATION (RFC 4271 §4.5), which is also a decoder's answer to bad bytes. */
export interface Notification {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

export const ERROR = {
  MESSAGE_HEADER: 1,
  OPEN: 2,
  UPDATE: 3,
  HOLD_TIMER_EXPIRED: 4,
  FSM: 5,
  CEASE: 6,
  ROUTE_REFRESH: 7,
  SEND_HOLD_TIMER_EXPIRED: 8,
} as const;

export const HEADER_ERROR = { NOT_SYNCHRONIZED: 1, BAD_LENGTH: 2, BAD_TYPE: 3 } as const;

export const OPEN_ERROR = {
  UNSPECIFIC: 0,
  UNSUPPORTED_VERSION: 1,
  BAD_PEER_AS: 2,
  BAD_BGP_IDENTIFIER: 3,
  UNSUPPORTED_OPTIONAL_PARAMETER: 4,
  UNACCEPTABLE_HOLD_TIME: 6,
  UNSUPPORTED_CAPABILITY: 7,
  ROLE_MISMATCH: 11,
} as const;

export const UPDATE_ERROR = {
  MALFORMED_ATTRIBUTE_LIST: 1,
  UNRECOGNIZED_WELL_KNOWN: 2,
  MISSING_WELL_KNOWN: 3,
  ATTRIBUTE_FLAGS: 4,
  ATTRIBUTE_LENGTH: 5,
  INVALID_ORIGIN: 6,
  INVALID_NEXT_HOP: 8,
  OPTIONAL_ATTRIBUTE: 9,
  INVALID_NETWORK_FIELD: 10,
  MALFORMED_AS_PATH: 11,
} as const;

export const FSM_ERROR = { UNSPECIFIC: 0, IN_OPEN_SENT: 1, IN_OPEN_CONFIRM: 2, IN_ESTABLISHED: 3 } as const;

export const CEASE = {
  MAX_PREFIXES: 1,
  ADMINISTRATIVE_SHUTDOWN: 2,
  PEER_DECONFIGURED: 3,
  ADMINISTRATIVE_RESET: 4,
  CONNECTION_REJECTED: 5,
  OTHER_CONFIGURATION_CHANGE: 6,
  CONNECTION_COLLISION: 7,
  OUT_OF_RESOURCES: 8,
  HARD_RESET: 9,
  BFD_DOWN: 10,
} as const;

export const ROUTE_REFRESH_ERROR = { INVALID_MESSAGE_LENGTH: 1 } as const;

interface ErrorText {
  readonly name: string;
  readonly subcodes: Readonly<Record<number, string>>;
}

/** The IANA registry of error codes and subcodes, deprecated ones included since old peers still send them. */
export const ERROR_TEXTS: Readonly<Record<number, ErrorText>> = {
  1: {
    name: 'message header error',
    subcodes: { 1: 'connection not synchronized', 2: 'bad message length', 3: 'bad message type' },
  },
  2: {
    name: 'OPEN message error',
    subcodes: {
      1: 'unsupported version number',
      2: 'bad peer AS',
      3: 'bad BGP identifier',
      4: 'unsupported optional parameter',
      5: 'authentication failure (deprecated)',
      6: 'unacceptable hold time',
      7: 'unsupported capability',
      11: 'role mismatch',
    },
  },
  3: {
    name: 'UPDATE message error',
    subcodes: {
      1: 'malformed attribute list',
      2: 'unrecognized well-known attribute',
      3: 'missing well-known attribute',
      4: 'attribute flags error',
      5: 'attribute length error',
      6: 'invalid ORIGIN attribute',
      7: 'AS routing loop (deprecated)',
      8: 'invalid NEXT_HOP attribute',
      9: 'optional attribute error',
      10: 'invalid network field',
      11: 'malformed AS_PATH',
    },
  },
  4: { name: 'hold timer expired', subcodes: {} },
  5: {
    name: 'finite state machine error',
    subcodes: {
      1: 'unexpected message in OpenSent',
      2: 'unexpected message in OpenConfirm',
      3: 'unexpected message in Established',
    },
  },
  6: {
    name: 'cease',
    subcodes: {
      1: 'maximum number of prefixes reached',
      2: 'administrative shutdown',
      3: 'peer de-configured',
      4: 'administrative reset',
      5: 'connection rejected',
      6: 'other configuration change',
      7: 'connection collision resolution',
      8: 'out of resources',
      9: 'hard reset',
      10: 'BFD down',
    },
  },
  7: { name: 'ROUTE-REFRESH message error', subcodes: { 1: 'invalid message length' } },
  8: { name: 'send hold timer expired', subcodes: {} },
};

const NO_DATA = new Uint8Array(0);

export function notification(code: number, subcode = 0, data: Uint8Array | readonly number[] = NO_DATA): Notification {
  return { code, subcode, data: data instanceof Uint8Array ? data : Uint8Array.from(data) };
}

/** A whole NOTIFICATION message. Data that would not fit 4,096 octets is cut. */
export function encodeNotification({ code, subcode, data }: Notification): Uint8Array {
  const kept = Math.min(data.length, 4096 - HEADER_LENGTH - 2);
  const bytes = emptyFrame(MESSAGE.NOTIFICATION, 2 + kept);
  bytes[HEADER_LENGTH] = code;
  bytes[HEADER_LENGTH + 1] = subcode;
  if (kept > 0) bytes.set(data.subarray(0, kept), HEADER_LENGTH + 2);
  return bytes;
}

/** Reads the whole message at `start`; framing has checked that it holds at least 21 octets. The data is a copy. */
export function decodeNotification(bytes: Uint8Array, start: number, end: number): Notification {
  const body = start + HEADER_LENGTH;
  return notification(bytes[body], bytes[body + 1], bytes.slice(body + 2, end));
}

/**
 * One line for logs: `cease: administrative shutdown: "maintenance until 04:00"`. Never empty, whatever the numbers.
 */
export function notificationText(error: Notification): string {
  const known = ERROR_TEXTS[error.code];
  const parts = [known?.name ?? `error code ${error.code}`];
  if (error.subcode !== 0) parts.push(known?.subcodes[error.subcode] ?? `subcode ${error.subcode}`);
  const inner = hardResetReason(error);
  if (inner !== undefined) parts.push(notificationText(inner));
  const message = shutdownCommunication(error);
  if (message !== undefined) parts.push(JSON.stringify(message));
  return parts.join(': ');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The shutdown communication of RFC 9003 in a Cease 2 or 4, or undefined when there is none, or when its length or
 * UTF-8 is wrong: such a message must not be interpreted.
 */
export function shutdownCommunication({ code, subcode, data }: Notification): string | undefined {
  if (code !== ERROR.CEASE) return undefined;
  if (subcode !== CEASE.ADMINISTRATIVE_SHUTDOWN && subcode !== CEASE.ADMINISTRATIVE_RESET) return undefined;
  if (data.length < 2 || data[0] !== data.length - 1) return undefined;
  try {
    return utf8.decode(data.subarray(1));
  } catch {
    return undefined;
  }
}

/**
 * Data of a Cease 2 or 4 with a text, cut to `limit` octets of UTF-8 at a character's border. Pass 128 for peers of RFC
 * 8203.
 */
export function shutdownData(text: string, limit = 255): Uint8Array {
  const encoded = new TextEncoder().encode(text);
  let kept = Math.min(encoded.length, limit);
  while (kept < encoded.length && kept > 0 && (encoded[kept] & 0xc0) === 0x80) kept--;
  const data = new Uint8Array(1 + kept);
  data[0] = kept;
  data.set(encoded.subarray(0, kept), 1);
  return data;
}

/** Wraps the real reason in a Hard Reset (RFC 8538 §3): the peer flushes routes despite graceful restart. */
export function hardReset(reason: Notification): Notification {
  return notification(ERROR.CEASE, CEASE.HARD_RESET, [reason.code, reason.subcode, ...reason.data]);
}

/** The reason inside a Hard Reset, or undefined. A Hard Reset within a Hard Reset is not unwrapped. */
export function hardResetReason({ code, subcode, data }: Notification): Notification | undefined {
  if (code !== ERROR.CEASE || subcode !== CEASE.HARD_RESET || data.length < 2) return undefined;
  if (data[0] === ERROR.CEASE && data[1] === CEASE.HARD_RESET) return undefined;
  return notification(data[0], data[1], data.subarray(2));
}
