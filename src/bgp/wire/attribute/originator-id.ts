import { UPDATE_ERROR } from '../notification.ts';
import { attribute, OPTIONAL_NON_TRANSITIVE, u32 } from './row.ts';

/** BGP identifier of the router that brought a reflected route into the AS (RFC 4456 §8). */
export const ORIGINATOR_ID_ROW = attribute(
  {
    type: 9,
    name: 'ORIGINATOR_ID',
    flags: OPTIONAL_NON_TRANSITIVE,
    length: { kind: 'exactly', octets: 4 },
    ibgp: 'withdraw',
    ebgp: 'discard',
    refuse: 'ebgp',
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause: 'RFC 7606 §7.9',
  },
  'originatorId',
  {
    decode: u32,
    encode: (value, out) => void out.u32(value),
  },
);
