import { formatIpv4 } from '../../../base/index.ts';
import type { PathExplanation, RouteExplanation } from '../../api.ts';
import { peerName } from '../../peer-name.ts';
import { formatExtendedCommunity } from '../../policy/index.ts';
import { FILTERED } from '../best/decision.ts';
import type { FamilyRib } from '../family-rib.ts';
import { pathFlag } from '../pool/path-pool.ts';
import type { Ribs } from '../ribs.ts';

const ORIGINS = ['igp', 'egp', 'incomplete'] as const;

/** All there is to say about a prefix, given by its number or -1: each path and what became of it, each peer and what it was told. */
export function explain(ribs: Ribs, tables: FamilyRib, prefix: number): RouteExplanation {
  if (prefix < 0) return { paths: [], announcements: [] };
  const reasons = tables.loc.explain(prefix);
  const paths = [...reasons].map(([path, reason]) => explainPath(ribs, tables, path, reason));
  const announcements = [...ribs.peers.values()].flatMap((peer) => {
    const member = peer.members.get(tables.name);
    if (member === undefined) return [];
    const { announced, reason, source } = member.group.explain(prefix);
    const back = announced && source === member.source;
    return {
      peer: peerName(peer.config),
      announced: announced && !back,
      ...(back ? { reason: 'it came from this peer' } : reason !== undefined && { reason }),
    };
  });
  return { paths: paths.sort((a, b) => Number(b.best) - Number(a.best)), announcements };
}

/** One path; `reason`: why it is not the best. */
export function explainPath(ribs: Ribs, { rib }: FamilyRib, path: number, reason: string | undefined): PathExplanation {
  const { paths } = rib;
  const { pool, nextHops, sources } = ribs;
  const attributes = paths.attributes[path];
  const list = pool.attributes(attributes);
  const source = sources.get(paths.source[path]);
  const validity =
    source.kind === 'local'
      ? undefined
      : ribs.validityOf(rib.prefixes, paths.prefix[path], pool.attributes(paths.received(path)));
  const filtered = reason === FILTERED ? ribs.peers.get(source.name)?.refusal(rib, pool, path) : undefined;
  return {
    peer: source.name,
    best: reason === undefined,
    ...(reason !== undefined && { reason: filtered ?? reason }),
    nextHop: paths.nextHop[path] === 0 ? 'self' : nextHops.text(paths.nextHop[path]),
    localPref: pool.localPref[attributes],
    asPath: list.asPath(),
    origin: ORIGINS[pool.origin[attributes]] ?? 'incomplete',
    med: pool.med[attributes],
    communities: list.communities().map((value) => `${value >>> 16}:${value & 0xffff}`),
    extendedCommunities: list.extendedCommunities().map(formatExtendedCommunity),
    largeCommunities: list.largeCommunities(),
    ...(pool.originatorId[attributes] !== 0 && { originatorId: formatIpv4(pool.originatorId[attributes]) }),
    ...(validity !== undefined && { originValidity: validity }),
    stale: (paths.flags[path] & pathFlag.stale) !== 0,
  };
}
