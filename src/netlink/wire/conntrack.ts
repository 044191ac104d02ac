import { addressBytes, type ByteReader, type ByteWriter, type Family, tryParseAddress } from '../../base/index.ts';
import type { Flow, TrackedConnection } from '../connections.ts';
import { addressFamily, familyOf, ipBytesOf, readIp } from './address-text.ts';
import {
  ATTRIBUTE_HEADER,
  attributeBytes,
  attributeNest,
  attributeU8,
  attributeU16Network,
  forEachAttribute,
  readU16Network,
} from './attribute.ts';
import { AF_UNSPEC, NLM_F_DUMP } from './message.ts';
import { encodeNetfilter, NFNL_SUBSYS_CTNETLINK } from './nfnetlink.ts';

/*
 * Connections (include/uapi/linux/netfilter/nfnetlink_conntrack.h):
 *
 *   CTA_TUPLE_ORIG, CTA_TUPLE_REPLY
 *     ├ CTA_TUPLE_IP    ─► CTA_IP_V4_SRC, _DST or CTA_IP_V6_SRC, _DST
 *     └ CTA_TUPLE_PROTO ─► CTA_PROTO_NUM, and ports or what ICMP has in their place
 *   CTA_ID, CTA_ZONE                                              in network order, as all integers here
 */
const IPCTNL_MSG_CT_GET = 1;
const IPCTNL_MSG_CT_DELETE = 2;

const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_ID = 12;
const CTA_ZONE = 18;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
/** Octets from a tuple to its first address: the headers of the tuple and of CTA_TUPLE_IP. */
const ADDRESSES_AT = 8;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V4_DST = 2;
const CTA_IP_V6_SRC = 3;
const CTA_IP_V6_DST = 4;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;
/** Id, type and code of ICMP, and of ICMPv6. */
const CTA_PROTO_ICMP = { 4: [4, 5, 6], 6: [7, 8, 9] } as const;

/**
 * Addresses by their octets, for tables of which few entries matter: of a hundred thousand connections those of one pod
 * are found in the time of one system call or two, without reading the others.
 */
export class WireAddresses {
  readonly #four = new Set<number>();
  readonly #six = new Set<string>();

  /** Texts that are no address are left out. */
  constructor(addresses: Iterable<string>) {
    for (const text of addresses) {
      const address = tryParseAddress(text);
      if (address?.family === 4) this.#four.add(Number(address.value));
      else if (address !== undefined) this.#six.add(String.fromCharCode(...addressBytes(address)));
    }
  }

  /** Whether one of them stands at this place, with 4 or 16 octets. */
  has(bytes: Uint8Array, at: number, octets: number): boolean {
    if (octets === 16) return this.#six.size > 0 && this.#six.has(String.fromCharCode(...bytes.subarray(at, at + 16)));
    const value = (bytes[at] * 0x1000000 + (bytes[at + 1] << 16) + (bytes[at + 2] << 8) + bytes[at + 3]) >>> 0;
    return octets === 4 && this.#four.has(value);
  }
}

/**
 * Whether a connection has none of these addresses, told from where the kernel puts them: both tuples first, source and
 * destination first in each. False where they stand otherwise.
 */
function isOther({ bytes, at: start, end }: ByteReader, among: WireAddresses): boolean {
  let at = start;
  for (const tuple of [CTA_TUPLE_ORIG, CTA_TUPLE_REPLY]) {
    if (at + ADDRESSES_AT + 2 * ATTRIBUTE_HEADER > end) return false;
    const length = bytes[at + ADDRESSES_AT];
    const octets = length - ATTRIBUTE_HEADER;
    const [source, destination] = [at + ADDRESSES_AT, at + ADDRESSES_AT + length];
    const isKnown =
      (octets === 4 || octets === 16) &&
      destination + length <= end &&
      bytes[at + 2] === tuple &&
      bytes[at + 6] === CTA_TUPLE_IP &&
      bytes[source + 2] === (octets === 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC) &&
      bytes[destination + 2] === (octets === 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST);
    if (!isKnown) return false;
    if (among.has(bytes, source + ATTRIBUTE_HEADER, octets)) return false;
    if (among.has(bytes, destination + ATTRIBUTE_HEADER, octets)) return false;
    at += bytes[at] + bytes[at + 1] * 256;
  }
  return true;
}

export function encodeConnectionDump(): Uint8Array {
  const request = { subsystem: NFNL_SUBSYS_CTNETLINK, what: IPCTNL_MSG_CT_GET, family: AF_UNSPEC, flags: NLM_F_DUMP };
  return encodeNetfilter(request, () => {});
}

/** A request without a tuple would empty the whole table: this one always has one. */
export function encodeConnectionDelete({ family, protocol, original, id, zone }: TrackedConnection): Uint8Array {
  const request = {
    subsystem: NFNL_SUBSYS_CTNETLINK,
    what: IPCTNL_MSG_CT_DELETE,
    family: addressFamily(family),
  };
  return encodeNetfilter(request, (writer) => {
    writeFlow(writer, CTA_TUPLE_ORIG, family, protocol, original);
    attributeBytes(writer, CTA_ID, Uint8Array.of(id >>> 24, id >>> 16, id >>> 8, id));
    if (zone !== 0) attributeU16Network(writer, CTA_ZONE, zone);
  });
}

