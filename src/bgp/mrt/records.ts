import { addressBytes, ByteWriter, type Family, tryParseAddress } from '../../base/index.ts';
import type { SessionEnds } from '../api.ts';

/**
 * MRT records (RFC 6396 §2), each with the header
 *
 *     seconds (4) | type (2) | subtype (2) | length of what follows (4)
 *
 * and with microseconds (4) after it for the extended-timestamp type that messages are dumped in (§3).
 */
const TYPE = { TABLE_DUMP_V2: 13, BGP4MP_ET: 17 } as const;

/** Subtypes of TABLE_DUMP_V2 (§4.3), and of those with path identifiers (RFC 8050 §4). */
const TABLE = { PEER_INDEX: 1, RIB_IPV4: 2, RIB_IPV6: 4, RIB_IPV4_ADDPATH: 8, RIB_IPV6_ADDPATH: 10 } as const;

/** Subtypes of BGP4MP (§4.4): ours is the local end when it sent the message. */
const BGP4MP = { STATE_CHANGE_AS4: 5, MESSAGE: 1, MESSAGE_AS4: 4, MESSAGE_LOCAL: 6, MESSAGE_AS4_LOCAL: 7 } as const;

const AFI: Readonly<Record<Family, number>> = { 4: 1, 6: 2 };
const PEER_IPV6 = 1;
const PEER_AS4 = 2;

/** States of RFC 4271 as STATE_CHANGE numbers them. */
const STATES = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;
export type MrtState = (typeof STATES)[number];

/** A whole BGP message as it was on the wire. `at`: wall-clock milliseconds. */
export function encodeMessage(
  ends: SessionEnds,
  at: number,
  direction: 'sent' | 'received',
  message: Uint8Array,
): Uint8Array {
  const sent = direction === 'sent';
  const as4 = sent ? BGP4MP.MESSAGE_AS4_LOCAL : BGP4MP.MESSAGE_AS4;
  const as2 = sent ? BGP4MP.MESSAGE_LOCAL : BGP4MP.MESSAGE;
  const body = new ByteWriter(64 + message.length);
  peers(body, ends, ends.fourOctetAs);
  return record(TYPE.BGP4MP_ET, ends.fourOctetAs ? as4 : as2, at, body.raw(message).finish());
}

export function encodeStateChange(ends: SessionEnds, at: number, from: MrtState, to: MrtState): Uint8Array {
  const body = new ByteWriter(64);
  peers(body, ends, true);
  body.u16(STATES.indexOf(from) + 1).u16(STATES.indexOf(to) + 1);
  return record(TYPE.BGP4MP_ET, BGP4MP.STATE_CHANGE_AS4, at, body.finish());
}

export interface MrtPeer {
  readonly routerId: number;
  readonly address: string;
  readonly asn: number;
}

/** The first record of a table dump: the others name peers by their place in it. */
export function encodePeerIndex(at: number, collectorId: number, view: string, list: readonly MrtPeer[]): Uint8Array {
  const name = new TextEncoder().encode(view).subarray(0, 0xffff);
  const body = new ByteWriter().u32(collectorId).u16(name.length).raw(name).u16(list.length);
  for (const { routerId, address, asn } of list) {
    const bytes = bytesOf(address);
    body
      .u8((bytes.length === 16 ? PEER_IPV6 : 0) | PEER_AS4)
      .u32(routerId)
      .raw(bytes)
      .u32(asn);
  }
  return record(TYPE.TABLE_DUMP_V2, TABLE.PEER_INDEX, at, body.finish());
}

/** One path of a prefix in a table dump. */
export interface MrtEntry {
  /** Place in the peer index. */
  readonly peer: number;
  /** Wall-clock milliseconds. */
  readonly originated: number;
  /** RFC 8050; all entries of a record have one, or none. */
  readonly pathId?: number;
  /** Canonical attributes, without next hop, AS_PATH in four octets. */
  readonly attributes: Uint8Array;
  /** 4, 16 or 32 octets. */
  readonly nextHop: Uint8Array;
}

/** All paths of one prefix; `address` has 4 or 16 octets. */
export function encodeRib(
  at: number,
  sequence: number,
  address: Uint8Array,
  length: number,
  entries: readonly MrtEntry[],
): Uint8Array {
  const addPath = entries[0]?.pathId !== undefined;
  const body = new ByteWriter().u32(sequence).u8(length);
  body.raw(address.subarray(0, Math.ceil(length / 8))).u16(entries.length);
  for (const { peer, originated, pathId, attributes, nextHop } of entries) {
    body.u16(peer).u32(Math.floor(originated / 1000));
    if (addPath) body.u32(pathId ?? 0);
    const hop = nextHopAttribute(nextHop);
    body
      .u16(attributes.length + hop.length)
      .raw(attributes)
      .raw(hop);
  }
  const [plain, withPaths] =
    address.length === 4 ? [TABLE.RIB_IPV4, TABLE.RIB_IPV4_ADDPATH] : [TABLE.RIB_IPV6, TABLE.RIB_IPV6_ADDPATH];
  return record(TYPE.TABLE_DUMP_V2, addPath ? withPaths : plain, at, body.finish());
}

/** NEXT_HOP, or MP_REACH_NLRI cut down to its next hop (§4.3.4). */
function nextHopAttribute(nextHop: Uint8Array): Uint8Array {
  if (nextHop.length === 4) return Uint8Array.of(0x40, 3, 4, ...nextHop);
  return Uint8Array.of(0x80, 14, nextHop.length + 1, nextHop.length, ...nextHop);
}

/** The two ends: the peer first, then we. */
function peers(body: ByteWriter, { peerAs, localAs, remote, local }: SessionEnds, fourOctetAs: boolean): void {
  const theirs = bytesOf(remote.address);
  const ours = bytesOf(local.address);
  for (const asn of [peerAs, localAs]) {
    if (fourOctetAs) body.u32(asn);
    else body.u16(asn > 0xffff ? 23456 : asn);
  }
  body
    .u16(0)
    .u16(AFI[theirs.length === 4 ? 4 : 6])
    .raw(theirs)
    .raw(ours);
}

function bytesOf(address: string): Uint8Array {
  const parsed = tryParseAddress(address.split('%')[0]);
  return parsed ? addressBytes(parsed) : new Uint8Array(4);
}

function record(type: number, subtype: number, at: number, body: Uint8Array): Uint8Array {
  const extended = type === TYPE.BGP4MP_ET;
  const seconds = Math.floor(at / 1000);
  const writer = new ByteWriter(16 + body.length).u32(seconds).u16(type).u16(subtype);
  writer.u32(body.length + (extended ? 4 : 0));
  if (extended) writer.u32(Math.floor((at - seconds * 1000) * 1000));
  return writer.raw(body).finish();
}
