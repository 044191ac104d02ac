import { UPDATE_ERROR } from '../notification.ts';
import { attribute, OPTIONAL_TRANSITIVE, u32 } from './row.ts';

/** The AS that marked the route as one to go down to customers only. */
export const OTC_ROW = attribute(
  {
    type: 35,
    name: 'ONLY_TO_CUSTOMER',
    flags: OPTIONAL_TRANSITIVE,
    length: { kind: 'exactly', octets: 4 },
    ibgp: 'withdraw',
    ebgp: 'withdraw',
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause: 'RFC 9234 §5',
    problem: (bytes, start) => (u32(bytes, start) === 0 ? 'AS number 0' : undefined),
  },
  'otc',
  {
    decode: u32,
    encode: (value, out) => void out.u32(value),
  },
);
