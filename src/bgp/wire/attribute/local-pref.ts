import { UPDATE_ERROR } from '../notification.ts';
import { attribute, u32, WELL_KNOWN } from './row.ts';

/** Higher is better. It has no meaning across an AS's border. */
export const LOCAL_PREF_ROW = attribute(
  {
    type: 5,
    name: 'LOCAL_PREF',
    flags: WELL_KNOWN,
    length: { kind: 'exactly', octets: 4 },
    ibgp: 'withdraw',
    ebgp: 'discard',
    refuse: 'ebgp',
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause: 'RFC 7606 §7.5',
  },
  'localPref',
  {
    decode: u32,
    encode: (value, out) => void out.u32(value),
  },
);
