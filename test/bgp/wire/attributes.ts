import { type DraftValues, FLAG, valueEnd, valueStart } from '../../../src/bgp/wire/attribute/row.ts';
import {
  type AsPathSegment,
  AttributeSet,
  type AttributeValues,
  attributeRow,
  type UnknownAttribute,
} from '../../../src/bgp/wire/index.ts';

/* Whole attributes as values, for tests: the library itself reads the one that it asks for, or integer columns. */

/** As decoded, with what the decision process asks of the path. */
export interface PathAttributes extends AttributeValues {
  readonly asPath: readonly AsPathSegment[];
  /** An AS_SET counts as one (RFC 4271 §9.1.2.2). */
  readonly asPathLength: number;
  /** The neighbouring AS: the first number of a path that begins with a sequence. */
  readonly firstAs: number | undefined;
  readonly unknown: readonly UnknownAttribute[];
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

/** Attributes as a frozen value, from canonical bytes, with what the decision process asks of the path. */
export function decodeAttributes(canonical: Uint8Array, length: number = canonical.length): PathAttributes {
  const values: DraftValues = {};
  const unknown: UnknownAttribute[] = [];
  for (let at = 0; at < length; at = valueEnd(canonical, at)) {
    const type = canonical[at + 1];
    const [start, end] = [valueStart(canonical, at), valueEnd(canonical, at)];
    const row = attributeRow(type);
    const flags = canonical[at] & ~FLAG.EXTENDED_LENGTH;
    if (row?.read === undefined) unknown.push(Object.freeze({ type, flags, value: canonical.slice(start, end) }));
    else row.read(canonical, start, end, values);
  }
  const { asPath = [] } = values;
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
  return AttributeSet.of(values).toBytes();
}
