import type { ByteWriter } from '../../../base/index.ts';
import type { Negotiated } from '../../contract.ts';
import type { MalformedAction } from '../update-error.ts';
import type { AttributeValues } from './values.ts';

/** Bits of the attribute flags octet (RFC 4271 §4.3). */
export const FLAG = { OPTIONAL: 0x80, TRANSITIVE: 0x40, PARTIAL: 0x20, EXTENDED_LENGTH: 0x10 } as const;

/** Flags that an attribute must have: well-known, optional transitive, optional non-transitive. */
export const WELL_KNOWN: number = FLAG.TRANSITIVE;
export const OPTIONAL_TRANSITIVE: number = FLAG.OPTIONAL | FLAG.TRANSITIVE;
export const OPTIONAL_NON_TRANSITIVE: number = FLAG.OPTIONAL;

/** How long a value may be. `oldSpeaker`: on a session with two-octet AS numbers. */
export type LengthRule =
  | { readonly kind: 'exactly'; readonly octets: number; readonly oldSpeaker?: number }
  | { readonly kind: 'multiple'; readonly octets: number }
  | { readonly kind: 'at-least'; readonly octets: number };

/**
 * One path attribute, as data. `ATTRIBUTES` holds all rows; the decoder, its tests and the RFC 7606 table of the
 * documentation are driven by them.
 */
export interface AttributeRow {
  readonly type: number;
  /** As in the IANA registry. */
  readonly name: string;
  readonly flags: number;
  readonly length: LengthRule;
  /** What to do when it is malformed, by kind of session. */
  readonly ibgp: MalformedAction;
  readonly ebgp: MalformedAction;
  /** Where even a well-formed one is dropped: from eBGP peers, from peers with four-octet AS numbers, from everybody. */
  readonly refuse?: 'ebgp' | 'four-octet' | 'all';
  /** What to do about wrong Optional or Transitive flags; RFC 7606 §3 (c) says withdraw unless the attribute's own RFC differs. */
  readonly wrongFlags: MalformedAction;
  /** UPDATE error subcode for a wrong value. */
  readonly subcode: number;
  /** The section that says all this. */
  readonly clause: string;
  /** What is wrong with a value of the right length, or undefined. */
  readonly problem?: (bytes: Uint8Array, start: number, end: number, session: Negotiated) => string | undefined;
  /**
   * What becomes of it in canonical bytes: 'copied' as it is, 'rewritten' by code of its own (AS_PATH and the like),
   * 'foreign' when this library only checks it and passes it on, or 'absent' (next hop, NLRI, AS4_*).
   */
  readonly canonical: 'copied' | 'rewritten' | 'foreign' | 'absent';
  /** Reads a canonical value into `into`. */
  readonly read?: (
    bytes: Uint8Array,
    start: number,
    end: number,
    into: { -readonly [K in keyof AttributeValues]: AttributeValues[K] },
  ) => void;
  /** Appends the canonical value, or returns false when `from` has none. */
  readonly write?: (from: AttributeValues, out: ByteWriter) => boolean;
}

/** What `attribute` fills in unless told otherwise. */
type Defaults = 'wrongFlags' | 'canonical';

/** How a value is read, and written in canonical form. */
export interface Value<T> {
  decode(bytes: Uint8Array, start: number, end: number): T;
  encode(value: T, out: ByteWriter): void;
  /** Values that stand for "not there". */
  absent?(value: T): boolean;
}

/** A row whose value is the field `key` of `AttributeValues`. */
export function attribute<K extends keyof AttributeValues>(
  row: Omit<AttributeRow, Defaults | 'read' | 'write'> & Partial<Pick<AttributeRow, Defaults>>,
  key: K,
  value: Value<NonNullable<AttributeValues[K]>>,
): AttributeRow {
  return Object.freeze({
    wrongFlags: 'withdraw',
    canonical: 'copied',
    ...row,
    read: (bytes, start, end, into) => {
      into[key] = value.decode(bytes, start, end);
    },
    write: (from, out) => {
      const present = from[key];
      if (present === undefined || value.absent?.(present)) return false;
      value.encode(present, out);
      return true;
    },
  } satisfies AttributeRow);
}

/** A row without a value of ours: checked, then dropped or passed on. */
export function bareAttribute(
  row: Omit<AttributeRow, Defaults | 'read' | 'write'> & Partial<Pick<AttributeRow, Defaults>>,
): AttributeRow {
  return Object.freeze({ wrongFlags: 'withdraw', canonical: 'absent', ...row } satisfies AttributeRow);
}

/** Whether `length` octets obey the rule. */
export function lengthAllowed(rule: LengthRule, length: number, fourOctetAs: boolean): boolean {
  if (rule.kind === 'exactly') return length === (fourOctetAs ? rule.octets : (rule.oldSpeaker ?? rule.octets));
  if (rule.kind === 'multiple') return length > 0 && length % rule.octets === 0;
  return length >= rule.octets;
}

/** The 32 bits at `at`, unsigned. */
export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
