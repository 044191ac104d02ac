import { addressBytes, parseAddress } from '../../src/base/index.ts';

/** What to put in place of what an honest sender would. */
export interface Ethernet {
  /** Colon-separated. */
  readonly from: string;
  readonly to: string;
  /** Identifiers of VLANs, the outermost first: IEEE 802.1Q for one, 802.1ad and 802.1Q for two. */
  readonly vlans?: readonly number[];
}

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const TYPES = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd } as const;

/** A frame of Ethernet with this in it. */
export function ethernet({ from, to, vlans = [] }: Ethernet, type: keyof typeof TYPES, payload: Uint8Array): Buffer {
  const tags = vlans.flatMap((vlan, at) => [u16(at < vlans.length - 1 ? 0x88a8 : 0x8100), u16(vlan)]);
  return Buffer.concat([mac(to), mac(from), ...tags, u16(TYPES[type]), payload]);
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

/** Which part of a datagram a packet carries. */
export interface Fragment {
  readonly id: number;
  /** In octets, a multiple of eight. */
  readonly offset: number;
  /** Whether it is not the last one. */
  readonly more: boolean;
}

const WHOLE: Fragment = { id: 1, offset: 0, more: false };

/** A packet of IPv4. `options`: whole words of the header. */
export function ipv4(
  {
    from,
    to,
    options = Buffer.of(),
    fragment: { id, offset, more } = WHOLE,
  }: { from: string; to: string; options?: Uint8Array; fragment?: Fragment },
  protocol: number,
  payload: Uint8Array,
): Buffer {
  const words = 5 + options.length / 4;
  const header = Buffer.concat([
    Buffer.of(0x40 | words, 0),
    u16(words * 4 + payload.length),
    u16(id),
    u16((more ? 0x2000 : 0) | (offset >> 3)),
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

/** An extension header of RFC 8200: its number, and what comes after the number of the next one. */
export interface Extension {
  readonly number: number;
  readonly body: Uint8Array;
}

const PADDING = Buffer.of(0, 1, 4, 0, 0, 0, 0);
export const HOP_BY_HOP: Extension = { number: 0, body: PADDING };
export const DESTINATION: Extension = { number: 60, body: PADDING };

export function fragment({ id, offset, more }: Fragment): Extension {
  return { number: 44, body: Buffer.concat([Buffer.of(0), u16(offset | (more ? 1 : 0)), u16(0), u16(id)]) };
}

/** A routing header of this type; `rest`: its second word, `hops`: the addresses in it. */
export function routing(type: number, left: number, rest: Uint8Array, hops: readonly string[]): Extension {
  return { number: 43, body: Buffer.concat([Buffer.of(hops.length * 2, type, left), rest, ...hops.map(bytes)]) };
}

/** These headers before a payload, and the number of the first. */
export function extended(
  headers: readonly Extension[],
  next: number,
  payload: Uint8Array,
): { next: number; payload: Uint8Array } {
  return headers.reduceRight(
    (inner, { number, body }) => ({
      next: number,
      payload: Buffer.concat([Buffer.of(inner.next), body, inner.payload]),
    }),
    { next, payload },
  );
}

/** A datagram of UDP, with its checksum. */
export function udp({ from, to }: { from: string; to: string }, port: number, text: string, source = 4000): Buffer {
  const body = Buffer.from(text);
  const datagram = Buffer.concat([u16(source), u16(port), u16(8 + body.length), u16(0), body]);
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

/** Neighbor discovery's option with the sender's MAC (1) or the target's (2), of RFC 4861, 4.6.1. */
export function linkLayer(type: 1 | 2, address: string): Buffer {
  return Buffer.concat([Buffer.of(type, 1), mac(address)]);
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
