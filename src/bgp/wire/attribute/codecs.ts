import type { ByteWriter } from '../../../base/index.ts';
import { u32 } from './row.ts';
import type { LargeCommunity, Origin } from './values.ts';

/** How a value is read, and written in canonical form. Reading trusts the row to have judged it. */
export interface Codec<T> {
  decode(bytes: Uint8Array, start: number, end: number): T;
  encode(value: T, out: ByteWriter): void;
  /** Values that stand for "not there". */
  absent?(value: T): boolean;
}

export const ORIGIN_CODE: Codec<Origin> = {
  decode: (bytes, start) => bytes[start] as Origin,
  encode: (origin, out) => void out.u8(origin),
};

/** No value: the attribute is there or not. */
export const PRESENCE: Codec<boolean> = {
  decode: () => true,
  encode: () => {},
  absent: (present) => !present,
};

/** A number of 32 bits. */
export const U32: Codec<number> = { decode: u32, encode: (value, out) => void out.u32(value) };

/** AS number and address of the router that formed an aggregate. */
export const AS_AND_ADDRESS: Codec<{ readonly asn: number; readonly address: number }> = {
  decode: (bytes, start) => ({ asn: u32(bytes, start), address: u32(bytes, start + 4) }),
  encode: ({ asn, address }, out) => void out.u32(asn).u32(address),
};

export const U32_LIST: Codec<readonly number[]> = listOf(4, u32, (item, out) => out.u32(item));

/** Eight octets each, as one number. */
export const U64_LIST: Codec<readonly bigint[]> = listOf(
  8,
  (bytes, at) => (BigInt(u32(bytes, at)) << 32n) | BigInt(u32(bytes, at + 4)),
  (item, out) => out.u64(item),
);

/** Three numbers of 32 bits each (RFC 8092 §3). */
export const LARGE_COMMUNITY_LIST: Codec<readonly LargeCommunity[]> = listOf(
  12,
  (bytes, at) => ({ global: u32(bytes, at), local1: u32(bytes, at + 4), local2: u32(bytes, at + 8) }),
  ({ global, local1, local2 }, out) => out.u32(global).u32(local1).u32(local2),
);

/** A value that is a list of items, each of so many octets; an empty one stands for "not there". */
function listOf<T>(
  octets: number,
  read: (bytes: Uint8Array, at: number) => T,
  write: (item: T, out: ByteWriter) => void,
): Codec<readonly T[]> {
  return {
    decode(bytes, start, end) {
      const list: T[] = [];
      for (let at = start; at < end; at += octets) list.push(read(bytes, at));
      return list;
    },
    encode(list, out) {
      for (const item of list) write(item, out);
    },
    absent: (list) => list.length === 0,
  };
}
