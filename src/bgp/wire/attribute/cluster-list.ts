import { UPDATE_ERROR } from '../notification.ts';
import { attribute, OPTIONAL_NON_TRANSITIVE, u32 } from './row.ts';

/** Clusters that a reflected route has passed (RFC 4456 §8), latest first. */
export const CLUSTER_LIST_ROW = attribute(
  {
    type: 10,
    name: 'CLUSTER_LIST',
    flags: OPTIONAL_NON_TRANSITIVE,
    length: { kind: 'multiple', octets: 4 },
    ibgp: 'withdraw',
    ebgp: 'discard',
    refuse: 'ebgp',
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause: 'RFC 7606 §7.10',
  },
  'clusterList',
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
