import type { ByteWriter } from '../../base/index.ts';
import { u16, u32 } from './attribute/row.ts';
import type { AfiSafi } from './family.ts';

/**
 * Capabilities of an OPEN (RFC 5492) as values. One that is unknown, or known but of a wrong length, is kept as
 * 'unknown': it is reported and otherwise ignored, as RFC 5492 §3 wants of capabilities that a speaker can't use. What
 * may not be ignored is up to the OPEN.
 */
export type Capability =
  | ({ readonly kind: 'multiprotocol' } & AfiSafi)
  | { readonly kind: 'routeRefresh' }
  | { readonly kind: 'extendedNextHop'; readonly families: readonly (AfiSafi & { readonly nextHopAfi: number })[] }
  | { readonly kind: 'extendedMessage' }
  | { readonly kind: 'role'; readonly role: number }
  | {
      readonly kind: 'gracefulRestart';
      /** The R bit: the sender has just restarted. */
      readonly restarting: boolean;
      /** The N bit (RFC 8538): NOTIFICATIONs too start a graceful restart. */
      readonly notification: boolean;
      /** Seconds, 0–4095. */
      readonly time: number;
      readonly families: readonly (AfiSafi & { readonly forwarding: boolean })[];
    }
  | { readonly kind: 'fourOctetAs'; readonly asn: number }
  | { readonly kind: 'addPath'; readonly families: readonly (AfiSafi & { readonly mode: AddPathMode })[] }
  | { readonly kind: 'enhancedRouteRefresh' }
  | {
      readonly kind: 'longLived';
      /** `staleTime` in seconds, 24 bits. */
      readonly families: readonly (AfiSafi & { readonly forwarding: boolean; readonly staleTime: number })[];
    }
  | { readonly kind: 'fqdn'; readonly host: string; readonly domain: string }
  | { readonly kind: 'unknown'; readonly code: number; readonly value: Uint8Array };

/** The willingness of the sender of ADD-PATH (RFC 7911 §4). */
export type AddPathMode = 'receive' | 'send' | 'both';

const ADD_PATH_MODES: readonly (AddPathMode | undefined)[] = [undefined, 'receive', 'send', 'both'];

type Known = Exclude<Capability['kind'], 'unknown'>;

interface Codec<K extends Known> {
  readonly code: number;
  /** Reads the value in `bytes[start … end)`; undefined when it can't be what the code says. */
  decode(bytes: Uint8Array, start: number, end: number): Extract<Capability, { kind: K }> | undefined;
  encode(capability: Extract<Capability, { kind: K }>, out: ByteWriter): void;
}

/** Reads a list of entries of `size` octets, or undefined when they don't fill the value. */
function entries<T>(start: number, end: number, size: number, read: (at: number) => T): T[] | undefined {
  if ((end - start) % size !== 0) return undefined;
  const list: T[] = [];
  for (let at = start; at < end; at += size) list.push(read(at));
  return list;
}

function empty<K extends 'routeRefresh' | 'extendedMessage' | 'enhancedRouteRefresh'>(kind: K, code: number): Codec<K> {
  const only = Object.freeze({ kind }) as Extract<Capability, { kind: K }>;
  return { code, decode: (_, start, end) => (start === end ? only : undefined), encode() {} };
}

const text = new TextDecoder();

