import { UPDATE_ERROR } from '../notification.ts';
import { U32_LIST } from './list.ts';
import { attribute, OPTIONAL_TRANSITIVE } from './row.ts';

/** Communities (RFC 1997): AS number and value, 16 bits each. */
export const COMMUNITIES_ROW = attribute(
  {
    type: 8,
    name: 'COMMUNITIES',
    flags: OPTIONAL_TRANSITIVE,
    length: { kind: 'multiple', octets: 4 },
    ibgp: 'withdraw',
    ebgp: 'withdraw',
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause: 'RFC 7606 §7.8',
  },
  'communities',
  U32_LIST,
);
