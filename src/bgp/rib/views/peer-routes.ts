import type { PeerRoute, PeerRoutes, RouteSelection } from '../../api.ts';
import type { FamilyRib } from '../family-rib.ts';
import { NO_PATH, pathFlag } from '../pool/path-pool.ts';
import type { RibPeer } from '../rib-peer.ts';
import type { Ribs } from '../ribs.ts';
import { explainPath } from './explain.ts';

/** One table of a peer: its first `limit` routes explained, the rest counted. */
export function peerRoutes(ribs: Ribs, name: string, selection: RouteSelection, limit: number): PeerRoutes {
  const peer = ribs.peers.get(name);
  const routes: PeerRoute[] = [];
  let total = 0;
  if (peer === undefined) return { total, routes };
  const isOfOut = selection === 'advertised' || selection === 'not-exported';
  for (const tables of ribs.all) {
    const each = isOfOut ? announcedOrNot(tables, peer, selection) : learned(tables, peer, selection);
    for (const { path, reason } of each) {
      total++;
      if (routes.length < limit) routes.push(told(ribs, tables, path, reason));
    }
  }
  return { total, routes };
}

interface Selected {
  readonly path: number;
  /** Why it was not announced; absent, the reason is the decision process's. */
  readonly reason?: string | undefined;
}

function learned({ rib }: FamilyRib, { source }: RibPeer, selection: RouteSelection): Selected[] {
  const found: Selected[] = [];
  if (source === undefined) return found;
  rib.each(source, (path) => {
    const isRefused = (rib.paths.flags[path] & pathFlag.refused) !== 0;
    if (selection === 'received' || isRefused === (selection === 'filtered')) found.push({ path });
  });
  return found;
}

function* announcedOrNot(
  { rib, loc, name }: FamilyRib,
  peer: RibPeer,
  selection: 'advertised' | 'not-exported',
): Generator<Selected> {
  const member = peer.members.get(name);
  if (member === undefined) return;
  for (let prefix = 0; prefix < rib.prefixes.limit; prefix++) {
    const path = loc.best[prefix] ?? NO_PATH;
    if (path === NO_PATH || !rib.prefixes.has(prefix)) continue;
    const { announced, reason, source } = member.group.explain(prefix);
    const isBack = announced && source === member.source;
    if ((announced && !isBack) !== (selection === 'advertised')) continue;
    yield { path, reason: isBack ? 'it came from this peer' : reason };
  }
}

function told(ribs: Ribs, tables: FamilyRib, path: number, reason: string | undefined): PeerRoute {
  const prefix = tables.rib.paths.prefix[path];
  const lost = tables.loc.explain(prefix).get(path);
  const explained = explainPath(ribs, tables, path, lost);
  return { prefix: tables.rib.prefixes.text(prefix), ...explained, ...(reason !== undefined && { reason }) };
}
