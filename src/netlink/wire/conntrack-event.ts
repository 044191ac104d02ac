import type { ConnectionEvent } from '../connection-event.ts';
import { familyOf } from './address-text.ts';
import { ATTRIBUTE_HEADER } from './attribute.ts';
import type { MessageCursor } from './message.ts';
import { NFGENMSG_LENGTH, NFNL_SUBSYS_CTNETLINK } from './nfnetlink.ts';

/*
 * What the kernel tells of a connection (nf_conntrack_netlink.c), in the form of a listing's entries:
 *
 *   IPCTNL_MSG_CT_NEW with NLM_F_CREATE    it begins      tuples, id, status, protocol's state
 *   IPCTNL_MSG_CT_NEW without              it changed     the same
 *   IPCTNL_MSG_CT_DELETE                   it ended       tuples, id, and with nf_conntrack_acct:
 *
 *   CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY ─► CTA_COUNTERS_PACKETS, CTA_COUNTERS_BYTES         64 bits in network order
 *
 * There may be thousands a second: values are read where they stand, into one object that serves for all of them.
 */
const IPCTNL_MSG_CT_NEW = 0;
const IPCTNL_MSG_CT_DELETE = 2;
const NLM_F_CREATE = 0x400;

const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_COUNTERS_ORIG = 9;
const CTA_COUNTERS_REPLY = 10;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;
const CTA_COUNTERS_PACKETS = 1;
const CTA_COUNTERS_BYTES = 2;
/** Types of the attributes of source and destination, and of ICMP's type and code. */
const OF_FAMILY = {
  4: { source: 1, destination: 2, octets: 4, icmpType: 5, icmpCode: 6 },
  6: { source: 3, destination: 4, octets: 16, icmpType: 8, icmpCode: 9 },
} as const;
const TYPE_MASK = 0x3fff;

/** Places in `addresses`, in words. */
export const [SOURCE_AT, DESTINATION_AT, ANSWERER_AT, ADDRESS_WORDS] = [0, 4, 8, 12];

export function emptyConnectionEvent(): ConnectionEvent {
  return {
    kind: 'new',
    family: 4,
    protocol: 0,
    addresses: new Uint32Array(ADDRESS_WORDS),
    sourcePort: 0,
    destinationPort: 0,
    answererPort: 0,
    icmpType: -1,
    icmpCode: -1,
    packets: 0,
    octets: 0,
    answeredPackets: 0,
    answeredOctets: 0,
  };
}

/** Reads one message into `event`; false for what is no event of an IP connection, and then `event` says nothing. */
export function decodeConnectionEvent(
  { type, flags, bytes, at: start, end }: Pick<MessageCursor, 'type' | 'flags' | 'bytes' | 'at' | 'end'>,
  event: ConnectionEvent,
): boolean {
  const what = type & 0xff;
  if (type >>> 8 !== NFNL_SUBSYS_CTNETLINK || (what !== IPCTNL_MSG_CT_NEW && what !== IPCTNL_MSG_CT_DELETE)) {
    return false;
  }
  if (start + NFGENMSG_LENGTH > end) return false;
  const family = familyOf(bytes[start]);
  if (family === undefined) return false;
  clear(event);
  event.family = family;
  event.kind = what === IPCTNL_MSG_CT_DELETE ? 'destroy' : (flags & NLM_F_CREATE) !== 0 ? 'new' : 'update';
  let tuples = 0;
  for (let at = start + NFGENMSG_LENGTH; at + ATTRIBUTE_HEADER <= end; ) {
    const stop = endOf(bytes, at, end);
    const kind = typeOf(bytes, at);
    if (kind === CTA_TUPLE_ORIG) tuples |= readTuple(bytes, at, stop, event, false) ? 1 : 0;
    else if (kind === CTA_TUPLE_REPLY) tuples |= readTuple(bytes, at, stop, event, true) ? 2 : 0;
    else if (kind === CTA_COUNTERS_ORIG) {
      event.packets = readCounter(bytes, at, stop, CTA_COUNTERS_PACKETS);
      event.octets = readCounter(bytes, at, stop, CTA_COUNTERS_BYTES);
    } else if (kind === CTA_COUNTERS_REPLY) {
      event.answeredPackets = readCounter(bytes, at, stop, CTA_COUNTERS_PACKETS);
      event.answeredOctets = readCounter(bytes, at, stop, CTA_COUNTERS_BYTES);
    }
    at = padded(stop, at);
  }
  return tuples === 3;
}