function writeFlow(writer: ByteWriter, type: number, family: Family, protocol: number, flow: Flow): void {
  const [source, destination] = family === 4 ? [CTA_IP_V4_SRC, CTA_IP_V4_DST] : [CTA_IP_V6_SRC, CTA_IP_V6_DST];
  attributeNest(writer, type, () => {
    attributeNest(writer, CTA_TUPLE_IP, () => {
      attributeBytes(writer, source, ipBytesOf(family, flow.source, 'source'));
      attributeBytes(writer, destination, ipBytesOf(family, flow.destination, 'destination'));
    });
    attributeNest(writer, CTA_TUPLE_PROTO, () => {
      attributeU8(writer, CTA_PROTO_NUM, protocol);
      if (flow.sourcePort !== undefined) attributeU16Network(writer, CTA_PROTO_SRC_PORT, flow.sourcePort);
      if (flow.destinationPort !== undefined) attributeU16Network(writer, CTA_PROTO_DST_PORT, flow.destinationPort);
      if (flow.icmp === undefined) return;
      const [id, kind, code] = CTA_PROTO_ICMP[family];
      attributeU16Network(writer, id, flow.icmp.id);
      attributeU8(writer, kind, flow.icmp.type);
      attributeU8(writer, code, flow.icmp.code);
    });
  });
}

/** Undefined for what is not IP, and with `among` for those that have none of these addresses. */
export function decodeConnection(body: ByteReader, among?: WireAddresses): TrackedConnection | undefined {
  const family = familyOf(body.u8());
  body.skip(3);
  if (family === undefined || (among !== undefined && isOther(body, among))) return undefined;
  const tuples: [original?: RawFlow, reply?: RawFlow] = [];
  let [id, zone] = [0, 0];
  forEachAttribute(body, (type, value) => {
    if (type === CTA_TUPLE_ORIG) tuples[0] = readFlow(value, family);
    else if (type === CTA_TUPLE_REPLY) tuples[1] = readFlow(value, family);
    else if (type === CTA_ID) id = readU32Network(value);
    else if (type === CTA_ZONE) zone = readU16Network(value);
  });
  const [original, reply] = tuples;
  if (original?.protocol === undefined || reply === undefined) return undefined;
  if (among !== undefined && !isAmong(original, among) && !isAmong(reply, among)) {
    return undefined;
  }
  const [there, back] = [flowOf(original), flowOf(reply)];
  if (there === undefined || back === undefined) return undefined;
  return { family, protocol: original.protocol, original: there, reply: back, id, zone };
}

function isAmong({ addresses }: RawFlow, among: WireAddresses): boolean {
  return addresses.some(({ value: { bytes, at, left } }) => among.has(bytes, at, left));
}

interface RawFlow {
  protocol: number | undefined;
  readonly addresses: { readonly isSource: boolean; readonly value: ByteReader }[];
  sourcePort?: number;
  destinationPort?: number;
  readonly icmp: [id?: number, type?: number, code?: number];
}

function readFlow(tuple: ByteReader, family: Family): RawFlow {
  const flow: RawFlow = { protocol: undefined, addresses: [], icmp: [] };
  const [source, destination] = family === 4 ? [CTA_IP_V4_SRC, CTA_IP_V4_DST] : [CTA_IP_V6_SRC, CTA_IP_V6_DST];
  forEachAttribute(tuple, (type, value) => {
    if (type === CTA_TUPLE_IP) {
      forEachAttribute(value, (of, address) => {
        if (of !== source && of !== destination) return;
        flow.addresses.push({ isSource: of === source, value: address });
      });
    } else if (type === CTA_TUPLE_PROTO) forEachAttribute(value, (of, field) => readProtocol(flow, family, of, field));
  });
  return flow;
}

function readProtocol(flow: RawFlow, family: Family, of: number, field: ByteReader): void {
  const [id, kind, code] = CTA_PROTO_ICMP[family];
  if (of === CTA_PROTO_NUM) flow.protocol = field.u8();
  else if (of === CTA_PROTO_SRC_PORT) flow.sourcePort = readU16Network(field);
  else if (of === CTA_PROTO_DST_PORT) flow.destinationPort = readU16Network(field);
  else if (of === id) flow.icmp[0] = readU16Network(field);
  else if (of === kind) flow.icmp[1] = field.u8();
  else if (of === code) flow.icmp[2] = field.u8();
}

function flowOf({ addresses, sourcePort, destinationPort, icmp }: RawFlow): Flow | undefined {
  const text = (isSource: boolean): string | undefined => {
    const found = addresses.find((one) => one.isSource === isSource);
    return found && readIp(found.value);
  };
  const [source, destination] = [text(true), text(false)];
  if (source === undefined || destination === undefined) return undefined;
  const [id, type, code] = icmp;
  return {
    source,
    destination,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...(id === undefined || type === undefined || code === undefined ? {} : { icmp: { type, code, id } }),
  };
}

function readU32Network(value: ByteReader): number {
  return ((readU16Network(value) << 16) | readU16Network(value)) >>> 0;
}
