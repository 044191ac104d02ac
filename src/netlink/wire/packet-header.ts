import { ByteReader, OutOfBytes } from '../../base/index.ts';
import type { PacketHeader } from '../packets.ts';
import { readIp } from './address-text.ts';

const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 132, 136]);
const [ICMP, ICMPV6] = [1, 58];
/** Hop-by-hop options, routing, destination options: their second octet counts units of eight after the first eight. */
const OPTIONS: ReadonlySet<number> = new Set([0, 43, 60]);
const [FRAGMENT, AUTHENTICATION] = [44, 51];
/** Extension headers looked through; a packet with more is told by the number of the next. */
const MOST_EXTENSIONS = 8;

/** Reads the first octets of a packet; undefined for what is no IP packet, or too short to say from where to where. */
export function readPacketHeader(octets: Uint8Array): PacketHeader | undefined {
  if (octets.length === 0) return undefined;
  const reader = new ByteReader(octets);
  const version = octets[0] >>> 4;
  try {
    return version === 4 ? ipv4(reader) : version === 6 ? ipv6(reader) : undefined;
  } catch (error) {
    if (error instanceof OutOfBytes) return undefined;
    throw error;
  }
}

function ipv4(reader: ByteReader): PacketHeader | undefined {
  const length = (reader.u8() & 0xf) * 4;
  if (length < 20) return undefined;
  reader.skip(5);
  const isLaterFragment = (reader.u16() & 0x1fff) !== 0;
  reader.skip(1);
  const protocol = reader.u8();
  reader.skip(2);
  const source = readIp(reader.fork(4))!;
  const destination = readIp(reader.fork(4))!;
  const upper = isLaterFragment || reader.left < length - 20 ? {} : upperLayer(skipped(reader, length - 20), protocol);
  return { source, destination, protocol, ...upper };
}

function ipv6(reader: ByteReader): PacketHeader {
  reader.skip(6);
  let protocol = reader.u8();
  reader.skip(1);
  const source = readIp(reader.fork(16))!;
  const destination = readIp(reader.fork(16))!;
  let isLaterFragment = false;
  for (let count = 0; count < MOST_EXTENSIONS && reader.left >= 8; count++) {
    const isOptions = OPTIONS.has(protocol);
    if (!isOptions && protocol !== FRAGMENT && protocol !== AUTHENTICATION) break;
    const isAuthentication = protocol === AUTHENTICATION;
    isLaterFragment ||=
      protocol === FRAGMENT && (((reader.bytes[reader.at + 2] << 8) | reader.bytes[reader.at + 3]) & 0xfff8) !== 0;
    protocol = reader.u8();
    const units = reader.u8();
    const length = isAuthentication ? (units + 2) * 4 : isOptions ? (units + 1) * 8 : 8;
    reader.skip(Math.min(length - 2, reader.left));
    if (isLaterFragment) break;
  }
  return { source, destination, protocol, ...(isLaterFragment ? {} : upperLayer(reader, protocol)) };
}

function upperLayer(reader: ByteReader, protocol: number): Partial<PacketHeader> {
  if (WITH_PORTS.has(protocol) && reader.left >= 4) {
    return { sourcePort: reader.u16(), destinationPort: reader.u16() };
  }
  if ((protocol === ICMP || protocol === ICMPV6) && reader.left >= 2) {
    return { icmp: { type: reader.u8(), code: reader.u8() } };
  }
  return {};
}

function skipped(reader: ByteReader, length: number): ByteReader {
  reader.skip(length);
  return reader;
}
