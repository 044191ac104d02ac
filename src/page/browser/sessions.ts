import { type ComponentChild, h } from 'preact';
import type { BgpNeighbour, BgpPeersAnswer, BgpRoute } from '../../control/answers.ts';
import { loaded } from './loaded.ts';
import { type MapNode, map } from './map.ts';
import { ago, count, facts, notice, pill, type Shade, section, table } from './pieces.ts';
import { changed, hashOf, type PlaceInPage } from './place.ts';

export function sessionShade(session: string): Shade {
  return session === 'Established' ? 'ok' : session.startsWith('Open') ? 'warn' : 'bad';
}

/** The sessions of this node, as a map and a table; of one that is chosen, its story and its routes. */
export function sessions(place: PlaceInPage): ComponentChild {
  return loaded<BgpPeersAnswer>({
    question: 'bgp.peers',
    show: ({ nodename, bgp, peers }) => {
      if (bgp === undefined) return notice('off', 'This node speaks no BGP.');
      const chosen = peers.find(({ name }) => name === place.query.get('peer'));
      return [
        chosen === undefined ? null : neighbour(chosen, place),
        section(
          'Map',
          map(
            [{ name: nodename, label: nodename, detail: 'this node', href: hashOf('overview') }, ...peers.map(mapped)],
            peers.map(({ name, session }) => ({ from: nodename, to: name, shade: sessionShade(session) })),
            nodename,
          ),
        ),
        section('Sessions', sessionTable(peers)),
      ];
    },
  });
}

/** A node of the mesh is known by its name, others by their addresses. */
function mapped({ name, type, description, session }: BgpNeighbour): MapNode {
  const label = type === 'node-to-node mesh' ? description : name;
  return { name, label, detail: session, href: hashOf('sessions', { peer: name }) };
}

export function sessionTable(peers: readonly BgpNeighbour[]): ComponentChild {
  return table<BgpNeighbour>(
    'BGP sessions',
    [
      {
        title: 'Neighbor',
        cell: ({ name }) => h('a', { href: hashOf('sessions', { peer: name }) }, name),
        kind: 'code',
      },
      { title: 'AS', cell: ({ remoteAs }) => remoteAs, kind: 'number' },
      { title: 'State', cell: ({ session }) => pill(sessionShade(session), session) },
      { title: 'For', cell: ({ since }) => ago(since) },
      { title: 'Received', cell: ({ prefixes }) => count(prefixes.received), kind: 'number' },
      { title: 'Accepted', cell: ({ prefixes }) => count(prefixes.accepted), kind: 'number' },
      { title: 'Advertised', cell: ({ prefixes }) => count(prefixes.advertised), kind: 'number' },
      { title: 'Kind', cell: ({ type, description }) => `${type}, ${description}` },
      { title: 'Reason', cell: ({ reason, history }) => reason ?? history.find(({ isUp }) => !isUp)?.reason ?? '' },
    ],
    peers,
    'This node has no BGP peer.',
  );
}

const SELECTIONS = ['received', 'accepted', 'filtered', 'advertised', 'not-exported'] as const;

function neighbour(peer: BgpNeighbour, place: PlaceInPage): ComponentChild {
  const selection = SELECTIONS.find((one) => one === place.query.get('routes')) ?? 'received';
  return section(
    `Neighbor ${peer.name}`,
    facts([
      ['State', [pill(sessionShade(peer.session), peer.session), ' for ', ago(peer.since)]],
      ...(peer.reason === undefined ? [] : ([['Why', peer.reason]] as const)),
      ['AS', `${peer.remoteAs}, ours ${peer.localAs}`],
      ['Flaps', count(peer.flaps)],
      ['Families', peer.families.join(', ') || 'none yet'],
    ]),
    h('h3', null, 'Comings and goings'),
    table(
      'Comings and goings of the session',
      [
        { title: 'Ago', cell: ({ at }) => ago(at) },
        { title: 'What', cell: ({ isUp }) => pill(isUp ? 'ok' : 'bad', isUp ? 'up' : 'down') },
        {
          title: 'Reason',
          cell: ({ reason, times }) => `${reason}${(times ?? 0) > 1 ? ` (${times} times in a day)` : ''}`,
        },
      ],
      peer.history,
      'None so far.',
    ),
    h('h3', null, 'Routes'),
    h(
      'nav',
      { class: 'tabs', 'aria-label': 'Which routes' },
      SELECTIONS.map((one) =>
        h('a', { href: changed(place, { routes: one }), 'aria-current': one === selection ? 'page' : undefined }, one),
      ),
    ),
    loaded<{ readonly total: number; readonly routes: readonly BgpRoute[] }>({
      question: 'bgp.routes',
      fields: { peer: peer.name, selection, limit: '200' },
      show: ({ total, routes }) => routesOf(total, routes),
    }),
  );
}

function routesOf(total: number, routes: readonly BgpRoute[]): ComponentChild {
  return [
    total > routes.length && h('p', { class: 'quiet' }, `The first ${count(routes.length)} of ${count(total)}.`),
    table<BgpRoute>(
      'Routes of the session',
      [
        {
          title: 'Prefix',
          cell: ({ prefix }) => h('a', { href: hashOf('search', { address: prefix }) }, prefix),
          kind: 'code',
        },
        { title: 'Next hop', cell: ({ nextHop }) => nextHop, kind: 'code' },
        { title: 'AS path', cell: ({ asPath }) => asPath.join(' ') || '(own AS)' },
        { title: 'Best', cell: ({ best }) => (best ? pill('ok', 'best') : '') },
        { title: 'Why', cell: ({ reason }) => reason ?? '' },
      ],
      routes,
      'None.',
    ),
  ];
}
