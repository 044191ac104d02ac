import type { Negotiated } from '../contract.ts';
import { plainAs4Path, type Span } from './attribute/as-path.ts';
import { copyUniqueLargeCommunities } from './attribute/large-communities.ts';
import { type AttributeRow, FLAG, OPTIONAL_TRANSITIVE, u16, u32 } from './attribute/row.ts';
import { ATTRIBUTE, attributeRow } from './attribute/table.ts';
import type { AttributeScan } from './attribute-scan.ts';
import { mergeAs4Path, widenAsPath } from './four-octet-as.ts';
import { AS_TRANS } from './open.ts';

/**
 * Writes the canonical form of the attributes that `scan` kept to `out` and returns its length, or -1 when the AS_PATH
 * in four-octet form no longer fits an attribute. Equal routes from any session give equal bytes: attributes stand in
 * order of type, flags are as the type demands, and the extended-length bit is set only where it must be.
 */
export function writeCanonical(bytes: Uint8Array, scan: AttributeScan, session: Negotiated, out: Uint8Array): number {
  const merge = session.fourOctetAs ? undefined : as4Merge(bytes, scan);
  let at = 0;
  for (let index = 0; index < scan.count; index++) {
    const type = scan.order[index];
    const row = attributeRow(type);
    if (row?.canonical === 'absent') continue;
    // Values that may grow, and long ones, leave room for the long header.
    const mayBeLong = scan.ends[type] - scan.starts[type] > 255 || (merge !== undefined && type === ATTRIBUTE.AS_PATH);
    const value = at + (mayBeLong ? 4 : 3);
    const end = writeValue(bytes, scan, type, merge, out, value);
    if (end - value > 0xffff) return -1;
    at = putAttributeHeader(out, at, canonicalFlags(row, scan.flags[type]), type, value, end);
  }
  return at;
}

function writeValue(
  bytes: Uint8Array,
  scan: AttributeScan,
  type: number,
  merge: As4Merge | undefined,
  out: Uint8Array,
  to: number,
): number {
  const start = scan.starts[type];
  const end = scan.ends[type];
  if (type === ATTRIBUTE.AS_PATH && merge !== undefined) {
    return merge.path === undefined
      ? widenAsPath(bytes, start, end, out, to)
      : mergeAs4Path(bytes, { start, end }, merge.path, out, to);
  }
  if (type === ATTRIBUTE.AGGREGATOR && merge !== undefined) {
    if (merge.aggregator !== undefined) return copy(bytes, merge.aggregator, merge.aggregator + 8, out, to);
    out[to] = 0;
    out[to + 1] = 0;
    return copy(bytes, start, end, out, to + 2);
  }
  if (type === ATTRIBUTE.LARGE_COMMUNITIES) return copyUniqueLargeCommunities(bytes, start, end, out, to);
  return copy(bytes, start, end, out, to);
}

function copy(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  let at = to;
  for (let from = start; from < end; from++) out[at++] = bytes[from];
  return at;
}

/** The parts of AS4_PATH and AS4_AGGREGATOR that count (RFC 6793 §4.2.3). */
interface As4Merge {
  readonly path: Span | undefined;
  /** Where the value of AS4_AGGREGATOR begins. */
  readonly aggregator: number | undefined;
}

function as4Merge(bytes: Uint8Array, scan: AttributeScan): As4Merge {
  const { kept, starts, ends } = scan;
  const aggregated = kept[ATTRIBUTE.AGGREGATOR] === 1;
  // An AGGREGATOR of real two-octet number was set by an old speaker after the AS4_* ones: those are out of date.
  if (aggregated && u16(bytes, starts[ATTRIBUTE.AGGREGATOR]) !== AS_TRANS) {
    return { path: undefined, aggregator: undefined };
  }
  const start = starts[ATTRIBUTE.AS4_PATH];
  return {
    path: kept[ATTRIBUTE.AS4_PATH] === 1 ? plainAs4Path(bytes, start, ends[ATTRIBUTE.AS4_PATH]) : undefined,
    aggregator: aggregated && kept[ATTRIBUTE.AS4_AGGREGATOR] === 1 ? starts[ATTRIBUTE.AS4_AGGREGATOR] : undefined,
  };
}

/** Partial survives on optional transitive attributes, and is set on those that we pass on without understanding. */
function canonicalFlags(row: AttributeRow | undefined, flags: number): number {
  if (row === undefined || row.canonical === 'foreign') return OPTIONAL_TRANSITIVE | FLAG.PARTIAL;
  return row.flags === OPTIONAL_TRANSITIVE ? row.flags | (flags & FLAG.PARTIAL) : row.flags;
}

/**
 * Puts the header at `at` before the value in `out[value … end)`, which begins 3 or 4 octets further on, and closes the
 * gap that is left if the short header does; returns the attribute's end.
 */
export function putAttributeHeader(
  out: Uint8Array,
  at: number,
  flags: number,
  type: number,
  value: number,
  end: number,
): number {
  const length = end - value;
  out[at + 1] = type;
  if (length > 255) {
    out[at] = flags | FLAG.EXTENDED_LENGTH;
    out[at + 2] = length >>> 8;
    out[at + 3] = length;
    return end;
  }
  out[at] = flags;
  out[at + 2] = length;
  if (value === at + 3) return end;
  out.copyWithin(at + 3, value, end);
  return end - 1;
}

/** NEXT_HOP of the scanned attributes, or 0. */
export function scannedNextHop(bytes: Uint8Array, scan: AttributeScan): number {
  return scan.kept[ATTRIBUTE.NEXT_HOP] === 1 ? u32(bytes, scan.starts[ATTRIBUTE.NEXT_HOP]) : 0;
}
