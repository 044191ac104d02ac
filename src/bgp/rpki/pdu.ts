import type { Prefix } from '../../base/index.ts';

/**
 * The messages of RPKI-to-router, version 1 (RFC 8210 §5) and 0 (RFC 6810 §5). Each begins with
 *
 *     version (1) | type (1) | session, flags or error code (2) | length of the whole (4)
 */
export const RTR_TYPE = {
  SERIAL_NOTIFY: 0,
  SERIAL_QUERY: 1,
  RESET_QUERY: 2,
  CACHE_RESPONSE: 3,
  IPV4_PREFIX: 4,
  IPV6_PREFIX: 6,
  END_OF_DATA: 7,
  CACHE_RESET: 8,
  ROUTER_KEY: 9,
  ERROR_REPORT: 10,
} as const;

/** Error codes (RFC 8210 §12). All but NO_DATA are fatal to the session. */
export const RTR_ERROR = {
  CORRUPT_DATA: 0,
  INTERNAL: 1,
  NO_DATA: 2,
  INVALID_REQUEST: 3,
  UNSUPPORTED_VERSION: 4,
  UNSUPPORTED_TYPE: 5,
  UNKNOWN_WITHDRAWN: 6,
  DUPLICATE: 7,
  UNEXPECTED_VERSION: 8,
} as const;

export const RTR_HEADER = 8;

/** Octets of the longest message that is taken: an Error Report that quotes another one and says why. */
export const RTR_LONGEST = 65_536;

export type RtrVersion = 0 | 1;

/** A validated ROA payload (RFC 6811 §2): `asn` may announce the prefix and what is in it, down to `maxLength`. */
export interface ValidatedPayload {
  readonly prefix: Prefix;
  readonly maxLength: number;
  /** 0: nobody may (RFC 6483 §4). */
  readonly asn: number;
}

/** Seconds (RFC 8210 §6). */
export interface RtrIntervals {
  /** From one query to the next while all is well. */
  readonly refresh: number;
  /** From a failed query to the next. */
  readonly retry: number;
  /** How long data is good for without a word from the cache. */
  readonly expire: number;
}

export type RtrPdu = { readonly version: RtrVersion } & (
  | { readonly kind: 'serial-notify' | 'serial-query'; readonly sessionId: number; readonly serial: number }
  | { readonly kind: 'reset-query' | 'cache-reset' }
  | { readonly kind: 'router-key' }
  | { readonly kind: 'cache-response'; readonly sessionId: number }
  | { readonly kind: 'prefix'; readonly announce: boolean; readonly payload: ValidatedPayload }
  | {
      readonly kind: 'end-of-data';
      readonly sessionId: number;
      readonly serial: number;
      /** Not in version 0. */
      readonly intervals?: RtrIntervals;
    }
  | { readonly kind: 'error-report'; readonly code: number; readonly quoted: Uint8Array; readonly text: string }
);
