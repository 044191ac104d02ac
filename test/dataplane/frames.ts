import { addressBytes, parseAddress } from '../../src/base/index.ts';

/** What to put in place of what an honest sender would. */
export interface Ethernet {
  /** Colon-separated. */
  readonly from: string;
  readonly to: string;
  /** IEEE 802.1Q identifier of a VLAN. */
  readonly vlan?: number;
}

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const TYPES = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd } as const;

/** A frame of Ethernet with this in it. */
export function ethernet({ from, to, vlan }: Ethernet, type: keyof typeof TYPES, payload: Uint8Array): Buffer {
  const tag = vlan === undefined ? [] : [u16(0x8100), u16(vlan)];
  return Buffer.concat([mac(to), mac(from), ...tag, u16(TYPES[type]), payload]);
}

/** ARP of RFC 826: who says (`from`, `mac`), and whom it is about. */
export function arp(operation: 'request' | 'reply', who: { mac: string; from: string; about: string }): Buffer {
  const sender = [mac(who.mac), bytes(who.from)];
  const target = [mac(operation === 'request' ? '00:00:00:00:00:00' : BROADCAST), bytes(who.about)];
  return Buffer.concat([
    u16(1),
    u16(0x0800),
    Buffer.of(6, 4),
    u16(operation === 'request' ? 1 : 2),
    ...sender,
    ...target,
  ]);
}

/** A packet of IPv4. `options`: whole words of the header. */
export function ipv4(
  { from, to, options = Buffer.of() }: { from: string; to: string; options?: Uint8Array },
  protocol: number,
  payload: Uint8Array,
): Buffer {
  const words = 5 + options.length / 4;
  const header = Buffer.concat([
    Buffer.of(0x40 | words, 0),
    u16(words * 4 + payload.length),
    u16(1),
    u16(0),
    Buffer.of(64, protocol),
    u16(0),
    bytes(from),
    bytes(to),
    options,
  ]);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

/** A packet of IPv6; `next`: the number of what comes first in the payload. */
export function ipv6(
  { from, to, hops = 255 }: { from: string; to: string; hops?: number },
  next: number,
  payload: Uint8Array,
): Buffer {
  return Buffer.concat([
    Buffer.of(0x60, 0, 0, 0),
    u16(payload.length),
    Buffer.of(next, hops),
    bytes(from),
    bytes(to),
    payload,
  ]);
}

/** A datagram of UDP, with its checksum. */
export function udp({ from, to }: { from: string; to: string }, port: number, text: string): Buffer {
  const body = Buffer.from(text);
  const datagram = Buffer.concat([u16(4000), u16(port), u16(8 + body.length), u16(0), body]);
  datagram.writeUInt16BE(checksum(Buffer.concat([pseudo(from, to, 17, datagram.length), datagram])), 6);
  return datagram;
}

/** A message of ICMP or ICMPv6, with its checksum. */
export function icmp(
  family: 4 | 6,
  at: { from: string; to: string },
  type: number,
  code: number,
  rest: Uint8Array,
): Buffer {
  const message = Buffer.concat([Buffer.of(type, code, 0, 0), rest]);
  const before = family === 6 ? pseudo(at.from, at.to, 58, message.length) : Buffer.of();
  message.writeUInt16BE(checksum(Buffer.concat([before, message])), 2);
  return message;
}

export function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

export function bytes(address: string): Uint8Array {
  return addressBytes(parseAddress(address));
}

export function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 255);
}

function pseudo(from: string, to: string, protocol: number, length: number): Buffer {
  const [source, target] = [bytes(from), bytes(to)];
  return source.length === 4
    ? Buffer.concat([source, target, Buffer.of(0, protocol), u16(length)])
    : Buffer.concat([source, target, Buffer.of(0, 0), u16(length), Buffer.of(0, 0, 0, protocol)]);
}

/** The sum of RFC 1071. */
function checksum(octets: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < octets.length; at += 2) sum += (octets[at] << 8) | (octets[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
