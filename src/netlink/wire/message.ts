import { ByteReader, ByteWriter } from '../../base/index.ts';

/*
 *  0                   1                   2                   3
 * |                       Length (with header)                    |
 * |             Type              |             Flags             |
 * |                       Sequence number                         |
 * |                       Port id                                 |      include/uapi/linux/netlink.h, host byte order
 */
export const HEADER_LENGTH = 16;
/** Where type, flags and sequence number stand in a message. */
const TYPE_AT = 4;
export const FLAGS_AT = 6;
const SEQUENCE_AT = 8;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** The table changed while it was being dumped. */
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
export const NLM_F_DUMP = 0x300;
/** In acknowledgements: the offending request was left out, extended-ack attributes follow. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

/** Message types by object: new, delete, get (include/uapi/linux/rtnetlink.h). */
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;
export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;
export const RTM_NEWQDISC = 36;
export const RTM_DELQDISC = 37;
export const RTM_GETQDISC = 38;
export const RTM_NEWTFILTER = 44;
export const RTM_DELTFILTER = 45;
export const RTM_GETTFILTER = 46;
export const RTM_GETNEIGHTBL = 66;
export const RTM_NEWNETCONF = 80;

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_BRIDGE = 7;
export const AF_INET6 = 10;

/** One netlink message as it was received; `body` reads what follows the header. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  readonly body: ByteReader;
}

/** No request is encoded within another. */
const SCRATCH = new ByteWriter(4096, true);

/**
 * Every request is encoded as a whole with sequence number 0 and port 0: the client puts in the sequence number when
 * it sends, the kernel knows the port.
 */
export function encodeMessage(type: number, flags: number, body: (writer: ByteWriter) => void): Uint8Array {
  const writer = SCRATCH.reset();
  writer
    .u32(0)
    .u16(type)
    .u16(flags | NLM_F_REQUEST)
    .u32(0)
    .u32(0);
  body(writer);
  writer.setU32(0, writer.length);
  return kept(writer.view());
}

/** Octets of a block in which requests stand side by side: an array of its own costs more than what is in a request. */
const BLOCK = 64 * 1024;
let block = new Uint8Array(BLOCK);
let used = 0;

function kept(bytes: Uint8Array): Uint8Array {
  if (bytes.length > BLOCK) return bytes.slice();
  if (used + bytes.length > BLOCK) [block, used] = [new Uint8Array(BLOCK), 0];
  const copy = block.subarray(used, used + bytes.length);
  copy.set(bytes);
  used += bytes.length;
  return copy;
}

/** Adds NLM_F_ACK, so that the kernel answers also when all is well. */
export function wantAcknowledgement(message: Uint8Array): Uint8Array {
  message[FLAGS_AT] |= NLM_F_ACK;
  return message;
}

export function setSequence(message: Uint8Array, sequence: number, at = 0): void {
  message[at + SEQUENCE_AT] = sequence;
  message[at + SEQUENCE_AT + 1] = sequence >>> 8;
  message[at + SEQUENCE_AT + 2] = sequence >>> 16;
  message[at + SEQUENCE_AT + 3] = sequence >>> 24;
}

/**
 * Splits one datagram into its messages and hands each to `visit`. A length that is smaller than a header or larger
 * than what is left throws `RangeError`: the rest of the datagram can't be trusted.
 */
export function forEachMessage(datagram: Uint8Array, visit: (message: NetlinkMessage) => void): void {
  const reader = new ByteReader(datagram, 0, datagram.length, true);
  while (reader.left >= HEADER_LENGTH) {
    const start = reader.at;
    const length = reader.u32();
    if (length < HEADER_LENGTH || start + length > reader.end) {
      throw new RangeError(`netlink message of ${length} bytes with ${reader.end - start} left`);
    }
    const type = reader.u16();
    const flags = reader.u16();
    const sequence = reader.u32();
    const port = reader.u32();
    visit({ type, flags, sequence, port, body: reader.fork(length - HEADER_LENGTH) });
    reader.skip(Math.min(-length & 3, reader.left));
  }
}

/**
 * Walks over the messages of a datagram where they stand: `forEachMessage` for those who are told of thousands a second,
 * and make no object for each.
 */
export class MessageCursor {
  readonly bytes: Uint8Array;
  type = 0;
  flags = 0;
  /** Where what follows the header begins, and where it ends. */
  at = 0;
  end = 0;
  #next = 0;
  #stop = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Goes to the datagram that stands there. */
  open(start: number, length: number): void {
    this.#next = start;
    this.#stop = start + length;
  }

  /** Whether there is another message; one whose length can't be throws `RangeError`. */
  next(): boolean {
    const start = this.#next;
    const left = this.#stop - start;
    if (left < HEADER_LENGTH) return false;
    const { bytes } = this;
    const length = (bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16) | (bytes[start + 3] << 24)) >>> 0;
    if (length < HEADER_LENGTH || length > left) {
      throw new RangeError(`netlink message of ${length} bytes with ${left} left`);
    }
    this.type = bytes[start + TYPE_AT] | (bytes[start + TYPE_AT + 1] << 8);
    this.flags = bytes[start + FLAGS_AT] | (bytes[start + FLAGS_AT + 1] << 8);
    this.at = start + HEADER_LENGTH;
    this.end = start + length;
    this.#next = this.end + (-length & 3);
    return true;
  }
}
