import { AS_SEQUENCE, AS_SET, countAsPath, type Span } from './attribute/as-path.ts';
import { u16 } from './attribute/row.ts';

/**
 * Turning an old speaker's attributes into four-octet form (RFC 6793 §4.2.3): AS numbers widen, and where the path met
 * AS numbers that don't fit two octets, its tail is replaced by AS4_PATH. All ranges hold well-formed values.
 */

/** Writes the widened AS_PATH to `out` at `to`; returns where it ends. */
export function widenAsPath(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  return widenLeading(bytes, start, end, Number.POSITIVE_INFINITY, out, to);
}

/**
 * Writes AS_PATH with its tail replaced by AS4_PATH: the numbers by which AS_PATH is longer come first. When AS4_PATH
 * is the longer one, it is wrong and does not count.
 */
export function mergeAs4Path(
  bytes: Uint8Array,
  path: { readonly start: number; readonly end: number },
  path4: Span,
  out: Uint8Array,
  to: number,
): number {
  const surplus = countAsPath(bytes, path.start, path.end, 2) - countAsPath(path4.bytes, path4.start, path4.end, 4);
  if (surplus < 0) return widenAsPath(bytes, path.start, path.end, out, to);
  let at = widenLeading(bytes, path.start, path.end, surplus, out, to);
  const tail = path4.bytes;
  let from = path4.start;
  const last = lastSegment(out, to, at);
  if (last >= 0 && out[last] === AS_SEQUENCE && tail[from] === AS_SEQUENCE && out[last + 1] + tail[from + 1] <= 255) {
    // One sequence, as the path would look had everybody spoken four octets.
    out[last + 1] += tail[from + 1];
    from += 2;
  }
  out.set(tail.subarray(from, path4.end), at);
  at += path4.end - from;
  return at;
}

/** Widens segments until they count for `limit` AS numbers; a set counts as one. */
function widenLeading(
  bytes: Uint8Array,
  start: number,
  end: number,
  limit: number,
  out: Uint8Array,
  to: number,
): number {
  let at = start;
  let write = to;
  let left = limit;
  while (at < end && left > 0) {
    const set = bytes[at] === AS_SET;
    const count = bytes[at + 1];
    const taken = set ? count : Math.min(count, left);
    out[write] = bytes[at];
    out[write + 1] = taken;
    write += 2;
    at += 2;
    for (let index = 0; index < taken; index++) {
      const asn = u16(bytes, at + 2 * index);
      out[write] = 0;
      out[write + 1] = 0;
      out[write + 2] = asn >>> 8;
      out[write + 3] = asn;
      write += 4;
    }
    at += 2 * count;
    left -= set ? 1 : taken;
  }
  return write;
}

function lastSegment(bytes: Uint8Array, start: number, end: number): number {
  let last = -1;
  for (let at = start; at < end; at += 2 + bytes[at + 1] * 4) last = at;
  return last;
}
