import { addressBytes, type ByteReader, parseAddress } from '../../base/index.ts';
import type { Neighbor } from '../kernel.ts';
import { addressFamily, familyOf, macBytes, readIp, readLinkAddress } from './address-text.ts';
import { attributeBytes, attributeU8, forEachAttribute } from './attribute.ts';
import {
  AF_BRIDGE,
  AF_UNSPEC,
  encodeMessage,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REPLACE,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from './message.ts';

// include/uapi/linux/neighbour.h
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NDA_PROTOCOL = 12;
const NTF_SELF = 2;
const NTF_PROXY = 8;
const STATES: readonly (readonly [bit: number, name: string])[] = [
  [0x01, 'incomplete'],
  [0x02, 'reachable'],
  [0x04, 'stale'],
  [0x08, 'delay'],
  [0x10, 'probe'],
  [0x20, 'failed'],
  [0x40, 'noarp'],
  [0x80, 'permanent'],
];
const PERMANENT = 0x80;

/** One of the kernel's three tables: ARP and NDP, proxied addresses, or the forwarding database. */
export type NeighborTable = 'neighbor' | 'proxy' | 'fdb';

export function encodeNeighborDump(table: NeighborTable): Uint8Array {
  return encodeMessage(RTM_GETNEIGH, NLM_F_DUMP, (writer) => {
    writer
      .u8(table === 'fdb' ? AF_BRIDGE : AF_UNSPEC)
      .u8(0)
      .u16(0)
      .i32(0)
      .u16(0);
    writer.u8(table === 'proxy' ? NTF_PROXY : 0).u8(0);
  });
}

export function encodeNeighborAdd(neighbor: Neighbor, index: number): Uint8Array {
  return encodeNeighbor(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbor, index);
}

export function encodeNeighborDelete(neighbor: Neighbor, index: number): Uint8Array {
  return encodeNeighbor(RTM_DELNEIGH, 0, neighbor, index);
}

/** struct ndmsg: family, 3 pad, ifindex, state, flags, type. */
function encodeNeighbor(type: number, flags: number, neighbor: Neighbor, index: number): Uint8Array {
  const destination = neighbor.destination === '' ? undefined : parseAddress(neighbor.destination, 'destination');
  const family = destination === undefined ? AF_UNSPEC : addressFamily(destination.family);
  const state = STATES.find(([, name]) => name === neighbor.state)?.[0] ?? PERMANENT;
  return encodeMessage(type, flags, (writer) => {
    writer
      .u8(neighbor.fdb ? AF_BRIDGE : family)
      .u8(0)
      .u16(0)
      .i32(index)
      .u16(state);
    writer.u8((neighbor.fdb ? NTF_SELF : 0) | (neighbor.proxy ? NTF_PROXY : 0)).u8(0);
    if (destination !== undefined) attributeBytes(writer, NDA_DST, addressBytes(destination));
    if (neighbor.mac !== '') attributeBytes(writer, NDA_LLADDR, macBytes(neighbor.mac, 'mac'));
    if (neighbor.protocol !== undefined) attributeU8(writer, NDA_PROTOCOL, neighbor.protocol);
  });
}

/** A neighbour with the index of its device, whose name only a list of links tells. */
export interface DecodedNeighbor extends Omit<Neighbor, 'dev'> {
  readonly index: number;
}

/**
 * Reads an RTM_NEWNEIGH or RTM_DELNEIGH. Entries that have no address of a kind (an unresolved neighbour has no MAC, a
 * bridge's own entry no destination) have empty text there.
 */
export function decodeNeighbor(body: ByteReader): DecodedNeighbor | undefined {
  const number = body.u8();
  body.skip(3);
  const index = body.i32();
  const bits = body.u16();
  const flags = body.u8();
  body.skip(1);
  const family = familyOf(number);
  const fdb = number === AF_BRIDGE;
  if (family === undefined && !fdb) return undefined;
  let destination = '';
  let mac = '';
  let protocol = 0;
  forEachAttribute(body, (type, value) => {
    if (type === NDA_DST) destination = readIp(value) ?? '';
    else if (type === NDA_LLADDR) mac = readLinkAddress(value) ?? '';
    else if (type === NDA_PROTOCOL && value.left > 0) protocol = value.u8();
  });
  const state = STATES.find(([bit]) => (bits & bit) !== 0)?.[1];
  return {
    index,
    destination,
    mac,
    ...(family === undefined ? {} : { family }),
    ...(state === undefined ? {} : { state }),
    ...(fdb ? { fdb } : {}),
    ...((flags & NTF_PROXY) !== 0 ? { proxy: true } : {}),
    ...(protocol !== 0 ? { protocol } : {}),
  };
}
