import type { Codec } from './codecs.ts';
import { type FindProblem, u16, u32 } from './row.ts';
import type { AsPathSegment } from './values.ts';

/*
 * AS_PATH: segments one after another (RFC 4271 §4.3), AS numbers of two octets from old speakers and four from others;
 * always four in canonical bytes:
 *
 *     +---------------+---------------+--------------------------------
 *     | Segment Type  | Count         | Count AS numbers
 *     +---------------+---------------+--------------------------------
 */

export const AS_SET = 1;
export const AS_SEQUENCE = 2;
const CONFED_SEQUENCE = 3;
const CONFED_SET = 4;
/** AS numbers that a segment can hold. */
const SEGMENT = 255;

export const asPathProblem: FindProblem = (bytes, start, end, session) =>
  segmentsProblem(bytes, start, end, session.fourOctetAs ? 4 : 2, false);

export const as4PathProblem: FindProblem = (bytes, start, end) => segmentsProblem(bytes, start, end, 4, true);

/**
 * The fault of the path, or undefined. Confederation segments have no place, since this library forms none; in AS4_PATH
 * (`lenient`) they are passed over (RFC 6793 §6).
 */
function segmentsProblem(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: 2 | 4,
  lenient: boolean,
): string | undefined {
  let at = start;
  while (at < end) {
    if (end - at < 2) return 'one octet left over';
    const type = bytes[at];
    const count = bytes[at + 1];
    const isForeign = isConfederation(type);
    if (isForeign && !lenient) return 'confederation segment from outside a confederation';
    if (!isForeign && type !== AS_SET && type !== AS_SEQUENCE) return `unknown segment type ${type}`;
    if (count === 0) return 'segment without AS numbers';
    at += 2;
    if (count * width > end - at) return `segment of ${count} AS numbers overruns the attribute`;
    for (const last = at + count * width; at < last; at += width) {
      if ((width === 2 ? u16(bytes, at) : u32(bytes, at)) === 0) return 'AS number 0';
    }
  }
  return undefined;
}

function isConfederation(type: number): boolean {
  return type === CONFED_SEQUENCE || type === CONFED_SET;
}

/** A well-formed AS4_PATH without segments of confederations: where it lies in the bytes, or in others. */
export function plainAs4Path(bytes: Uint8Array, start: number, end: number): Span {
  const segments: Uint8Array[] = [];
  for (let at = start; at < end; ) {
    const next = at + 2 + bytes[at + 1] * 4;
    if (!isConfederation(bytes[at])) segments.push(bytes.subarray(at, next));
    at = next;
  }
  const length = segments.reduce((sum, segment) => sum + segment.length, 0);
  if (length === end - start) return { bytes, start, end };
  return { bytes: Uint8Array.from(segments.flatMap((segment) => [...segment])), start: 0, end: length };
}

/** A value where it lies. */
export interface Span {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Path length as the decision process counts it: an AS_SET is one (RFC 4271 §9.1.2.2). The path is well-formed. */
export function countAsPath(bytes: Uint8Array, start: number, end: number, width: 2 | 4): number {
  let count = 0;
  for (let at = start; at < end; at += 2 + bytes[at + 1] * width) count += bytes[at] === AS_SET ? 1 : bytes[at + 1];
  return count;
}

/**
 * The neighbouring AS in a well-formed path of four-octet numbers: the first number of a leading sequence; 0 for none.
 */
export function firstAsOf(bytes: Uint8Array, start: number, end: number): number {
  return start < end && bytes[start] === AS_SEQUENCE ? u32(bytes, start + 2) : 0;
}

/** Segments; a long one is written as several, and read as they are. */
export const AS_PATH_CODEC: Codec<readonly AsPathSegment[]> = {
  decode(bytes, start, end) {
    const segments: AsPathSegment[] = [];
    let at = start;
    while (at < end) {
      const kind = bytes[at] === AS_SET ? 'set' : 'sequence';
      const asns: number[] = [];
      const last = at + 2 + bytes[at + 1] * 4;
      for (at += 2; at < last; at += 4) asns.push(u32(bytes, at));
      segments.push({ kind, asns });
    }
    return segments;
  },
  encode(segments, out) {
    for (const { kind, asns } of segments) {
      for (let from = 0; from < asns.length; from += SEGMENT) {
        const part = asns.slice(from, from + SEGMENT);
        out.u8(kind === 'set' ? AS_SET : AS_SEQUENCE).u8(part.length);
        for (const asn of part) out.u32(asn);
      }
    }
  },
};

/** Every AS number, sets flattened, nearest first. */
export function asNumbers(segments: readonly AsPathSegment[]): number[] {
  return segments.flatMap(({ asns }) => asns);
}

/** The path without the numbers that RFC 6996 keeps for private use, but for `kept`. */
export function withoutPrivate(segments: readonly AsPathSegment[], kept: number): readonly AsPathSegment[] {
  return segments
    .map((segment) => ({ ...segment, asns: segment.asns.filter((asn) => asn === kept || !isPrivate(asn)) }))
    .filter(({ asns }) => asns.length > 0);
}

function isPrivate(asn: number): boolean {
  return (asn >= 64512 && asn <= 65534) || (asn >= 4200000000 && asn <= 4294967294);
}

/** The path with AS numbers in front: in the first sequence while it has room (RFC 4271 §5.1.2). */
export function prepended(segments: readonly AsPathSegment[], added: readonly number[]): readonly AsPathSegment[] {
  if (added.length === 0) return segments;
  const [first, ...rest] = segments;
  if (first?.kind === 'sequence' && first.asns.length + added.length <= SEGMENT) {
    return [{ kind: 'sequence', asns: [...added, ...first.asns] }, ...rest];
  }
  return [{ kind: 'sequence', asns: [...added] }, ...segments];
}
