import type { Family } from '../../base/index.ts';
import type { AddressFamily } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import { FLAG, OPTIONAL_NON_TRANSITIVE, valueEnd, WELL_KNOWN } from './attribute/row.ts';
import { ATTRIBUTE } from './attribute/table.ts';
import { afiSafi, ipFamily } from './family.ts';
import { frame, HEADER_LENGTH, MAX_EXTENDED_MESSAGE, MAX_MESSAGE, MESSAGE } from './message.ts';
import { narrowAttributes } from './old-speaker.ts';
import type { Slab } from './slab.ts';

/**
 * All that the bytes of an UPDATE depend on beside routes. Peers whose records are equal can be sent the same bytes,
 * so a key made of it (with what policy adds) is the key of an export group.
 */
export interface UpdateEncoding {
  readonly family: AddressFamily;
  /** AS numbers of four octets; else AS_TRANS and AS4_PATH (RFC 6793). */
  readonly fourOctetAs: boolean;
  /** Path identifiers before each prefix (RFC 7911). */
  readonly addPath: boolean;
  /** Octets in a message: 4,096 or 65,535. */
  readonly maxMessage: number;
  /** Put IPv4 into MP_REACH and MP_UNREACH too. IPv6, and IPv4 with an IPv6 next hop, are there anyhow. */
  readonly multiprotocol: boolean;
}

export function updateEncoding(session: Negotiated, family: AddressFamily): UpdateEncoding {
  return Object.freeze({
    family,
    fourOctetAs: session.fourOctetAs,
    addPath: session.addPathSend.includes(family),
    maxMessage: session.extendedMessages ? MAX_EXTENDED_MESSAGE : MAX_MESSAGE,
    multiprotocol: family !== 'ipv4-unicast',
  });
}

/** Where prefixes are read by their number; base's `PrefixTable` is one. */
export interface PrefixSource {
  address(index: number, word?: number): number;
  length(index: number): number;
}

/** Numbers of prefixes to encode: entries `from … to` of `indices`, and their path identifiers at the same places. */
export interface PrefixList {
  readonly source: PrefixSource;
  readonly indices: ArrayLike<number>;
  readonly from: number;
  readonly to: number;
  readonly pathIds?: ArrayLike<number>;
}

/** The largest NLRI entry: path identifier, length, 16 octets. */
const MAX_ENTRY = 4 + 1 + 16;

/**
 * Appends as many full UPDATEs as announcing the prefixes takes, all with the same attributes, and returns how many.
 * `canonical` are attribute bytes without next hop; `nextHop` has 4, 16 or 32 octets in network order. MP_REACH comes
 * first in its message (RFC 7606 §5.1). Returns 0 when the attributes leave no room for a prefix in the peer's
 * messages: such a route can't be announced, and what was announced before has to be withdrawn (RFC 8654 §4).
 */
export function encodeAnnouncements(
  out: Slab,
  encoding: UpdateEncoding,
  canonical: Uint8Array,
  nextHop: Uint8Array,
  prefixes: PrefixList,
): number {
  const mp = encoding.multiprotocol || nextHop.length !== 4;
  const attributes = encoding.fourOctetAs ? canonical : narrowAttributes(canonical);
  // Header, two lengths, NEXT_HOP; or for MP_REACH its own header, AFI, SAFI, next hop with length, reserved octet.
  const overhead = HEADER_LENGTH + 4 + attributes.length + (mp ? 4 + 5 + nextHop.length : NEXT_HOP_LENGTH);
  if (overhead + MAX_ENTRY > encoding.maxMessage) return 0;
  let next = prefixes.from;
  let messages = 0;
  while (next < prefixes.to) {
    next = mp
      ? announceMp(out, encoding, attributes, nextHop, prefixes, next)
      : announceClassic(out, encoding, attributes, nextHop, prefixes, next);
    messages++;
  }
  return messages;
}

function announceClassic(
  out: Slab,
  encoding: UpdateEncoding,
  attributes: Uint8Array,
  nextHop: Uint8Array,
  prefixes: PrefixList,
  from: number,
): number {
  const start = out.reserve(encoding.maxMessage);
  const { bytes } = out;
  const at = put16(bytes, put16(bytes, start + HEADER_LENGTH, 0), attributes.length + NEXT_HOP_LENGTH);
  const nlri = putWithNextHop(bytes, at, attributes, nextHop);
  const next = fill(out, nlri, start + encoding.maxMessage, 4, encoding.addPath, prefixes, from);
  out.close(start, MESSAGE.UPDATE);
  return next;
}

function announceMp(
  out: Slab,
  encoding: UpdateEncoding,
  attributes: Uint8Array,
  nextHop: Uint8Array,
  prefixes: PrefixList,
  from: number,
): number {
  const start = out.reserve(encoding.maxMessage);
  const { bytes } = out;
  const lengthAt = put16(bytes, start + HEADER_LENGTH, 0);
  let at = putMpHeader(bytes, lengthAt + 2, ATTRIBUTE.MP_REACH, encoding.family);
  bytes[at++] = nextHop.length;
  at = copy(nextHop, 0, nextHop.length, bytes, at);
  bytes[at++] = 0;
  const limit = start + encoding.maxMessage - attributes.length;
  const next = fill(out, at, limit, ipFamily(encoding.family), encoding.addPath, prefixes, from);
  put16(bytes, lengthAt + 4, out.length - lengthAt - 6);
  out.length = copy(attributes, 0, attributes.length, bytes, out.length);
  put16(bytes, lengthAt, out.length - lengthAt - 2);
  out.close(start, MESSAGE.UPDATE);
  return next;
}

