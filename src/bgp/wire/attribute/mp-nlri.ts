import { UPDATE_ERROR } from '../notification.ts';
import { bareAttribute, OPTIONAL_NON_TRANSITIVE } from './row.ts';

/**
 * The two attributes that hold NLRI of any family (RFC 4760 §3, §4). Nothing can be withdrawn when they can't be
 * read, so each error in them ends the session. `multiprotocol.ts` reads them.
 */
export const MP_REACH_ROW = bareAttribute({
  type: 14,
  name: 'MP_REACH_NLRI',
  flags: OPTIONAL_NON_TRANSITIVE,
  length: { kind: 'at-least', octets: 5 },
  ibgp: 'reset',
  ebgp: 'reset',
  wrongFlags: 'reset',
  subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
  clause: 'RFC 7606 §7.11, RFC 8950 §4',
});

export const MP_UNREACH_ROW = bareAttribute({
  type: 15,
  name: 'MP_UNREACH_NLRI',
  flags: OPTIONAL_NON_TRANSITIVE,
  length: { kind: 'at-least', octets: 3 },
  ibgp: 'reset',
  ebgp: 'reset',
  wrongFlags: 'reset',
  subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
  clause: 'RFC 7606 §7.12',
});
