import { UPDATE_ERROR } from '../notification.ts';
import { attribute, OPTIONAL_NON_TRANSITIVE, u32 } from './row.ts';

/** Lower is better, among routes of one neighbouring AS. */
export const MED_ROW = attribute(
  {
    type: 4,
    name: 'MULTI_EXIT_DISC',
    flags: OPTIONAL_NON_TRANSITIVE,
    length: { kind: 'exactly', octets: 4 },
    ibgp: 'withdraw',
    ebgp: 'withdraw',
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause: 'RFC 7606 §7.4',
  },
  'med',
  {
    decode: u32,
    encode: (value, out) => void out.u32(value),
  },
);
