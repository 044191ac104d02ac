import { type AttributeList, attributeType, readU32 } from './attribute-list.ts';

/** What makes a route ours: numbers that it must not have met already. */
export interface LoopCheck {
  /** The AS shown to the peer, and the speaker's own. */
  readonly ownAses: readonly number[];
  /** How often ours may be in AS_PATH all the same. */
  readonly allowed: number;
  readonly routerId: number;
  readonly clusterIds: ReadonlySet<number>;
}

/** Whether a route came through us before: by AS_PATH (RFC 4271 §9), ORIGINATOR_ID or CLUSTER_LIST (RFC 4456 §8). */
export function loops(attributes: AttributeList, check: LoopCheck): boolean {
  let met = 0;
  for (const asn of attributes.asPath()) if (check.ownAses.includes(asn) && ++met > check.allowed) return true;
  const originator = attributes.get(attributeType.originatorId);
  if (originator !== undefined && readU32(originator, 0) === check.routerId) return true;
  const clusters = attributes.get(attributeType.clusterList);
  if (clusters === undefined) return false;
  for (let at = 0; at + 4 <= clusters.length; at += 4) if (check.clusterIds.has(readU32(clusters, at))) return true;
  return false;
}
