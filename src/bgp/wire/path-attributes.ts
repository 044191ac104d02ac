import { ByteWriter } from '../../base/index.ts';
import { FLAG, u16 } from './attribute/row.ts';
import { ATTRIBUTES, attributeRow } from './attribute/table.ts';
import type { AsPathSegment, AttributeValues, PathAttributes, UnknownAttribute } from './attribute/values.ts';

/**
 * Attributes as a frozen value, from canonical bytes: those that `decodeUpdate` left in `view.attributes`, or that
 * `encodeAttributes` made. Nothing is checked again.
 */
export function decodeAttributes(canonical: Uint8Array, length: number = canonical.length): PathAttributes {
  const values: { -readonly [K in keyof AttributeValues]: AttributeValues[K] } = {};
  const unknown: UnknownAttribute[] = [];
  let at = 0;
  while (at < length) {
    const flags = canonical[at];
    const type = canonical[at + 1];
    const extended = (flags & FLAG.EXTENDED_LENGTH) !== 0;
    const start = at + (extended ? 4 : 3);
    const end = start + (extended ? u16(canonical, at + 2) : canonical[at + 2]);
    const row = attributeRow(type);
    if (row?.read !== undefined) row.read(canonical, start, end, values);
    else
      unknown.push(Object.freeze({ type, flags: flags & ~FLAG.EXTENDED_LENGTH, value: canonical.slice(start, end) }));
    at = end;
  }
  const asPath = values.asPath ?? [];
  return Object.freeze({
    ...values,
    asPath: Object.freeze(asPath),
    asPathLength: asPathLength(asPath),
    firstAs: firstAs(asPath),
    unknown: Object.freeze(unknown),
  });
}

/** The canonical bytes of the values. ORIGIN and AS_PATH are written as given: a route to announce needs both. */
export function encodeAttributes(values: AttributeValues): Uint8Array {
  const out = new ByteWriter(128);
  const value = new ByteWriter(64);
  const unknown = [...(values.unknown ?? [])].sort((a, b) => a.type - b.type);
  let next = 0;
  for (const row of ATTRIBUTES) {
    for (; next < unknown.length && unknown[next].type < row.type; next++) putUnknown(unknown[next], out);
    if (row.write?.(values, value.reset())) put(row.flags, row.type, value.view(), out);
  }
  for (; next < unknown.length; next++) putUnknown(unknown[next], out);
  return out.finish();
}

function putUnknown({ flags, type, value }: UnknownAttribute, out: ByteWriter): void {
  put(flags, type, value, out);
}

function put(flags: number, type: number, value: Uint8Array, out: ByteWriter): void {
  if (value.length > 255)
    out
      .u8(flags | FLAG.EXTENDED_LENGTH)
      .u8(type)
      .u16(value.length);
  else out.u8(flags).u8(type).u8(value.length);
  out.raw(value);
}

/** Path length as the decision process counts it: an AS_SET is one. */
export function asPathLength(segments: readonly AsPathSegment[]): number {
  let length = 0;
  for (const { kind, asns } of segments) length += kind === 'set' ? 1 : asns.length;
  return length;
}

/** The neighbouring AS, if the path begins with a sequence. */
export function firstAs(segments: readonly AsPathSegment[]): number | undefined {
  return segments[0]?.kind === 'sequence' ? segments[0].asns[0] : undefined;
}

/** The path with `asn` put in front `count` times (RFC 4271 §5.1.2). */
export function prependAs(segments: readonly AsPathSegment[], asn: number, count = 1): readonly AsPathSegment[] {
  const [first, ...rest] = segments;
  const added = new Array<number>(count).fill(asn);
  if (first?.kind === 'sequence' && first.asns.length + count <= 255) {
    return [{ kind: 'sequence', asns: [...added, ...first.asns] }, ...rest];
  }
  return [{ kind: 'sequence', asns: added }, ...segments];
}
