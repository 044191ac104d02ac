import { ByteWriter } from '../../base/index.ts';
import { type AttributeRow, type DraftValues, FLAG, valueEnd, valueStart } from './attribute/row.ts';
import { ATTRIBUTES, rowOf } from './attribute/table.ts';
import type { AttributeValues, UnknownAttribute } from './attribute/values.ts';

/** The fields that have a row of the table. */
export type AttributeKey = Exclude<keyof AttributeValues, 'unknown'>;

const EMPTY: AttributeValues = Object.freeze({});
const NOTHING = { flags: 0, value: new Uint8Array(0) } as const;

/**
 * A set of path attributes that can be edited, read from and written back to canonical bytes: those that `decodeUpdate`
 * left in `view.attributes`. Values go in and out by the rows of the table, and are read when they are asked for. It is for
 * the moments when a route is changed; what is done per route works on integer columns.
 */
export class AttributeSet {
  readonly #attributes = new Map<number, UnknownAttribute>();

  /** Reads canonical bytes, which are not checked again. */
  static from<T extends AttributeSet>(this: new () => T, canonical: Uint8Array, length = canonical.length): T {
    const list = new this();
    for (let at = 0; at < length; at = valueEnd(canonical, at)) {
      const value = canonical.slice(valueStart(canonical, at), valueEnd(canonical, at));
      list.set(canonical[at + 1], canonical[at] & ~FLAG.EXTENDED_LENGTH, value);
    }
    return list;
  }

  /** A set of these values. */
  static of<T extends AttributeSet>(this: new () => T, values: AttributeValues): T {
    const list = new this();
    for (const { type, flags, value } of values.unknown ?? []) list.set(type, flags, value);
    for (const row of ATTRIBUTES) list.#write(row, values);
    return list;
  }

  /** The octets of an attribute's value. */
  get(type: number): Uint8Array | undefined {
    return this.#attributes.get(type)?.value;
  }

  set(type: number, flags: number, value: Uint8Array): this {
    this.#attributes.set(type, { type, flags, value });
    return this;
  }

  delete(type: number): this {
    this.#attributes.delete(type);
    return this;
  }

  /** Leaves of a list, whose items have so many octets, those that are wanted; the attribute goes with the last one. */
  retain(type: number, octets: number, wanted: (item: Uint8Array) => boolean): this {
    const { flags, value } = this.#attributes.get(type) ?? NOTHING;
    const items = Array.from({ length: value.length / octets }, (_, at) =>
      value.subarray(at * octets, (at + 1) * octets),
    );
    const kept = items.filter(wanted);
    if (kept.length === items.length) return this;
    return kept.length === 0
      ? this.delete(type)
      : this.set(type, flags, Uint8Array.from(kept.flatMap((item) => [...item])));
  }

  /** All of them, in order of type; `flags` without the extended-length bit, which follows from the value. */
  all(): UnknownAttribute[] {
    return [...this.#attributes.values()].sort((a, b) => a.type - b.type);
  }

  /** One value; undefined where the attribute is not there. */
  value<K extends AttributeKey>(key: K): AttributeValues[K] | undefined {
    const row = rowOf(key);
    const octets = this.get(row.type);
    if (octets === undefined) return undefined;
    const into: DraftValues = {};
    row.read!(octets, 0, octets.length, into);
    return into[key];
  }

  /** Sets one value; undefined, or an empty list, takes the attribute out. */
  put<K extends AttributeKey>(key: K, value: AttributeValues[K] | undefined): this {
    const row = rowOf(key);
    this.delete(row.type);
    return this.#write(row, { ...EMPTY, [key]: value });
  }

  /** Canonical bytes: in order of type, with the long header only where it must be. */
  toBytes(): Uint8Array {
    const out = new ByteWriter(128);
    for (const { type, flags, value } of this.all()) {
      if (value.length > 255) {
        out
          .u8(flags | FLAG.EXTENDED_LENGTH)
          .u8(type)
          .u16(value.length);
      } else out.u8(flags).u8(type).u8(value.length);
      out.raw(value);
    }
    return out.finish();
  }

  #write(row: AttributeRow, from: AttributeValues): this {
    const out = new ByteWriter(16);
    return row.write?.(from, out) ? this.set(row.type, row.flags, out.finish()) : this;
  }
}
