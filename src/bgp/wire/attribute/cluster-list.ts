import { UPDATE_ERROR } from '../notification.ts';
import { U32_LIST } from './list.ts';
import { attribute, OPTIONAL_NON_TRANSITIVE } from './row.ts';

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
  U32_LIST,
);