function clear(event: ConnectionEvent): void {
  event.addresses.fill(0);
  event.protocol = event.sourcePort = event.destinationPort = event.answererPort = 0;
  event.icmpType = event.icmpCode = -1;
  event.packets = event.octets = event.answeredPackets = event.answeredOctets = 0;
}

/** Whether both addresses and the protocol were there. */
function readTuple(bytes: Uint8Array, from: number, end: number, event: ConnectionEvent, isReply: boolean): boolean {
  let found = 0;
  for (let at = from + ATTRIBUTE_HEADER; at + ATTRIBUTE_HEADER <= end; ) {
    const stop = endOf(bytes, at, end);
    const kind = typeOf(bytes, at);
    if (kind === CTA_TUPLE_IP) found |= readAddresses(bytes, at, stop, event, isReply);
    else if (kind === CTA_TUPLE_PROTO && readProtocol(bytes, at, stop, event, isReply)) found |= 4;
    at = padded(stop, at);
  }
  return found === 7;
}

/** 1 for a source, 2 for a destination. */
function readAddresses(bytes: Uint8Array, from: number, end: number, event: ConnectionEvent, isReply: boolean): number {
  const { source, destination, octets } = OF_FAMILY[event.family];
  let found = 0;
  for (let at = from + ATTRIBUTE_HEADER; at + ATTRIBUTE_HEADER <= end; ) {
    const stop = endOf(bytes, at, end);
    const kind = typeOf(bytes, at);
    const isSource = kind === source;
    if ((isSource || kind === destination) && stop - at - ATTRIBUTE_HEADER === octets) {
      found |= isSource ? 1 : 2;
      const place = isReply ? (isSource ? ANSWERER_AT : -1) : isSource ? SOURCE_AT : DESTINATION_AT;
      for (let word = 0; place >= 0 && word < octets / 4; word++) {
        event.addresses[place + word] = word32(bytes, at + ATTRIBUTE_HEADER + 4 * word);
      }
    }
    at = padded(stop, at);
  }
  return found;
}

function readProtocol(bytes: Uint8Array, from: number, end: number, event: ConnectionEvent, isReply: boolean): boolean {
  const { icmpType, icmpCode } = OF_FAMILY[event.family];
  let isFound = false;
  for (let at = from + ATTRIBUTE_HEADER; at + ATTRIBUTE_HEADER <= end; ) {
    const stop = endOf(bytes, at, end);
    const kind = typeOf(bytes, at);
    const value = at + ATTRIBUTE_HEADER;
    const octets = stop - value;
    if (kind === CTA_PROTO_NUM && octets === 1) {
      isFound = true;
      if (!isReply) event.protocol = bytes[value];
    } else if (kind === CTA_PROTO_SRC_PORT && octets === 2) {
      const port = bytes[value] * 256 + bytes[value + 1];
      if (isReply) event.answererPort = port;
      else event.sourcePort = port;
    } else if (kind === CTA_PROTO_DST_PORT && octets === 2 && !isReply) {
      event.destinationPort = bytes[value] * 256 + bytes[value + 1];
    } else if (kind === icmpType && octets === 1 && !isReply) event.icmpType = bytes[value];
    else if (kind === icmpCode && octets === 1 && !isReply) event.icmpCode = bytes[value];
    at = padded(stop, at);
  }
  return isFound;
}

/** 64 bits as a number, exact up to 2^53. 0 where it is not there. */
function readCounter(bytes: Uint8Array, from: number, end: number, wanted: number): number {
  for (let at = from + ATTRIBUTE_HEADER; at + ATTRIBUTE_HEADER <= end; ) {
    const stop = endOf(bytes, at, end);
    const value = at + ATTRIBUTE_HEADER;
    if (typeOf(bytes, at) === wanted && stop - value === 8) {
      return word32(bytes, value) * 0x1_0000_0000 + word32(bytes, value + 4);
    }
    at = padded(stop, at);
  }
  return 0;
}

function typeOf(bytes: Uint8Array, at: number): number {
  return (bytes[at + 2] | (bytes[at + 3] << 8)) & TYPE_MASK;
}

/** Where the attribute at this place ends. One that is longer than what is left, or than nothing, throws `RangeError`. */
function endOf(bytes: Uint8Array, at: number, end: number): number {
  const length = bytes[at] | (bytes[at + 1] << 8);
  if (length < ATTRIBUTE_HEADER || at + length > end) {
    throw new RangeError(`netlink attribute ${typeOf(bytes, at)} of ${length} bytes with ${end - at} left`);
  }
  return at + length;
}

/** The place after the padding of an attribute. */
function padded(stop: number, at: number): number {
  return stop + (-(stop - at) & 3);
}

function word32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
