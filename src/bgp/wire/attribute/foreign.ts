import { UPDATE_ERROR } from '../notification.ts';
import type { MalformedAction } from '../update-error.ts';
import { attributeSetProblem, prefixSidProblem, tunnelProblem } from './nested.ts';
import {
  type AttributeRow,
  bareAttribute,
  type LengthRule,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
} from './row.ts';

/**
 * Attributes of other address families and services. Those that are transitive are checked as far as RFC 7606 and
 * their own RFCs ask and passed on; the others end here.
 */
function foreign(
  type: number,
  name: string,
  transitive: boolean,
  length: LengthRule,
  action: MalformedAction,
  clause: string,
  problem?: AttributeRow['problem'],
): AttributeRow {
  return bareAttribute({
    type,
    name,
    flags: transitive ? OPTIONAL_TRANSITIVE : OPTIONAL_NON_TRANSITIVE,
    length,
    ibgp: action,
    ebgp: action,
    ...(transitive ? {} : { refuse: 'all' as const, wrongFlags: 'discard' as const }),
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause,
    canonical: transitive ? 'foreign' : 'absent',
    ...(problem && { problem }),
  });
}

export const FOREIGN_ROWS: readonly AttributeRow[] = [
  foreign(22, 'PMSI_TUNNEL', true, { kind: 'at-least', octets: 5 }, 'withdraw', 'RFC 6514 §5'),
  foreign(23, 'TUNNEL_ENCAP', true, { kind: 'at-least', octets: 4 }, 'withdraw', 'RFC 9012 §13', tunnelProblem),
  foreign(24, 'TRAFFIC_ENGINEERING', false, { kind: 'at-least', octets: 1 }, 'discard', 'RFC 7606 §7.13'),
  foreign(25, 'IPV6_EXTENDED_COMMUNITIES', true, { kind: 'multiple', octets: 20 }, 'withdraw', 'RFC 7606 §7.15'),
  foreign(26, 'AIGP', false, { kind: 'at-least', octets: 3 }, 'discard', 'RFC 7311 §3.2'),
  foreign(29, 'BGP_LS', false, { kind: 'at-least', octets: 4 }, 'discard', 'RFC 9552 §8.2.2'),
  foreign(40, 'PREFIX_SID', true, { kind: 'at-least', octets: 3 }, 'discard', 'RFC 8669 §6', prefixSidProblem),
  foreign(
    128,
    'ATTR_SET',
    true,
    { kind: 'at-least', octets: 4 },
    'withdraw',
    'RFC 7606 §7.16, RFC 6368 §5',
    attributeSetProblem,
  ),
];
