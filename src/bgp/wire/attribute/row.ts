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

/** Finds the fault of a value of the right length, or undefined. */
export type FindProblem = (bytes: Uint8Array, start: number, end: number, session: Negotiated) => string | undefined;

/** Values while they are read. */
export type DraftValues = { -readonly [K in keyof AttributeValues]: AttributeValues[K] };

/**
 * One path attribute, as data. `ATTRIBUTES` holds all rows; the decoder, the RIB's attribute lists, the tests and the
 * RFC 7606 table of the documentation are driven by them.
 */
export interface AttributeRow {
  readonly type: number;
  /** As in the IANA registry. */
  readonly name: string;
  readonly flags: number;
  readonly length: LengthRule;
  /** The action when it is malformed, by kind of session. */
  readonly ibgp: MalformedAction;
  readonly ebgp: MalformedAction;
  /**
   * Where even a well-formed one is dropped: from eBGP peers, from peers with four-octet AS numbers, from everybody.
   */
  readonly refuse?: 'ebgp' | 'four-octet' | 'all';
  /**
   * The action on wrong Optional or Transitive flags; RFC 7606 §3 (c) says withdraw unless the attribute's own RFC
   * differs.
   */
  readonly wrongFlags: MalformedAction;
  /** UPDATE error subcode for a wrong value. */
  readonly subcode: number;
  /** The section that says all this. */
  readonly clause: string;
  readonly problem?: FindProblem;
  /**
   * Its fate in canonical bytes: 'copied' as it is, 'rewritten' by code of its own (AS_PATH and the like),
   * 'foreign' when this library only checks it and passes it on, or 'absent' (next hop, NLRI, AS4_*).
   */
  readonly canonical: 'copied' | 'rewritten' | 'foreign' | 'absent';
  /** The field of `AttributeValues` that it is. */
  readonly key?: keyof AttributeValues;
  /** Reads a canonical value into `into`. */
  readonly read?: (bytes: Uint8Array, start: number, end: number, into: DraftValues) => void;
  /** Appends the canonical value, or returns false when `from` has none. */
  readonly write?: (from: AttributeValues, out: ByteWriter) => boolean;
}

/** Whether `length` octets obey the rule. */
export function lengthAllowed(rule: LengthRule, length: number, fourOctetAs: boolean): boolean {
  if (rule.kind === 'exactly') return length === (fourOctetAs ? rule.octets : (rule.oldSpeaker ?? rule.octets));
  if (rule.kind === 'multiple') return length > 0 && length % rule.octets === 0;
  return length >= rule.octets;
}

/*
 * Walking attributes: each is flags (1), type (1), length (1, or 2 with the extended-length bit), value.
 *
 *     for (let at = start; at < end; at = valueEnd(bytes, at)) { … bytes[at + 1], valueStart(bytes, at) … }
 */

/** Octets before the value of an attribute with these flags. */
export function headerLength(flags: number): 3 | 4 {
  return (flags & FLAG.EXTENDED_LENGTH) !== 0 ? 4 : 3;
}

/** Where the value of the attribute at `at` begins. */
export function valueStart(bytes: Uint8Array, at: number): number {
  return at + headerLength(bytes[at]);
}

/** Where the value of the attribute at `at` ends, and the next one begins. Its header is known to be there. */
export function valueEnd(bytes: Uint8Array, at: number): number {
  return (bytes[at] & FLAG.EXTENDED_LENGTH) !== 0 ? at + 4 + u16(bytes, at + 2) : at + 3 + bytes[at + 2];
}

/** The 32 bits at `at`, unsigned. */
export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
