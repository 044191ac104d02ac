import type { ByteReader, ByteWriter } from '../../base/index.ts';
import { attributeBytes, forEachAttribute, readText } from './attribute.ts';
import { encodeMessage, type NetlinkMessage } from './message.ts';

/*
 * |  Subsystem: 4, ULOG           |  0 a packet, 1 configuration  |    in the place of the message's type
 * |    Family     |    Version    |   Resource: the group         |    struct nfgenmsg, the group in network order
 *
 * include/uapi/linux/netfilter/nfnetlink_log.h. Numbers in its attributes are in network order.
 */
const NFNL_SUBSYS_ULOG = 4;
const NFULNL_MSG_PACKET = 0;
const NFULNL_MSG_CONFIG = 1;

const NFULA_CFG_CMD = 1;
const NFULNL_CFG_CMD_BIND = 1;
const NFULA_CFG_MODE = 2;
const NFULNL_COPY_PACKET = 2;
const NFULA_CFG_TIMEOUT = 4;
const NFULA_CFG_QTHRESH = 5;
const NFULA_CFG_FLAGS = 6;
const NFULNL_CFG_F_SEQ = 1;

const NFULA_PACKET_HDR = 1;
const NFULA_MARK = 2;
const NFULA_IFINDEX_INDEV = 4;
const NFULA_IFINDEX_OUTDEV = 5;
const NFULA_PAYLOAD = 9;
const NFULA_PREFIX = 10;
const NFULA_SEQ = 12;

/** A packet that a `log group` statement of nftables handed out. */
export interface DecodedLogPacket {
  /** The prefix that the statement gives it. */
  readonly prefix: string;
  /** EtherType: 0x0800 for IPv4, 0x86dd for IPv6. */
  readonly etherType: number;
  readonly mark: number;
  /** Indices of interfaces; undefined where the hook has none. */
  readonly inDevice: number | undefined;
  readonly outDevice: number | undefined;
  /** A copy of its first octets, from the network header on. */
  readonly payload: Uint8Array;
  /** Counts what the kernel had to tell in the group, also what was lost on the way. */
  readonly sequence: number | undefined;
}

/** Asks for the packets of a group; whoever does this first has it until the socket is closed. */
export function encodeLogBind(group: number): Uint8Array {
  return configuration(group, (writer) => {
    attributeBytes(writer, NFULA_CFG_CMD, Uint8Array.of(NFULNL_CFG_CMD_BIND));
  });
}

/**
 * How packets are told: so many octets of each, with numbers that show what was lost, and at latest after `delay`
 * hundredths of a second or when so many are there.
 */
export function encodeLogMode(group: number, octets: number, atOnce: number, delay: number): Uint8Array {
  return configuration(group, (writer) => {
    attributeBytes(writer, NFULA_CFG_MODE, Uint8Array.of(...network32(octets), NFULNL_COPY_PACKET, 0));
    attributeBytes(writer, NFULA_CFG_TIMEOUT, network32(delay));
    attributeBytes(writer, NFULA_CFG_QTHRESH, network32(atOnce));
    attributeBytes(writer, NFULA_CFG_FLAGS, Uint8Array.of(0, NFULNL_CFG_F_SEQ));
  });
}

function configuration(group: number, attributes: (writer: ByteWriter) => void): Uint8Array {
  return encodeMessage((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG, 0, (writer) => {
    writer
      .u8(0)
      .u8(0)
      .u8(group >>> 8)
      .u8(group & 255);
    attributes(writer);
  });
}

/** Reads one packet that was logged; undefined for messages that are none. */
export function decodeLogPacket({ type, body }: Pick<NetlinkMessage, 'type' | 'body'>): DecodedLogPacket | undefined {
  if (type !== ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET)) return undefined;
  body.skip(4);
  let [prefix, etherType, mark] = ['', 0, 0];
  let inDevice: number | undefined;
  let outDevice: number | undefined;
  let payload = new Uint8Array(0);
  let sequence: number | undefined;
  forEachAttribute(body, (attribute, value) => {
    if (attribute === NFULA_PREFIX) prefix = readText(value);
    else if (attribute === NFULA_PACKET_HDR) etherType = value.u8() * 256 + value.u8();
    else if (attribute === NFULA_MARK) mark = readNetwork32(value);
    else if (attribute === NFULA_IFINDEX_INDEV) inDevice = readNetwork32(value);
    else if (attribute === NFULA_IFINDEX_OUTDEV) outDevice = readNetwork32(value);
    else if (attribute === NFULA_PAYLOAD) payload = new Uint8Array(value.take(value.left));
    else if (attribute === NFULA_SEQ) sequence = readNetwork32(value);
  });
  return { prefix, etherType, mark, inDevice, outDevice, payload, sequence };
}

function network32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function readNetwork32(value: ByteReader): number {
  return ((value.u8() << 24) | (value.u8() << 16) | (value.u8() << 8) | value.u8()) >>> 0;
}
