import { UPDATE_ERROR } from '../notification.ts';
import { bareAttribute, u32, WELL_KNOWN } from './row.ts';

/** An IPv4 address. It is a property of the session's view of a route, so canonical bytes don't hold it. */
export const NEXT_HOP_ROW = bareAttribute({
  type: 3,
  name: 'NEXT_HOP',
  flags: WELL_KNOWN,
  length: { kind: 'exactly', octets: 4 },
  ibgp: 'withdraw',
  ebgp: 'withdraw',
  subcode: UPDATE_ERROR.INVALID_NEXT_HOP,
  clause: 'RFC 7606 §7.3, RFC 4271 §6.3',
  problem: (bytes, start) => nextHop4Problem(u32(bytes, start)),
});

/** Why the address can't be a host's, or undefined. 240.0.0.0/4 is reserved, yet there are networks that use it. */
export function nextHop4Problem(address: number): string | undefined {
  const first = address >>> 24;
  if (first === 0) return 'an address in 0.0.0.0/8';
  if (first === 127) return 'a loopback address';
  if (first >= 224 && first < 240) return 'a multicast address';
  return address === 0xffffffff ? 'the broadcast address' : undefined;
}
