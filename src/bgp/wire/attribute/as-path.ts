import { UPDATE_ERROR } from '../notification.ts';
import { attribute, u16, u32, WELL_KNOWN } from './row.ts';
import type { AsPathSegment } from './values.ts';

export const AS_SET = 1;
export const AS_SEQUENCE = 2;
const CONFED_SEQUENCE = 3;
const CONFED_SET = 4;

/**
 * Segments one after another (RFC 4271 §4.3), AS numbers of two octets from old speakers and four from others; always
 * four in canonical bytes:
 *
 *     +---------------+---------------+--------------------------------
 *     | Segment Type  | Count         | Count AS numbers
 *     +---------------+---------------+--------------------------------
 */
export const AS_PATH_ROW = attribute(
  {
    type: 2,
    name: 'AS_PATH',
    flags: WELL_KNOWN,
    length: { kind: 'at-least', octets: 0 },
    ibgp: 'withdraw',
    ebgp: 'withdraw',
    subcode: UPDATE_ERROR.MALFORMED_AS_PATH,
    clause: 'RFC 7606 §7.2, RFC 7607',
    canonical: 'rewritten',
    problem: (bytes, start, end, session) => asPathProblem(bytes, start, end, session.fourOctetAs ? 4 : 2),
  },
  'asPath',
  {
    decode: decodeSegments,
    encode(segments, out) {
      for (const { kind, asns } of segments) {
        // A segment holds 255 numbers; longer ones go on in another.
        for (let from = 0; from < asns.length; from += 255) {
          const part = asns.slice(from, from + 255);
          out.u8(kind === 'set' ? AS_SET : AS_SEQUENCE).u8(part.length);
          for (const asn of part) out.u32(asn);
        }
      }
    },
  },
);

/** What is wrong with the path, or undefined. Confederation segments have no place: this library forms none. */
export function asPathProblem(bytes: Uint8Array, start: number, end: number, width: 2 | 4): string | undefined {
  let at = start;
  while (at < end) {
    if (end - at < 2) return 'one octet left over';
    const type = bytes[at];
    const count = bytes[at + 1];
    if (type === CONFED_SEQUENCE || type === CONFED_SET) return 'confederation segment from outside a confederation';
    if (type !== AS_SET && type !== AS_SEQUENCE) return `unknown segment type ${type}`;
    if (count === 0) return 'segment without AS numbers';
    at += 2;
    if (count * width > end - at) return `segment of ${count} AS numbers overruns the attribute`;
    for (const last = at + count * width; at < last; at += width) {
      if ((width === 2 ? u16(bytes, at) : u32(bytes, at)) === 0) return 'AS number 0';
    }
  }
  return undefined;
}

/** Path length as the decision process counts it. The path is well-formed. */
export function countAsPath(bytes: Uint8Array, start: number, end: number, width: 2 | 4): number {
  let count = 0;
  for (let at = start; at < end; at += 2 + bytes[at + 1] * width) count += bytes[at] === AS_SET ? 1 : bytes[at + 1];
  return count;
}

function decodeSegments(bytes: Uint8Array, start: number, end: number): readonly AsPathSegment[] {
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
}
