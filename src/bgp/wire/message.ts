/**
 * The fixed header of every BGP message (RFC 4271 §4.1):
 *
 *      0                   1                   2                   3
 *     +---------------------------------------------------------------+
 *     |                    Marker (16 octets, all ones)               |
 *     +-------------------------------+---------------+---------------+
 *     |            Length             |     Type      |
 *     +-------------------------------+---------------+
 */
export const HEADER_LENGTH = 19;

/** The longest message without, and with, RFC 8654. OPEN and KEEPALIVE never exceed the first. */
export const MAX_MESSAGE = 4096;
export const MAX_EXTENDED_MESSAGE = 65535;

export const MESSAGE = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4, ROUTE_REFRESH: 5 } as const;

export type MessageType = (typeof MESSAGE)[keyof typeof MESSAGE];

/** A whole message around a body. */
export function frame(type: MessageType, body: Uint8Array): Uint8Array {
  const bytes = emptyFrame(type, body.length);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

/** A whole message whose body of so many octets is still to be written. */
export function emptyFrame(type: MessageType, octets: number): Uint8Array {
  const length = HEADER_LENGTH + octets;
  const bytes = new Uint8Array(length);
  bytes.fill(0xff, 0, 16);
  bytes[16] = length >>> 8;
  bytes[17] = length;
  bytes[18] = type;
  return bytes;
}
