import { type Family, PrefixTable } from '../../../src/base/index.ts';
import type { Negotiated } from '../../../src/bgp/contract.ts';
import {
  decodeUpdate,
  frame,
  MESSAGE,
  type PrefixList,
  type UpdateError,
  type UpdateScratch,
} from '../../../src/bgp/wire/index.ts';

/** `'ff 0a'` → bytes. Blanks and line ends are free. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/\s+/g, ''), 'hex'));
}

/** Bytes → `'ff0a'`. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** What an iBGP session of four-octet speakers with both families settled on, but for what a test says. */
export function session(but: Partial<Negotiated> = {}): Negotiated {
  return {
    peerAs: 65000,
    localAs: 65000,
    ibgp: true,
    peerRouterId: 0x0a000002,
    localRouterId: 0x0a000001,
    holdTime: 90,
    keepaliveTime: 30,
    families: ['ipv4-unicast', 'ipv6-unicast'],
    fourOctetAs: true,
    extendedMessages: false,
    routeRefresh: true,
    enhancedRouteRefresh: true,
    addPathSend: [],
    addPathReceive: [],
    extendedNextHop: [],
    localAddress: '10.0.0.1',
    peerAddress: '10.0.0.2',
    ...but,
  };
}

export const EBGP: Partial<Negotiated> = { ibgp: false, peerAs: 65001 };

/** `count` prefixes of a length (for IPv6 33 to 64, or over 96), one after another: numbers 0 … count - 1 of a table. */
export function consecutive(family: Family, count: number, length: number): PrefixList {
  const source = new PrefixTable(family, count);
  for (let at = 0; at < count; at++) {
    if (family === 4) source.intern4((0x0a000000 + at * 2 ** (32 - length)) >>> 0, length);
    else if (length <= 64) source.intern6(0xfd000000, at * 2 ** (64 - length), 0, 0, length);
    else source.intern6(0xfd000000, 0, 0, at * 2 ** (128 - length), length);
  }
  return { source, indices: Uint32Array.from({ length: count }, (_, at) => at), from: 0, to: count };
}

/** A whole UPDATE from its three parts in hex. */
export function update(attributes: string, nlri = '', withdrawn = ''): Uint8Array {
  const [w, a, n] = [hex(withdrawn), hex(attributes), hex(nlri)];
  return frame(
    MESSAGE.UPDATE,
    Uint8Array.from([w.length >> 8, w.length & 255, ...w, a.length >> 8, a.length & 255, ...a, ...n]),
  );
}

export function decode(
  message: Uint8Array,
  view: UpdateScratch,
  but: Partial<Negotiated> = {},
): readonly UpdateError[] {
  return decodeUpdate(message, 0, message.length, session(but), view);
}

/** The columns as text: `10.0.0.0/8`, with `#7` behind it for path identifier 7. IPv6 words are hex. */
export function prefixes(columns: {
  readonly family: 4 | 6;
  readonly count: number;
  readonly addresses: Uint32Array;
  readonly lengths: Uint8Array;
  readonly pathIds: Uint32Array;
}): string[] {
  return Array.from({ length: columns.count }, (_, at) => {
    const { addresses, lengths, pathIds } = columns;
    const id = pathIds[at] === 0 ? '' : `#${pathIds[at]}`;
    if (columns.family === 4) {
      const address = addresses[at];
      const octets = [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
      return `${octets.join('.')}/${lengths[at]}${id}`;
    }
    const words = [0, 1, 2, 3].map((word) => addresses[at * 4 + word].toString(16).padStart(8, '0'));
    return `${words.join(':')}/${lengths[at]}${id}`;
  });
}
