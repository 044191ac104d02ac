import { ParseError } from '../../base/index.ts';
import { tryParseExtendedCommunity } from './extended-community.ts';

/** Well-known communities by the names that people write (RFC 1997, 7999, 8326, 9494). */
export const wellKnownCommunity: Readonly<Record<string, number>> = {
  'graceful-shutdown': 0xffff0000,
  'llgr-stale': 0xffff0006,
  'no-llgr': 0xffff0007,
  blackhole: 0xffff029a,
  'no-export': 0xffffff01,
  'no-advertise': 0xffffff02,
  'no-export-subconfed': 0xffffff03,
};

/** A community as written: standard and extended ones as their number, a large one as its text `global:local1:local2`. */
export type Community =
  | { readonly kind: 'standard'; readonly value: number }
  | { readonly kind: 'extended'; readonly value: bigint }
  | { readonly kind: 'large'; readonly text: string };

/**
 * Reads `65000:100`, `65000:1:2` (large, RFC 8092), `rt:65000:100` (extended, RFC 4360) or a well-known name; a wrong
 * text throws `ParseError`.
 */
export function parseCommunity(text: string, field = 'community'): Community {
  const known = wellKnownCommunity[text.toLowerCase().replaceAll('_', '-')];
  if (known !== undefined) return { kind: 'standard', value: known };
  const extended = tryParseExtendedCommunity(text);
  if (extended !== undefined) return { kind: 'extended', value: extended };
  const parts = /^\d{1,10}(:\d{1,10}){1,2}$/.test(text) ? text.split(':').map(Number) : [];
  if (parts.length === 2 && parts.every((part) => part <= 0xffff)) {
    return { kind: 'standard', value: parts[0] * 65536 + parts[1] };
  }
  if (parts.length === 3 && parts.every((part) => part <= 0xffffffff)) return { kind: 'large', text: parts.join(':') };
  throw new ParseError(field, text, 'expected a community such as 65000:100, 65000:1:2, rt:65000:100 or no-export');
}
