import { type FindProblem, u16, u32 } from './row.ts';

/*
 * What can be wrong with a value of the right length. AS paths and nested lists have pages of their own.
 */

export const originProblem: FindProblem = (bytes, start) =>
  bytes[start] > 2 ? `undefined value ${bytes[start]}` : undefined;

export const nextHopProblem: FindProblem = (bytes, start) => nextHop4Problem(u32(bytes, start));

/** Why the address can't be a host's, or undefined. 240.0.0.0/4 is reserved, yet there are networks that use it. */
export function nextHop4Problem(address: number): string | undefined {
  const first = address >>> 24;
  if (first === 0) return 'an address in 0.0.0.0/8';
  if (first === 127) return 'a loopback address';
  if (first >= 224 && first < 240) return 'a multicast address';
  return address === 0xffffffff ? 'the broadcast address' : undefined;
}

/** AS number 0 in front, of four octets, or two where the whole has six (RFC 7607). */
export const asnProblem: FindProblem = (bytes, start, end) =>
  (end - start === 6 ? u16(bytes, start) : u32(bytes, start)) === 0 ? 'AS number 0' : undefined;
