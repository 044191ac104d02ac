import type { AddressFamily } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import { nextHop4Problem } from './attribute/problems.ts';
import { u16, u32 } from './attribute/row.ts';
import { ATTRIBUTE } from './attribute/table.ts';
import { addressFamily, ipFamily } from './family.ts';
import { decodeNlri } from './nlri.ts';
import { UPDATE_ERROR } from './notification.ts';
import { type MalformedAction, type UpdateError, updateError } from './update-error.ts';
import type { UpdateScratch } from './update-view.ts';

/**
 * MP_REACH_NLRI (RFC 4760 §3), whose value is
 *
 *     AFI (2)  SAFI (1)  next hop length (1)  next hop  reserved (1)  NLRI
 *
 * Fills `mpAnnounced` and `mpNextHop`, or says what is wrong. The value has at least five octets.
 */
export function decodeMpReach(
  bytes: Uint8Array,
  start: number,
  end: number,
  session: Negotiated,
  view: UpdateScratch,
): UpdateError | undefined {
  const fail = (action: MalformedAction, reason: string): UpdateError =>
    mpError(action, ATTRIBUTE.MP_REACH, reason, bytes, start, end);
  const family = negotiatedFamily(bytes, start, session);
  if (family === undefined) return fail('discard', 'the address family was not negotiated');
  const length = bytes[start + 3];
  const nlri = start + 4 + length + 1;
  if (nlri > end) return fail('reset', `a next hop of ${length} octets overruns the attribute`);
  if (!nextHopLengthAllowed(family, length, session)) return fail('reset', `a next hop of ${length} octets`);
  view.mpAnnounced.of = family;
  view.mpAnnounced.family = ipFamily(family);
  if (!decodeNlri(bytes, nlri, end, session.addPathReceive.includes(family), view.mpAnnounced)) {
    return fail('reset', 'malformed prefix');
  }
  for (let octet = 0; octet < length; octet++) view.mpNextHop[octet] = bytes[start + 4 + octet];
  view.mpNextHopLength = length;
  const problem = length === 4 ? nextHop4Problem(u32(bytes, start + 4)) : nextHop6Problem(bytes, start + 4, length);
  return problem === undefined ? undefined : fail('withdraw', `next hop is ${problem}`);
}

/** MP_UNREACH_NLRI (RFC 4760 §4): AFI (2), SAFI (1), withdrawn routes. Fills `mpWithdrawn`. */
export function decodeMpUnreach(
  bytes: Uint8Array,
  start: number,
  end: number,
  session: Negotiated,
  view: UpdateScratch,
): UpdateError | undefined {
  const family = negotiatedFamily(bytes, start, session);
  const fail = (action: MalformedAction, reason: string): UpdateError =>
    mpError(action, ATTRIBUTE.MP_UNREACH, reason, bytes, start, end);
  if (family === undefined) return fail('discard', 'the address family was not negotiated');
  view.mpWithdrawn.of = family;
  view.mpWithdrawn.family = ipFamily(family);
  const good = decodeNlri(bytes, start + 3, end, session.addPathReceive.includes(family), view.mpWithdrawn);
  return good ? undefined : fail('reset', 'malformed prefix');
}

/** The family named at `start`, if the session carries it. */
export function negotiatedFamily(bytes: Uint8Array, start: number, session: Negotiated): AddressFamily | undefined {
  const family = addressFamily(u16(bytes, start), bytes[start + 2]);
  return family !== undefined && session.families.includes(family) ? family : undefined;
}

function nextHopLengthAllowed(family: AddressFamily, length: number, session: Negotiated): boolean {
  if (family === 'ipv4-unicast' && length === 4) return true;
  const v6 = length === 16 || length === 32;
  return v6 && (family === 'ipv6-unicast' || session.extendedNextHop.includes(family));
}

/** Why the address can't be a host's, or undefined. Of two, the global one may be missing (`::`), as some speakers send it. */
function nextHop6Problem(bytes: Uint8Array, start: number, length: number): string | undefined {
  if (bytes[start] === 0xff) return 'a multicast address';
  for (let octet = 0; octet < 15; octet++) if (bytes[start + octet] !== 0) return undefined;
  if (bytes[start + 15] > 1) return undefined;
  const linkLocal = length === 32 && bytes[start + 16] === 0xfe && (bytes[start + 17] & 0xc0) === 0x80;
  return linkLocal && bytes[start + 15] === 0 ? undefined : 'the unspecified or the loopback address';
}

function mpError(
  action: MalformedAction,
  type: number,
  reason: string,
  bytes: Uint8Array,
  start: number,
  end: number,
): UpdateError {
  const name = type === ATTRIBUTE.MP_REACH ? 'MP_REACH_NLRI' : 'MP_UNREACH_NLRI';
  const long = end - start > 255;
  const header = long ? [0x90, type, (end - start) >>> 8, (end - start) & 255] : [0x80, type, end - start];
  const whole = new Uint8Array(header.length + end - start);
  whole.set(header);
  whole.set(bytes.subarray(start, end), header.length);
  return updateError(action, type, UPDATE_ERROR.OPTIONAL_ATTRIBUTE, `${name}: ${reason}`, whole, whole);
}
