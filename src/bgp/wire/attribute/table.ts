import { AGGREGATOR_ROW } from './aggregator.ts';
import { AS_PATH_ROW } from './as-path.ts';
import { AS4_AGGREGATOR_ROW, AS4_PATH_ROW } from './as4.ts';
import { ATOMIC_AGGREGATE_ROW } from './atomic-aggregate.ts';
import { CLUSTER_LIST_ROW } from './cluster-list.ts';
import { COMMUNITIES_ROW } from './communities.ts';
import { EXTENDED_COMMUNITIES_ROW } from './extended-communities.ts';
import { FOREIGN_ROWS } from './foreign.ts';
import { LARGE_COMMUNITIES_ROW } from './large-communities.ts';
import { LOCAL_PREF_ROW } from './local-pref.ts';
import { MED_ROW } from './med.ts';
import { MP_REACH_ROW, MP_UNREACH_ROW } from './mp-nlri.ts';
import { NEXT_HOP_ROW } from './next-hop.ts';
import { ORIGIN_ROW } from './origin.ts';
import { ORIGINATOR_ID_ROW } from './originator-id.ts';
import { OTC_ROW } from './otc.ts';
import type { AttributeRow } from './row.ts';

/** All path attributes that the library knows by name, by type. Adding one is adding a row. */
export const ATTRIBUTES: readonly AttributeRow[] = Object.freeze(
  [
    ORIGIN_ROW,
    AS_PATH_ROW,
    NEXT_HOP_ROW,
    MED_ROW,
    LOCAL_PREF_ROW,
    ATOMIC_AGGREGATE_ROW,
    AGGREGATOR_ROW,
    COMMUNITIES_ROW,
    ORIGINATOR_ID_ROW,
    CLUSTER_LIST_ROW,
    MP_REACH_ROW,
    MP_UNREACH_ROW,
    EXTENDED_COMMUNITIES_ROW,
    AS4_PATH_ROW,
    AS4_AGGREGATOR_ROW,
    LARGE_COMMUNITIES_ROW,
    OTC_ROW,
    ...FOREIGN_ROWS,
  ].sort((a, b) => a.type - b.type),
);

/** Types by name, for switch and index. */
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
  LARGE_COMMUNITIES: 32,
  OTC: 35,
} as const;

const BY_TYPE: readonly (AttributeRow | undefined)[] = Array.from({ length: 256 }, (_, type) =>
  ATTRIBUTES.find((row) => row.type === type),
);

export function attributeRow(type: number): AttributeRow | undefined {
  return BY_TYPE[type];
}
