import * as z from 'zod';
import { type Clock, formatAddress, parseAddress, parsePrefix, VRouterError } from '../../base/index.ts';
import {
  bgpPeersSchema,
  bgpRouteSchema,
  countedDropsSchema,
  droppedSchema,
  flowsSchema,
  type LedgerAnswer,
  ledgerSchema,
  nodeStatusSchema,
  type TimelineAnswer,
  timelineSchema,
} from '../../control/answers.ts';
import type { Request } from '../../control/index.ts';
import type { Store } from '../../datastore/index.ts';
import { blockFigures, Ipam } from '../../ipam/index.ts';
import {
  addressAnswer,
  clusterAnswer,
  type DropsOfNodes,
  type FlowsOfNodes,
  type KnownCluster,
  type NodesAnswer,
  type PacketsOfNodes,
  type Questions,
  type RoutesOfNodes,
} from '../../page/index.ts';
import { readSaid } from '../ask-nodes.ts';
import type { NodesInTurn } from './nodes-in-turn.ts';
import { SharedAnswers } from './shared-answers.ts';

/** Milliseconds that an answer of the datastore itself is good for: whoever looks at once with others costs it nothing. */
const FRESH = 5000;
/** Flows or packets of each node: what a page shows at once. */
const LIVE = 200;

export interface ClusterQuestionsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly asked: NodesInTurn;
}

type Said<Schema extends z.ZodType> = { readonly result: z.infer<Schema> } | { readonly problem: string };

/** Told of a node whose turn has not come. */
const NOT_YET = 'not asked yet: the nodes are asked in turns';

/** The questions of a page of the whole cluster: to the datastore, and to the nodes by way of it. */
export function clusterQuestions({ store, clock, asked }: ClusterQuestionsOptions): Questions {
  const kept = new SharedAnswers(clock, FRESH);
  const known = (): Promise<KnownCluster> => kept.of('cluster', () => knownCluster(store));
  const everywhere = async <Schema extends z.ZodType, T>(
    question: Request,
    schema: Schema,
    row: (node: string, said: Said<Schema>, isWaiting: boolean) => T,
  ): Promise<T[]> => {
    const names = (await known()).nodes.map(({ metadata }) => metadata.name);
    const answers = await asked.of(question, names);
    return names.map((node) => {
      const isWaiting = !answers.has(node);
      return row(node, isWaiting ? { problem: NOT_YET } : readSaid(answers.get(node), schema), isWaiting);
    });
  };

  const nodes = async (): Promise<NodesAnswer> => {
    const { nodes: registered } = clusterAnswer({ ...(await known()), pools: [], blocks: [] });
    const addresses = new Map(registered.map((one) => [one.name, one.addresses]));
    const rows = await everywhere({ op: 'status' }, nodeStatusSchema, (node, said, isWaiting) => ({
      node,
      addresses: addresses.get(node) ?? [],
      ...('result' in said ? { status: said.result } : { problem: said.problem }),
      ...(isWaiting && { isWaiting: true as const }),
    }));
    return { nodes: rows, every: asked.secondsFor(rows.length) };
  };
  const routes = (prefix: string): Promise<RoutesOfNodes> =>
    everywhere({ op: 'bgp.route', prefix }, bgpRouteSchema, (node, said) =>
      'result' in said ? { node, route: said.result } : { node, problem: said.problem },
    );
  const drops = (): Promise<DropsOfNodes> =>
    everywhere({ op: 'drops.counted' }, countedDropsSchema, (node, said) =>
      'result' in said ? { node, drops: said.result } : { node, problem: said.problem },
    );
  const packets = (): Promise<PacketsOfNodes> =>
    everywhere({ op: 'drops.recent', limit: LIVE }, droppedSchema, (node, said) =>
      'result' in said ? { node, packets: said.result.packets } : { node, problem: said.problem },
    );
  const flows = (denied: boolean): Promise<FlowsOfNodes> =>
    everywhere({ op: 'flows', limit: LIVE, ...(denied && { denied }) }, flowsSchema, (node, said) => {
      if ('problem' in said) return { node, problems: [said.problem] };
      return { node, flows: said.result.flows, problems: said.result.problems };
    });
  const ledger = async (address: string): Promise<LedgerAnswer> => {
    const rows = await everywhere({ op: 'ledger', address }, ledgerSchema, (_, said) =>
      'result' in said ? said.result.entries : [],
    );
    return { entries: rows.flat().sort((a, b) => a.time - b.time) };
  };
  const timelines = async (pod: string): Promise<readonly TimelineAnswer[]> => {
    const rows = await everywhere({ op: 'timeline', pod }, timelineSchema, (_, said) =>
      'result' in said ? [said.result] : [],
    );
    return rows.flat();
  };
  const peers = async (node: string): Promise<z.infer<typeof bgpPeersSchema>> => {
    const answers = await asked.of({ op: 'bgp.peers' }, [node]);
    const said = answers.has(node) ? readSaid(answers.get(node), bgpPeersSchema) : { problem: NOT_YET };
    if ('result' in said) return said.result;
    throw new VRouterError('NO_ANSWER', `${node}: ${said.problem}`);
  };

  return {
    cluster: async () => clusterAnswer(await known()),
    address: async (query) => {
      const address = parseAddress(field(query, 'address'));
      const owner = await new Ipam({ store, clock }).getAssignmentAttributes(address);
      const { namespace, pod } = owner?.attributes ?? {};
      const endpoint = pod === undefined ? undefined : `${namespace ?? 'default'}/${pod}`;
      return addressAnswer({ ...(await known()), address, text: formatAddress(address), endpoint, owner });
    },
    nodes,
    'nodes.drops': drops,
    'nodes.packets': packets,
    'nodes.flows': (query) => flows(query.get('denied') === 'true'),
    'nodes.route': (query) => {
      const asked = field(query, 'prefix');
      // Nodes are not bothered with what none of them could read.
      if (asked.includes('/')) parsePrefix(asked, 'prefix');
      else parseAddress(asked, 'prefix');
      return routes(asked);
    },
    ledger: async (query) => ledger(formatAddress(parseAddress(field(query, 'address')))),
    'nodes.timeline': async (query) => timelines(field(query, 'pod')),
    'bgp.peers': async (query) => peers(field(query, 'node')),
  };
}

async function knownCluster(store: Store): Promise<KnownCluster> {
  const [nodes, pools, blocks] = await Promise.all([store.list('Node'), store.list('IPPool'), store.list('IPAMBlock')]);
  return {
    nodes: nodes.items,
    pools: pools.items,
    blocks: blocks.items.flatMap((block) => blockFigures(block) ?? []),
  };
}

function field(query: URLSearchParams, name: string): string {
  const read = z.string().min(1).max(300).safeParse(query.get(name));
  if (read.success) return read.data;
  throw new VRouterError('BAD_REQUEST', `field '${name}': it is asked for`);
}
