import { headerLength, u16, valueEnd } from './row.ts';

/*
 * Attributes whose value is a list of smaller things, each with a length of its own: what they say is nothing to us,
 * but lengths that don't add up must not be passed on.
 */

const LABEL_INDEX = 1;
const ORIGINATOR_SRGB = 3;

/** PREFIX_SID: type (1), length (2), value, one after another (RFC 8669 §3, §6). */
export function prefixSidProblem(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let at = start; at < end; ) {
    if (end - at < 3) return 'octets left over that are no TLV';
    const type = bytes[at];
    const length = u16(bytes, at + 1);
    at += 3 + length;
    if (at > end) return `a TLV of ${length} octets overruns the attribute`;
    if (type === LABEL_INDEX && length !== 7) return `a Label-Index of ${length} octets`;
    if (type === ORIGINATOR_SRGB && (length < 8 || length % 6 !== 2)) return `an Originator SRGB of ${length} octets`;
  }
  return undefined;
}

/**
 * TUNNEL_ENCAP: tunnel type (2), length (2), then sub-TLVs of type (1) and length (1, or 2 from type 128 on), the last of
 * which ends where the tunnel's TLV does (RFC 9012 §2, §13).
 */
export function tunnelProblem(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let at = start; at < end; ) {
    if (end - at < 4) return 'octets left over that are no TLV';
    const length = u16(bytes, at + 2);
    const next = at + 4 + length;
    if (next > end) return `a TLV of ${length} octets overruns the attribute`;
    for (at += 4; at < next; ) {
      const header = bytes[at] < 128 ? 2 : 3;
      if (next - at < header) return 'octets left over that are no sub-TLV';
      const octets = header === 2 ? bytes[at + 1] : u16(bytes, at + 1);
      at += header + octets;
      if (at > next) return `a sub-TLV of ${octets} octets overruns its TLV`;
    }
  }
  return undefined;
}

/** ATTR_SET: AS number (4), then path attributes (RFC 6368 §5). */
export function attributeSetProblem(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let at = start + 4; at < end; ) {
    if (end - at < headerLength(bytes[at])) return 'octets left over that are no attribute';
    at = valueEnd(bytes, at);
    if (at > end) return 'an attribute in it overruns the set';
  }
  return undefined;
}
