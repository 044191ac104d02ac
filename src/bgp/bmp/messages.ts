import { addressBytes, ByteWriter, tryParseAddress } from '../../base/index.ts';
import type { SessionEnds } from '../api.ts';

/**
 * BMP messages (RFC 7854 §4). Each begins with
 *
 *     version = 3 (1) | length (4) | type (1)
 *
 * and those about a peer go on with the per-peer header (§4.2):
 *
 *     type (1) | flags (1) | distinguisher (8) | address (16) | AS (4) | BGP identifier (4) | seconds (4) | µs (4)
 */
export const BMP_TYPE = {
  ROUTE_MONITORING: 0,
  STATISTICS: 1,
  PEER_DOWN: 2,
  PEER_UP: 3,
  INITIATION: 4,
  TERMINATION: 5,
} as const;

const VERSION = 3;
const HEADER_LENGTH = 6;
const PEER_HEADER_LENGTH = 42;
const GLOBAL_INSTANCE = 0;

/** Flags of the per-peer header: IPv6 peer, and AS_PATH in two-octet form. Without the L flag it is pre-policy. */
const IPV6 = 0x80;
const TWO_OCTET_AS = 0x20;

const INFORMATION = { STRING: 0, DESCRIPTION: 1, NAME: 2 } as const;
const REASON_TLV = 1;

/** Statistics by their type (§4.8): counters are of 32 bits, gauges of 64. */
export interface BmpStatistics {
  /** Routes in the peer's Adj-RIB-In, before policy. */
  readonly received: number;
  /** Routes in Loc-RIB that may be chosen: those that policy admitted. */
  readonly accepted: number;
}

export function encodeInitiation(name: string, description: string): Uint8Array {
  const body = new ByteWriter();
  text(body, INFORMATION.DESCRIPTION, description);
  text(body, INFORMATION.NAME, name);
  return message(BMP_TYPE.INITIATION, body.finish());
}

/** `reason` by §4.5: 0 administratively closed, 1 unspecified, 2 out of resources. */
export function encodeTermination(reason: number, words = ''): Uint8Array {
  const body = new ByteWriter().u16(REASON_TLV).u16(2).u16(reason);
  if (words !== '') text(body, INFORMATION.STRING, words);
  return message(BMP_TYPE.TERMINATION, body.finish());
}

/** `at`: wall-clock milliseconds. The OPENs are whole messages as they were on the wire. */
export function encodePeerUp(
  ends: SessionEnds,
  at: number,
  sentOpen: Uint8Array,
  receivedOpen: Uint8Array,
): Uint8Array {
  const body = new ByteWriter();
  address16(body, ends.local.address);
  body.u16(ends.local.port).u16(ends.remote.port).raw(sentOpen).raw(receivedOpen);
  return message(BMP_TYPE.PEER_UP, body.finish(), ends, at);
}

/** How a session ended (§4.9): by a NOTIFICATION, which is a whole message, or without one. */
export type PeerDownReason =
  | { readonly kind: 'sent' | 'received'; readonly notification: Uint8Array }
  /** We closed without a NOTIFICATION; the number of the event of RFC 4271 §8.1, 0 if there is none. */
  | { readonly kind: 'closed'; readonly event: number }
  | { readonly kind: 'lost' };

export function encodePeerDown(ends: SessionEnds, at: number, reason: PeerDownReason): Uint8Array {
  const body = new ByteWriter();
  switch (reason.kind) {
    case 'sent':
      body.u8(1).raw(reason.notification);
      break;
    case 'closed':
      body.u8(2).u16(reason.event);
      break;
    case 'received':
      body.u8(3).raw(reason.notification);
      break;
    case 'lost':
      body.u8(4);
      break;
  }
  return message(BMP_TYPE.PEER_DOWN, body.finish(), ends, at);
}

/** An UPDATE, whole, as the peer sent it. */
export function encodeRouteMonitoring(ends: SessionEnds, at: number, update: Uint8Array): Uint8Array {
  return message(BMP_TYPE.ROUTE_MONITORING, update, ends, at);
}

export function encodeStatistics(ends: SessionEnds, at: number, { received, accepted }: BmpStatistics): Uint8Array {
  const body = new ByteWriter().u32(2);
  body.u16(7).u16(8).u64(BigInt(received));
  body.u16(8).u16(8).u64(BigInt(accepted));
  return message(BMP_TYPE.STATISTICS, body.finish(), ends, at);
}

function message(type: number, body: Uint8Array, ends?: SessionEnds, at = 0): Uint8Array {
  const length = HEADER_LENGTH + (ends ? PEER_HEADER_LENGTH : 0) + body.length;
  const writer = new ByteWriter(length).u8(VERSION).u32(length).u8(type);
  if (ends) peerHeader(writer, ends, at);
  return writer.raw(body).finish();
}

function peerHeader(writer: ByteWriter, { remote, peerAs, routerId, fourOctetAs }: SessionEnds, at: number): void {
  const flags = (remote.address.includes(':') ? IPV6 : 0) | (fourOctetAs ? 0 : TWO_OCTET_AS);
  writer.u8(GLOBAL_INSTANCE).u8(flags).zeros(8);
  address16(writer, remote.address);
  const seconds = Math.floor(at / 1000);
  writer
    .u32(peerAs)
    .u32(routerId)
    .u32(seconds)
    .u32(Math.floor((at - seconds * 1000) * 1000));
}

/** An address in 16 octets; IPv4 in the last four. */
function address16(writer: ByteWriter, address: string): void {
  const parsed = tryParseAddress(address.split('%')[0]);
  const bytes = parsed ? addressBytes(parsed) : new Uint8Array(4);
  writer.zeros(16 - bytes.length).raw(bytes);
}

function text(writer: ByteWriter, type: number, value: string): void {
  const bytes = new TextEncoder().encode(value).subarray(0, 4096);
  writer.u16(type).u16(bytes.length).raw(bytes);
}
