import type { AttributeList } from './pool/attribute-list.ts';
import { attributeMark } from './pool/attribute-pool.ts';
import { pathFlag } from './pool/path-pool.ts';

const LLGR_STALE = 0xffff0006;

/** Whether a path is kept for a peer that is long away, by ourselves or, as LLGR_STALE says, by others (RFC 9494 §4.3). */
export function isLongLivedStale(flags: number, marks: number): boolean {
  return (flags & pathFlag.longLivedStale) !== 0 || (marks & attributeMark.llgrStale) !== 0;
}

/** Says so to those that hear of it (RFC 9494 §4.2). */
export function tellLongLivedStale(route: AttributeList): void {
  const communities = route.communities();
  if (!communities.includes(LLGR_STALE)) route.setCommunities([...communities, LLGR_STALE]);
}
