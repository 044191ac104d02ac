import type { ByteWriter } from '../../../base/index.ts';
import { u32, type Value } from './row.ts';

/** A value that is a list of items, each of so many octets; an empty one stands for "not there". */
export function listOf<T>(
  octets: number,
  read: (bytes: Uint8Array, at: number) => T,
  write: (item: T, out: ByteWriter) => void,
): Value<readonly T[]> {
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

/** Numbers of 32 bits. */
export const U32_LIST: Value<readonly number[]> = listOf(4, u32, (item, out) => out.u32(item));