/** Appends as many full UPDATEs as withdrawing the prefixes takes, and returns how many. */
export function encodeWithdrawals(out: Slab, encoding: UpdateEncoding, prefixes: PrefixList): number {
  let next = prefixes.from;
  let messages = 0;
  while (next < prefixes.to) {
    const start = out.reserve(encoding.maxMessage);
    const { bytes } = out;
    const limit = start + encoding.maxMessage;
    const body = start + HEADER_LENGTH;
    if (encoding.multiprotocol) {
      put16(bytes, body, 0);
      const at = putMpHeader(bytes, body + 4, ATTRIBUTE.MP_UNREACH, encoding.family);
      next = fill(out, at, limit, ipFamily(encoding.family), encoding.addPath, prefixes, next);
      put16(bytes, body + 6, out.length - body - 8);
      put16(bytes, body + 2, out.length - body - 4);
    } else {
      next = fill(out, body + 2, limit - 2, 4, encoding.addPath, prefixes, next);
      put16(bytes, body, out.length - body - 2);
      out.length = put16(bytes, out.length, 0);
    }
    out.close(start, MESSAGE.UPDATE);
    messages++;
  }
  return messages;
}

/** The End-of-RIB marker (RFC 4724 §2): an empty UPDATE for IPv4, an empty MP_UNREACH for others. */
export function encodeEndOfRib(family: AddressFamily): Uint8Array {
  if (family === 'ipv4-unicast') return frame(MESSAGE.UPDATE, new Uint8Array(4));
  const { afi, safi } = afiSafi(family);
  return frame(
    MESSAGE.UPDATE,
    Uint8Array.of(0, 0, 0, 6, OPTIONAL_NON_TRANSITIVE, ATTRIBUTE.MP_UNREACH, 3, 0, afi, safi),
  );
}

/** The attribute NEXT_HOP, header and value. */
const NEXT_HOP_LENGTH = 7;

/** Writes attributes with NEXT_HOP at its place in the order of types; returns where they end. */
function putWithNextHop(bytes: Uint8Array, to: number, attributes: Uint8Array, nextHop: Uint8Array): number {
  let split = 0;
  while (split < attributes.length && attributes[split + 1] < ATTRIBUTE.NEXT_HOP) {
    split = valueEnd(attributes, split);
  }
  const at = copy(attributes, 0, split, bytes, to);
  bytes[at] = WELL_KNOWN;
  bytes[at + 1] = ATTRIBUTE.NEXT_HOP;
  bytes[at + 2] = 4;
  return copy(attributes, split, attributes.length, bytes, copy(nextHop, 0, 4, bytes, at + 3));
}

/** For runs of a few dozen octets a loop beats `set`, which needs a view of its source. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  let write = at;
  for (let read = start; read < end; read++) to[write++] = from[read];
  return write;
}

/**
 * Writes prefixes at `start` from entry `from` on, until `limit` or the list's end; returns the first entry that found
 * no room. The slab's length is then where it stopped.
 */
function fill(
  out: Slab,
  start: number,
  limit: number,
  family: Family,
  addPath: boolean,
  prefixes: PrefixList,
  from: number,
): number {
  const { bytes, fields } = out;
  const { source, indices, to, pathIds } = prefixes;
  let at = start;
  let entry = from;
  for (; entry < to; entry++) {
    const index = indices[entry];
    const length = source.length(index);
    const octets = (length + 7) >> 3;
    if (at + octets + (addPath ? 5 : 1) > limit) break;
    if (addPath) {
      fields.setUint32(at, pathIds === undefined ? 0 : pathIds[entry]);
      at += 4;
    }
    bytes[at++] = length;
    // Whole addresses are written where there is room; the next entry begins over their unused end.
    if (family === 4) {
      if (at + 4 <= limit) fields.setUint32(at, source.address(index));
      else putOctets(bytes, at, source.address(index), octets);
    } else if (at + 16 <= limit) {
      fields.setUint32(at, source.address(index));
      fields.setUint32(at + 4, source.address(index, 1));
      fields.setUint32(at + 8, source.address(index, 2));
      fields.setUint32(at + 12, source.address(index, 3));
    } else {
      for (let word = 0; word * 4 < octets; word++) {
        putOctets(bytes, at + word * 4, source.address(index, word), Math.min(4, octets - word * 4));
      }
    }
    at += octets;
  }
  out.length = at;
  return entry;
}

function putOctets(bytes: Uint8Array, at: number, word: number, octets: number): void {
  for (let octet = 0; octet < octets; octet++) bytes[at + octet] = word >>> (24 - 8 * octet);
}

/** Header of an MP attribute with a length to be filled in later, then AFI and SAFI; returns what follows them. */
function putMpHeader(bytes: Uint8Array, at: number, type: number, family: AddressFamily): number {
  const { afi, safi } = afiSafi(family);
  bytes[at] = OPTIONAL_NON_TRANSITIVE | FLAG.EXTENDED_LENGTH;
  bytes[at + 1] = type;
  put16(bytes, at + 4, afi);
  bytes[at + 6] = safi;
  return at + 7;
}

function put16(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
  return at + 2;
}
