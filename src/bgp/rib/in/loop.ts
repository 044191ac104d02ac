import type { AttributeList } from '../pool/attribute-list.ts';

/** The marks of a route of our own: numbers that it must not have met already. */
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
  if (attributes.value('originatorId') === check.routerId) return true;
  return attributes.value('clusterList')?.some((cluster) => check.clusterIds.has(cluster)) ?? false;
}
