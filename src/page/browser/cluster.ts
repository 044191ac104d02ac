import { type ComponentChild, h } from 'preact';
import type { BgpPeersAnswer, NodeStatusPeer } from '../../control/answers.ts';
import type { NodesAnswer, RoutesOfNodes } from '../of-all-nodes.ts';
import { loaded } from './loaded.ts';
import { type MapLink, map } from './map.ts';
import { overview, problems } from './overview.ts';
import { ago, count, field, healthShade, notice, pill, section, table } from './pieces.ts';
import { changed, hashOf, type PlaceInPage, replace } from './place.ts';
import { lookingGlass, ways } from './search.ts';
import { sessionShade, sessionTable } from './sessions.ts';

/** The views of a whole cluster: those of a node, for all of them. */

type Nodes = NodesAnswer['nodes'];
type NodeOfAll = Nodes[0];

/** Seconds that need no word: the page itself looks no more often. */
const EVERY = 15;

const ASKING = h('p', { class: 'quiet' }, 'Asking all nodes …');

/** All nodes, or the one that is chosen. */
export function clusterNodes(place: PlaceInPage, answer: NodesAnswer | undefined): ComponentChild {
  if (answer === undefined) return ASKING;
  const { nodes, every } = answer;
  const chosen = nodes.find(({ node }) => node === place.query.get('node'));
  if (chosen !== undefined) return oneNode(chosen);
  const ill = nodes.filter(isIll);
  return [
    every > EVERY && h('p', { class: 'quiet' }, `So many nodes are asked in turns: each about every ${every} seconds.`),
    table<NodeOfAll>(
      'Nodes',
      [
        { title: 'Node', cell: ({ node }) => h('a', { href: hashOf('overview', { node }) }, node) },
        { title: 'Health', cell: healthOf },
        { title: 'Address', cell: ({ addresses }) => addresses.join(' '), kind: 'code' },
        { title: 'Version', cell: ({ status }) => status?.version ?? '' },
        { title: 'Sessions up', cell: ({ status }) => upOf(status?.bgp?.peers ?? []), kind: 'number' },
        { title: 'Routes', cell: ({ status }) => count(status?.routes.programmed ?? 0), kind: 'number' },
        { title: 'Blocks', cell: ({ status }) => count(status?.blocks.length ?? 0), kind: 'number' },
        { title: 'Pods', cell: ({ status }) => count(status?.endpoints?.desired ?? 0), kind: 'number' },
      ],
      nodes,
      'The cluster has no nodes.',
    ),
    ill.map(({ node, status, problem }) =>
      problem === undefined ? problems(status!, `Problems of ${node}`) : notice('bad', `${node}: ${problem}`),
    ),
  ];
}

function isIll({ problem, status, isWaiting }: NodeOfAll): boolean {
  return !isWaiting && (problem !== undefined || (status?.problems.length ?? 0) > 0);
}

function healthOf({ status, problem, isWaiting }: NodeOfAll): ComponentChild {
  if (isWaiting) return pill('off', 'not asked yet');
  if (problem !== undefined) return pill('bad', 'silent');
  const word = status?.health ?? (status?.ready ? 'ok' : 'degraded');
  return pill(healthShade(word), word);
}

function upOf(peers: readonly NodeStatusPeer[]): string {
  return `${count(peers.filter(({ state }) => state === 'up').length)} of ${count(peers.length)}`;
}

function oneNode({ node, status, problem }: NodeOfAll): ComponentChild {
  return [
    h('p', null, h('a', { href: hashOf('overview') }, 'All nodes')),
    h('h2', null, node),
    status === undefined ? notice('bad', problem ?? 'It says nothing.') : overview(status),
    section(
      'Sessions',
      loaded<BgpPeersAnswer>({
        question: 'bgp.peers',
        fields: { node },
        every: 15_000,
        show: ({ peers }) => sessionTable(peers),
      }),
    ),
  ];
}

interface SessionOfAll {
  readonly node: string;
  readonly peer: NodeStatusPeer;
}

/** The sessions of all nodes. */
export function clusterSessions(place: PlaceInPage, answer: NodesAnswer | undefined): ComponentChild {
  if (answer === undefined) return ASKING;
  const { nodes } = answer;
  const find = place.query.get('find') ?? '';
  const sessions = nodes.flatMap(({ node, status }) =>
    (status?.bgp?.peers ?? []).map((peer): SessionOfAll => ({ node, peer })),
  );
  const shown = sessions.filter(({ node, peer }) =>
    `${node} ${peer.address} ${peer.session} ${peer.type}`.includes(find),
  );
  return [
    section('Map', picture(nodes, sessions)),
    section(
      'Sessions',
      field({
        label: 'Node, neighbor or state',
        id: 'find',
        value: find,
        hint: 'Active',
        onValue: (value) => replace(changed(place, { find: value })),
      }),
      table<SessionOfAll>(
        'Sessions of all nodes',
        [
          { title: 'Node', cell: ({ node }) => h('a', { href: hashOf('overview', { node }) }, node) },
          { title: 'Neighbor', cell: ({ peer }) => peer.address, kind: 'code' },
          { title: 'State', cell: ({ peer }) => pill(sessionShade(wordOf(peer)), wordOf(peer)) },
          { title: 'For', cell: ({ peer }) => ago(peer.since) },
          { title: 'Received', cell: ({ peer }) => count(peer.received), kind: 'number' },
          { title: 'Advertised', cell: ({ peer }) => count(peer.advertised), kind: 'number' },
          { title: 'Kind', cell: ({ peer }) => peer.type },
          { title: 'Says', cell: ({ peer }) => (peer.state === 'up' ? '' : peer.info) },
        ],
        shown.slice(0, 500),
        'No session.',
      ),
    ),
  ];
}

function wordOf({ session, state }: NodeStatusPeer): string {
  return session ?? (state === 'up' ? 'Established' : 'Active');
}

/** Each pair once: a session is as well as the worse of what its two ends say. */
function picture(nodes: Nodes, sessions: readonly SessionOfAll[]): ComponentChild {
  const names = new Map(nodes.flatMap(({ node, addresses }) => addresses.map((address) => [address, node] as const)));
  const links = new Map<string, MapLink>();
  const others = new Set<string>();
  for (const { node, peer } of sessions) {
    const to = names.get(peer.address) ?? peer.address;
    if (!names.has(peer.address)) others.add(to);
    const key = [node, to].sort().join(' ');
    const shade = sessionShade(wordOf(peer));
    if (links.get(key)?.shade !== 'bad') links.set(key, { from: node, to, shade });
  }
  return map(
    [
      ...nodes.map(({ node, status, problem }) => ({
        ...{ name: node, label: node, href: hashOf('overview', { node }) },
        detail: problem ?? `${status?.health}, ${upOf(status?.bgp?.peers ?? [])} sessions up`,
      })),
      ...[...others].map((name) => ({
        ...{ name, label: name, detail: 'a router outside', href: hashOf('sessions', { find: name }) },
      })),
    ],
    [...links.values()],
  );
}

export function clusterSearch(place: PlaceInPage): ComponentChild {
  return lookingGlass(place, (prefix) =>
    loaded<RoutesOfNodes>({
      question: 'nodes.route',
      fields: { prefix },
      every: 30_000,
      show: (rows) =>
        rows.map(({ node, route, problem }) =>
          section(`Ways of ${node}`, route === undefined ? notice('bad', problem ?? '') : ways(route)),
        ),
    }),
  );
}
