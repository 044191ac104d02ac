import { type ComponentChild, h } from 'preact';
import type { CountedDrop, DroppedPacket, FlowAnswer } from '../../control/answers.ts';
import type { DropsOfNodes, FlowsOfNodes, PacketsOfNodes } from '../of-all-nodes.ts';
import { matching, packetFilters, packetTable } from './drops.ts';
import { flowFilters, flowMatching, flowTable } from './flows.ts';
import { loaded } from './loaded.ts';
import { type Column, count, notice, section, table } from './pieces.ts';
import { hashOf, type PlaceInPage } from './place.ts';

/** Flows and drops of a whole cluster: the nodes are asked again and again, and each tells its newest. */

/** Milliseconds between two looks; where nodes are many, each is asked more seldom. */
const PACE = 10_000;
/** Flows or packets that are shown. */
const SHOWN = 200;

/** Nodes that are named where many say the same. */
const NAMED = 8;

/** Whose it is: it stands first. */
const NODE: Column<{ readonly node: string }> = {
  title: 'Node',
  cell: ({ node }) => h('a', { href: hashOf('overview', { node }) }, node),
};

interface FlowOfAll extends FlowAnswer {
  readonly node: string;
}

export function clusterFlows(place: PlaceInPage): ComponentChild {
  const isDenied = place.query.get('verdict') === 'DENIED';
  const show = (rows: FlowsOfNodes): ComponentChild => {
    const all = rows.flatMap(({ node, flows = [] }) => flows.map((flow): FlowOfAll => ({ ...flow, node })));
    const found = all.filter(flowMatching(place.query)).sort((a, b) => b.last - a.last);
    return [
      together(rows.flatMap(({ node, problems }) => problems.map((problem) => ({ node, problem })))),
      flowTable<FlowOfAll>(found.slice(0, SHOWN), [NODE]),
    ];
  };
  const fields = isDenied ? { denied: 'true' } : {};
  return [flowFilters(place), loaded<FlowsOfNodes>({ question: 'nodes.flows', fields, every: PACE, show })];
}

interface PacketOfAll extends DroppedPacket {
  readonly node: string;
}

export function clusterDrops(place: PlaceInPage): ComponentChild {
  const find = (place.query.get('find') ?? '').toLowerCase();
  const show = (rows: PacketsOfNodes): ComponentChild => {
    const all = rows.flatMap(({ node, packets = [] }) => packets.map((packet): PacketOfAll => ({ ...packet, node })));
    const found = all.filter(matching(place.query)).sort((a, b) => b.at - a.at);
    return [together(rows), packetTable<PacketOfAll>(found.slice(0, SHOWN), [NODE])];
  };
  return [
    packetFilters(place),
    section('Dropped now', loaded<PacketsOfNodes>({ question: 'nodes.packets', every: PACE, show })),
    section(
      'Dropped so far',
      loaded<DropsOfNodes>({ question: 'nodes.drops', every: 15_000, show: (rows) => dropsOf(rows, find) }),
    ),
  ];
}

interface DropOfAll extends CountedDrop {
  readonly node: string;
}

function dropsOf(rows: DropsOfNodes, find: string): ComponentChild {
  const all = rows.flatMap(({ node, drops = [] }) => drops.map((drop): DropOfAll => ({ ...drop, node })));
  const found = all.filter(({ packets, node, why }) => packets > 0 && `${node} ${why}`.toLowerCase().includes(find));
  return [
    together(rows),
    table<DropOfAll>(
      'Drops of all nodes',
      [
        NODE,
        { title: 'Packets', cell: ({ packets }) => count(packets), kind: 'number' },
        { title: 'Octets', cell: ({ bytes }) => count(bytes), kind: 'number' },
        { title: 'Family', cell: ({ family }) => `IPv${family}` },
        { title: 'Dropped by', cell: ({ why }) => why },
      ],
      found.sort((a, b) => b.packets - a.packets).slice(0, 500),
      'Nothing has been dropped.',
    ),
  ];
}

/** What several nodes say alike is said once. */
function together(rows: readonly { readonly node: string; readonly problem?: string }[]): ComponentChild {
  const said = new Map<string, string[]>();
  for (const { node, problem } of rows) {
    if (problem !== undefined) said.set(problem, [...(said.get(problem) ?? []), node]);
  }
  return [...said].map(([problem, nodes]) => notice('warn', `${namesOf(nodes)}: ${problem}`));
}

function namesOf(nodes: readonly string[]): string {
  const more = nodes.length - NAMED;
  return more <= 0 ? nodes.join(', ') : `${nodes.slice(0, NAMED).join(', ')} and ${count(more)} more`;
}
