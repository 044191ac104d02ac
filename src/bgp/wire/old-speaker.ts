import { FLAG, OPTIONAL_TRANSITIVE, u32, valueEnd, valueStart } from './attribute/row.ts';
import { ATTRIBUTE } from './attribute/table.ts';
import { putAttributeHeader } from './canonical.ts';
import { AS_TRANS } from './open.ts';

/**
 * Canonical attributes for a speaker of two-octet AS numbers (RFC 6793 §4.2.2): AS_PATH and AGGREGATOR shrink, numbers
 * that don't fit become AS_TRANS, and the whole truth follows in AS4_PATH and AS4_AGGREGATOR. Order of type is kept.
 */
export function narrowAttributes(canonical: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 * canonical.length + 16);
  let at = 0;
  let write = 0;
  /** Canonical attributes to repeat as AS4_*. */
  let path: Span | undefined;
  let aggregator: Span | undefined;
  const putFour = (): void => {
    if (path !== undefined) write = putCopy(canonical, path, ATTRIBUTE.AS4_PATH, out, write);
    if (aggregator !== undefined) write = putCopy(canonical, aggregator, ATTRIBUTE.AS4_AGGREGATOR, out, write);
    path = undefined;
    aggregator = undefined;
  };
  while (at < canonical.length) {
    const start = valueStart(canonical, at);
    const end = valueEnd(canonical, at);
    const type = canonical[at + 1];
    const flags = canonical[at] & ~FLAG.EXTENDED_LENGTH;
    if (type > ATTRIBUTE.AS4_AGGREGATOR) putFour();
    if (type === ATTRIBUTE.AS_PATH) {
      const length = narrowPath(canonical, start, end, out, write + 4);
      if (hasWideNumber(canonical, start, end)) path = { start, end };
      write = putAttributeHeader(out, write, flags, type, write + 4, write + 4 + length);
    } else if (type === ATTRIBUTE.AGGREGATOR) {
      if (u32(canonical, start) > 0xffff) aggregator = { start, end };
      putShort(out, write + 4, u32(canonical, start));
      out.set(canonical.subarray(start + 4, end), write + 6);
      write = putAttributeHeader(out, write, flags, type, write + 4, write + 10);
    } else {
      out.set(canonical.subarray(at, end), write);
      write += end - at;
    }
    at = end;
  }
  putFour();
  return out.subarray(0, write);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function putCopy(canonical: Uint8Array, span: Span, type: number, out: Uint8Array, at: number): number {
  out.set(canonical.subarray(span.start, span.end), at + 4);
  return putAttributeHeader(out, at, OPTIONAL_TRANSITIVE, type, at + 4, at + 4 + span.end - span.start);
}

function putShort(out: Uint8Array, at: number, asn: number): void {
  const short = asn > 0xffff ? AS_TRANS : asn;
  out[at] = short >>> 8;
  out[at + 1] = short;
}

/** Writes the path with two-octet numbers at `to`; returns its length. */
function narrowPath(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  let at = start;
  let write = to;
  while (at < end) {
    const count = bytes[at + 1];
    out[write] = bytes[at];
    out[write + 1] = count;
    at += 2;
    write += 2;
    for (let index = 0; index < count; index++, at += 4, write += 2) putShort(out, write, u32(bytes, at));
  }
  return write - to;
}

function hasWideNumber(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const last = at + 2 + bytes[at + 1] * 4;
    for (at += 2; at < last; at += 4) if (u32(bytes, at) > 0xffff) return true;
  }
  return false;
}
