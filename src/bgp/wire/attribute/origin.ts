import { UPDATE_ERROR } from '../notification.ts';
import { attribute, WELL_KNOWN } from './row.ts';
import type { Origin } from './values.ts';

/** One octet: 0 IGP, 1 EGP, 2 INCOMPLETE. */
export const ORIGIN_ROW = attribute(
  {
    type: 1,
    name: 'ORIGIN',
    flags: WELL_KNOWN,
    length: { kind: 'exactly', octets: 1 },
    ibgp: 'withdraw',
    ebgp: 'withdraw',
    subcode: UPDATE_ERROR.INVALID_ORIGIN,
    clause: 'RFC 7606 §7.1',
    problem: (bytes, start) => (bytes[start] > 2 ? `undefined value ${bytes[start]}` : undefined),
  },
  'origin',
  {
    decode: (bytes, start) => bytes[start] as Origin,
    encode: (origin, out) => void out.u8(origin),
  },
);