const CODECS: { readonly [K in Known]: Codec<K> } = {
  multiprotocol: {
    code: 1,
    decode(bytes, start, end) {
      return end - start === 4 ? { kind: 'multiprotocol', afi: u16(bytes, start), safi: bytes[start + 3] } : undefined;
    },
    encode: ({ afi, safi }, out) => void out.u16(afi).u8(0).u8(safi),
  },
  routeRefresh: empty('routeRefresh', 2),
  extendedNextHop: {
    code: 5,
    decode(bytes, start, end) {
      const families = entries(start, end, 6, (at) => ({
        afi: u16(bytes, at),
        safi: u16(bytes, at + 2),
        nextHopAfi: u16(bytes, at + 4),
      }));
      return families && { kind: 'extendedNextHop', families };
    },
    encode({ families }, out) {
      for (const { afi, safi, nextHopAfi } of families) out.u16(afi).u16(safi).u16(nextHopAfi);
    },
  },
  extendedMessage: empty('extendedMessage', 6),
  role: {
    code: 9,
    decode: (bytes, start, end) => (end - start === 1 ? { kind: 'role', role: bytes[start] } : undefined),
    encode: ({ role }, out) => void out.u8(role),
  },
  gracefulRestart: {
    code: 64,
    decode(bytes, start, end) {
      if (end - start < 2) return undefined;
      const families = entries(start + 2, end, 4, (at) => ({
        afi: u16(bytes, at),
        safi: bytes[at + 2],
        forwarding: (bytes[at + 3] & 0x80) !== 0,
      }));
      if (families === undefined) return undefined;
      const head = u16(bytes, start);
      const [restarting, notification] = [(head & 0x8000) !== 0, (head & 0x4000) !== 0];
      return { kind: 'gracefulRestart', restarting, notification, time: head & 0xfff, families };
    },
    encode({ restarting, notification, time, families }, out) {
      out.u16((restarting ? 0x8000 : 0) | (notification ? 0x4000 : 0) | (Math.min(time, 0xfff) & 0xfff));
      for (const { afi, safi, forwarding } of families)
        out
          .u16(afi)
          .u8(safi)
          .u8(forwarding ? 0x80 : 0);
    },
  },
  fourOctetAs: {
    code: 65,
    decode: (bytes, start, end) => (end - start === 4 ? { kind: 'fourOctetAs', asn: u32(bytes, start) } : undefined),
    encode: ({ asn }, out) => void out.u32(asn),
  },
  addPath: {
    code: 69,
    decode(bytes, start, end) {
      const all = entries(start, end, 4, (at) => ({
        afi: u16(bytes, at),
        safi: bytes[at + 2],
        mode: ADD_PATH_MODES[bytes[at + 3]],
      }));
      // RFC 7911 §4: an entry with any other mode is ignored.
      const families = all?.flatMap(({ afi, safi, mode }) => (mode === undefined ? [] : [{ afi, safi, mode }]));
      return families && { kind: 'addPath', families };
    },
    encode({ families }, out) {
      for (const { afi, safi, mode } of families) out.u16(afi).u8(safi).u8(ADD_PATH_MODES.indexOf(mode));
    },
  },
  enhancedRouteRefresh: empty('enhancedRouteRefresh', 70),
  longLived: {
    code: 71,
    decode(bytes, start, end) {
      const families = entries(start, end, 7, (at) => ({
        afi: u16(bytes, at),
        safi: bytes[at + 2],
        forwarding: (bytes[at + 3] & 0x80) !== 0,
        staleTime: (bytes[at + 4] << 16) | u16(bytes, at + 5),
      }));
      return families && { kind: 'longLived', families };
    },
    encode({ families }, out) {
      for (const { afi, safi, forwarding, staleTime } of families) {
        out
          .u16(afi)
          .u8(safi)
          .u8(forwarding ? 0x80 : 0)
          .u8(staleTime >>> 16)
          .u16(staleTime & 0xffff);
      }
    },
  },
  fqdn: {
    code: 73,
    decode(bytes, start, end) {
      const domainAt = start + 1 + bytes[start];
      if (end - start < 2 || domainAt >= end || domainAt + 1 + bytes[domainAt] !== end) return undefined;
      const host = text.decode(bytes.subarray(start + 1, domainAt));
      return { kind: 'fqdn', host, domain: text.decode(bytes.subarray(domainAt + 1, end)) };
    },
    encode({ host, domain }, out) {
      for (const part of [host, domain]) {
        const bytes = new TextEncoder().encode(part).subarray(0, 64);
        out.u8(bytes.length).raw(bytes);
      }
    },
  },
};

/** The code of each capability this library understands. */
export const CAPABILITY_CODES: Readonly<Record<Known, number>> = Object.freeze(
  Object.fromEntries(Object.entries(CODECS).map(([kind, codec]) => [kind, codec.code])) as Record<Known, number>,
);

const BY_CODE: ReadonlyMap<number, Codec<Known>> = new Map(
  Object.values(CODECS).map((codec) => [codec.code, codec as Codec<Known>]),
);

/** Reads the capability whose value is `bytes[start … end)`. */
export function decodeCapability(
  code: number,
  bytes: Uint8Array,
  start: number = 0,
  end: number = bytes.length,
): Capability {
  const known = BY_CODE.get(code)?.decode(bytes, start, end);
  return known ?? { kind: 'unknown', code, value: bytes.slice(start, end) };
}

/** Writes code, length and value. */
export function encodeCapability(capability: Capability, out: ByteWriter): void {
  if (capability.kind === 'unknown') {
    out.u8(capability.code).u8(capability.value.length).raw(capability.value);
    return;
  }
  const codec = CODECS[capability.kind] as Codec<Known>;
  const mark = out.u8(codec.code).fork(1);
  codec.encode(capability, out);
  out.join(mark, 1);
}
