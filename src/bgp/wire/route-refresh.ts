import { frame, HEADER_LENGTH, MESSAGE } from './message.ts';
import { ERROR, type Notification, notification, ROUTE_REFRESH_ERROR } from './notification.ts';

/** Subtypes 0, 1 and 2 of RFC 2918 and 7313; others must be ignored. */
export const REFRESH_SUBTYPES = ['request', 'begin', 'end'] as const;

export type RefreshSubtype = (typeof REFRESH_SUBTYPES)[number];

/**
 *     +---------------+---------------+---------------+---------------+
 *     |              AFI              |    Subtype    |     SAFI      |
 *     +---------------+---------------+---------------+---------------+
 */
export interface RouteRefresh {
  readonly kind: 'route-refresh';
  readonly afi: number;
  readonly safi: number;
  /** Undefined for a subtype nobody has defined: the message is to be ignored. */
  readonly subtype: RefreshSubtype | undefined;
}

export type RouteRefreshResult = RouteRefresh | { readonly kind: 'malformed'; readonly error: Notification };

export function encodeRouteRefresh(afi: number, safi: number, subtype: RefreshSubtype = 'request'): Uint8Array {
  return frame(MESSAGE.ROUTE_REFRESH, Uint8Array.of(afi >>> 8, afi, REFRESH_SUBTYPES.indexOf(subtype), safi));
}

/** Reads the whole message at `start`. A wrong length is answered with the whole message (RFC 7313 §5). */
export function decodeRouteRefresh(bytes: Uint8Array, start: number, end: number): RouteRefreshResult {
  const body = start + HEADER_LENGTH;
  const length = end - body;
  const subtype = length < 4 ? undefined : REFRESH_SUBTYPES[bytes[body + 2]];
  // A request may carry outbound route filters (RFC 5291) behind its four octets; they were not negotiated, so they count for nothing.
  if (length < 4 || (length > 4 && (subtype === 'begin' || subtype === 'end'))) {
    const data = bytes.slice(start, end);
    return {
      kind: 'malformed',
      error: notification(ERROR.ROUTE_REFRESH, ROUTE_REFRESH_ERROR.INVALID_MESSAGE_LENGTH, data),
    };
  }
  return { kind: 'route-refresh', afi: (bytes[body] << 8) | bytes[body + 1], safi: bytes[body + 3], subtype };
}
