import { UPDATE_ERROR } from '../notification.ts';
import { asPathProblem } from './as-path.ts';
import { bareAttribute, OPTIONAL_TRANSITIVE, u32 } from './row.ts';

/** The four-octet path beside an old speaker's AS_PATH; both are merged into one. Four-octet speakers never send it. */
export const AS4_PATH_ROW = bareAttribute({
  type: 17,
  name: 'AS4_PATH',
  flags: OPTIONAL_TRANSITIVE,
  length: { kind: 'at-least', octets: 6 },
  ibgp: 'discard',
  ebgp: 'discard',
  refuse: 'four-octet',
  wrongFlags: 'discard',
  subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
  clause: 'RFC 6793 §6',
  problem: (bytes, start, end) => asPathProblem(bytes, start, end, 4),
});

/** The same for AGGREGATOR. */
export const AS4_AGGREGATOR_ROW = bareAttribute({
  type: 18,
  name: 'AS4_AGGREGATOR',
  flags: OPTIONAL_TRANSITIVE,
  length: { kind: 'exactly', octets: 8 },
  ibgp: 'discard',
  ebgp: 'discard',
  refuse: 'four-octet',
  wrongFlags: 'discard',
  subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
  clause: 'RFC 6793 §6',
  problem: (bytes, start) => (u32(bytes, start) === 0 ? 'AS number 0' : undefined),
});
