import { UPDATE_ERROR } from '../notification.ts';
import { attribute, OPTIONAL_TRANSITIVE, u32 } from './row.ts';

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
  {
    decode(bytes, start, end) {
      const list: number[] = [];
      for (let at = start; at < end; at += 4) list.push(u32(bytes, at));
      return list;
    },
    encode(list, out) {
      for (const item of list) out.u32(item);
    },
    absent: (list) => list.length === 0,
  },
);
