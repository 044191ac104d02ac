import { UPDATE_ERROR } from '../notification.ts';
import { listOf } from './list.ts';
import { attribute, OPTIONAL_TRANSITIVE, u32 } from './row.ts';

/** Extended communities (RFC 4360). Types unknown to us are no error. */
export const EXTENDED_COMMUNITIES_ROW = attribute(
  {
    type: 16,
    name: 'EXTENDED_COMMUNITIES',
    flags: OPTIONAL_TRANSITIVE,
    length: { kind: 'multiple', octets: 8 },
    ibgp: 'withdraw',
    ebgp: 'withdraw',
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause: 'RFC 7606 §7.14',
  },
  'extendedCommunities',
  listOf(
    8,
    (bytes, at) => (BigInt(u32(bytes, at)) << 32n) | BigInt(u32(bytes, at + 4)),
    (item, out) => out.u64(item),
  ),
);
