import { UPDATE_ERROR } from '../notification.ts';
import type { MalformedAction } from '../update-error.ts';
import { AS_PATH_CODEC, as4PathProblem, asPathProblem } from './as-path.ts';
import {
  AS_AND_ADDRESS,
  type Codec,
  LARGE_COMMUNITY_LIST,
  ORIGIN_CODE,
  PRESENCE,
  U32,
  U32_LIST,
  U64_LIST,
} from './codecs.ts';
import { attributeSetProblem, prefixSidProblem, tunnelProblem } from './nested.ts';
import { asnProblem, nextHopProblem, originProblem } from './problems.ts';
import { type AttributeRow, type LengthRule, OPTIONAL_NON_TRANSITIVE, OPTIONAL_TRANSITIVE, WELL_KNOWN } from './row.ts';
import type { AttributeValues } from './values.ts';

/** Type codes by name, as IANA has them. Constants of an object literal, since hot paths compare with them. */
export const ATTRIBUTE = {
  ORIGIN: 1,
  AS_PATH: 2,
  NEXT_HOP: 3,
  MED: 4,
  LOCAL_PREF: 5,
  ATOMIC_AGGREGATE: 6,
  AGGREGATOR: 7,
  COMMUNITIES: 8,
  ORIGINATOR_ID: 9,
  CLUSTER_LIST: 10,
  MP_REACH: 14,
  MP_UNREACH: 15,
  EXTENDED_COMMUNITIES: 16,
  AS4_PATH: 17,
  AS4_AGGREGATOR: 18,
  PMSI_TUNNEL: 22,
  TUNNEL_ENCAP: 23,
  TRAFFIC_ENGINEERING: 24,
  IPV6_EXTENDED_COMMUNITIES: 25,
  AIGP: 26,
  BGP_LS: 29,
  LARGE_COMMUNITIES: 32,
  OTC: 35,
  PREFIX_SID: 40,
  ATTR_SET: 128,
} as const;

const exactly = (octets: number, oldSpeaker?: number): LengthRule => ({
  kind: 'exactly',
  octets,
  ...(oldSpeaker !== undefined && { oldSpeaker }),
});
const times = (octets: number): LengthRule => ({ kind: 'multiple', octets });
const least = (octets: number): LengthRule => ({ kind: 'at-least', octets });

const { OPTIONAL_ATTRIBUTE, INVALID_ORIGIN, INVALID_NEXT_HOP, MALFORMED_AS_PATH, ATTRIBUTE_LENGTH } = UPDATE_ERROR;

/*
 * The table of path attributes, as RFC 7606 §7 has it, by type. Adding an attribute is adding its code above and its row
 * here; what it means is for the rooms that use it.
 *
 *   code and name, class, octets, what a malformed one does, clause, and where it differs: what it does on eBGP, where it is
 *   refused, wrong flags, subcode, problem, and the value with its codec
 */
const T = ATTRIBUTE;
const WK = WELL_KNOWN;
const OT = OPTIONAL_TRANSITIVE;
const ON = OPTIONAL_NON_TRANSITIVE;
const REWRITTEN = { canonical: 'rewritten' } as const;
/** Means nothing to us, and is passed on. */
const FOREIGN = { canonical: 'foreign' } as const;
/** Means nothing to us, and ends here (RFC 4271 §5). */
const IGNORED = { refuse: 'all', wrongFlags: 'discard' } as const;
const IBGP_ONLY = { ebgp: 'discard', refuse: 'ebgp' } as const;
const OLD_ONLY = { refuse: 'four-octet', wrongFlags: 'discard' } as const;

/** All path attributes that the library knows by name, by type. */
export const ATTRIBUTES: readonly AttributeRow[] = Object.freeze([
  row(T.ORIGIN, 'ORIGIN', WK, exactly(1), 'withdraw', 'RFC 7606 §7.1', {
    subcode: INVALID_ORIGIN,
    problem: originProblem,
    ...value('origin', ORIGIN_CODE),
  }),
  row(T.AS_PATH, 'AS_PATH', WK, least(0), 'withdraw', 'RFC 7606 §7.2, RFC 7607', {
    subcode: MALFORMED_AS_PATH,
    problem: asPathProblem,
    ...value('asPath', AS_PATH_CODEC),
    ...REWRITTEN,
  }),
  row(T.NEXT_HOP, 'NEXT_HOP', WK, exactly(4), 'withdraw', 'RFC 7606 §7.3, RFC 4271 §6.3', {
    subcode: INVALID_NEXT_HOP,
    problem: nextHopProblem,
  }),
  row(T.MED, 'MULTI_EXIT_DISC', ON, exactly(4), 'withdraw', 'RFC 7606 §7.4', value('med', U32)),
  row(T.LOCAL_PREF, 'LOCAL_PREF', WK, exactly(4), 'withdraw', 'RFC 7606 §7.5', {
    ...IBGP_ONLY,
    ...value('localPref', U32),
  }),
  row(T.ATOMIC_AGGREGATE, 'ATOMIC_AGGREGATE', WK, exactly(0), 'discard', 'RFC 7606 §7.6', {
    subcode: ATTRIBUTE_LENGTH,
    ...value('atomicAggregate', PRESENCE),
  }),
  row(T.AGGREGATOR, 'AGGREGATOR', OT, exactly(8, 6), 'discard', 'RFC 7606 §7.7, RFC 7607', {
    problem: asnProblem,
    ...value('aggregator', AS_AND_ADDRESS),
    ...REWRITTEN,
  }),
  row(T.COMMUNITIES, 'COMMUNITIES', OT, times(4), 'withdraw', 'RFC 7606 §7.8', value('communities', U32_LIST)),
  row(T.ORIGINATOR_ID, 'ORIGINATOR_ID', ON, exactly(4), 'withdraw', 'RFC 7606 §7.9', {
    ...IBGP_ONLY,
    ...value('originatorId', U32),
  }),
  row(T.CLUSTER_LIST, 'CLUSTER_LIST', ON, times(4), 'withdraw', 'RFC 7606 §7.10', {
    ...IBGP_ONLY,
    ...value('clusterList', U32_LIST),
  }),
  row(T.MP_REACH, 'MP_REACH_NLRI', ON, least(5), 'reset', 'RFC 7606 §7.11, RFC 8950 §4', { wrongFlags: 'reset' }),
  row(T.MP_UNREACH, 'MP_UNREACH_NLRI', ON, least(3), 'reset', 'RFC 7606 §7.12', { wrongFlags: 'reset' }),
  row(
    T.EXTENDED_COMMUNITIES,
    'EXTENDED_COMMUNITIES',
    OT,
    times(8),
    'withdraw',
    'RFC 7606 §7.14',
    value('extendedCommunities', U64_LIST),
  ),
  row(T.AS4_PATH, 'AS4_PATH', OT, least(6), 'discard', 'RFC 6793 §6', { ...OLD_ONLY, problem: as4PathProblem }),
  row(T.AS4_AGGREGATOR, 'AS4_AGGREGATOR', OT, exactly(8), 'discard', 'RFC 6793 §6', {
    ...OLD_ONLY,
    problem: asnProblem,
  }),
  row(T.PMSI_TUNNEL, 'PMSI_TUNNEL', OT, least(5), 'withdraw', 'RFC 6514 §5', FOREIGN),
  row(T.TUNNEL_ENCAP, 'TUNNEL_ENCAP', OT, least(4), 'withdraw', 'RFC 9012 §13', { problem: tunnelProblem, ...FOREIGN }),
  row(T.TRAFFIC_ENGINEERING, 'TRAFFIC_ENGINEERING', ON, least(1), 'discard', 'RFC 7606 §7.13', IGNORED),
  row(T.IPV6_EXTENDED_COMMUNITIES, 'IPV6_EXTENDED_COMMUNITIES', OT, times(20), 'withdraw', 'RFC 7606 §7.15', FOREIGN),
  row(T.AIGP, 'AIGP', ON, least(3), 'discard', 'RFC 7311 §3.2', IGNORED),
  row(T.BGP_LS, 'BGP_LS', ON, least(4), 'discard', 'RFC 9552 §8.2.2', IGNORED),
  row(
    T.LARGE_COMMUNITIES,
    'LARGE_COMMUNITY',
    OT,
    times(12),
    'withdraw',
    'RFC 8092 §6',
    value('largeCommunities', LARGE_COMMUNITY_LIST),
  ),
  row(T.OTC, 'ONLY_TO_CUSTOMER', OT, exactly(4), 'withdraw', 'RFC 9234 §5', {
    problem: asnProblem,
    ...value('otc', U32),
  }),
  row(T.PREFIX_SID, 'PREFIX_SID', OT, least(3), 'discard', 'RFC 8669 §6', { problem: prefixSidProblem, ...FOREIGN }),
  row(T.ATTR_SET, 'ATTR_SET', OT, least(4), 'withdraw', 'RFC 7606 §7.16, RFC 6368 §5', {
    problem: attributeSetProblem,
    ...FOREIGN,
  }),
]);

const BY_TYPE: readonly (AttributeRow | undefined)[] = Array.from({ length: 256 }, (_, type) =>
  ATTRIBUTES.find((row) => row.type === type),
);

/** The row of an attribute, or undefined for one that the library does not know. */
export function attributeRow(type: number): AttributeRow | undefined {
  return BY_TYPE[type];
}

const BY_KEY = new Map(ATTRIBUTES.flatMap((row) => (row.key === undefined ? [] : [[row.key, row] as const])));

/** The row whose value is the field `key`. */
export function rowOf(key: Exclude<keyof AttributeValues, 'unknown'>): AttributeRow {
  return BY_KEY.get(key)!;
}

function row(
  type: number,
  name: string,
  flags: number,
  length: LengthRule,
  action: MalformedAction,
  clause: string,
  more: Partial<AttributeRow> = {},
): AttributeRow {
  return Object.freeze({
    type,
    name,
    flags,
    length,
    ibgp: action,
    ebgp: action,
    wrongFlags: 'withdraw',
    subcode: OPTIONAL_ATTRIBUTE,
    clause,
    canonical: more.key === undefined ? 'absent' : 'copied',
    ...more,
  });
}

/** A value that is the field `key` of `AttributeValues`. */
function value<K extends keyof AttributeValues>(
  key: K,
  codec: Codec<NonNullable<AttributeValues[K]>>,
): Pick<AttributeRow, 'key' | 'read' | 'write'> {
  return {
    key,
    read: (bytes, start, end, into) => {
      into[key] = codec.decode(bytes, start, end);
    },
    write: (from, out) => {
      const present = from[key];
      if (present === undefined || codec.absent?.(present)) return false;
      codec.encode(present, out);
      return true;
    },
  };
}
