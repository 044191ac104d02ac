import { nodeStatusSchema } from '../../control/answers.ts';
import type { StatusAnswer } from '../../control/index.ts';
import type { Store } from '../../datastore/index.ts';
import { type AskingNodes, askNodes, type NodeAnswer, SILENT } from '../ask-nodes.ts';
import type { ConfigOptions } from '../config.ts';
import { SilentEnd } from '../errors.ts';
import type { Io } from '../io.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { open } from '../session.ts';
import { whenText } from './status-overview.ts';

export interface ClusterOptions extends ConfigOptions {
  readonly output: 'table' | 'json';
  /** Seconds that nodes have to answer. */
  readonly timeout: number;
}

interface Told {
  readonly text: string;
  /** Milliseconds since 1970, and how often within a day; both are absent where an older daemon answers. */
  readonly since?: number;
  readonly times?: number;
}

/** How a node is doing, as it says itself; `silent`: it did not answer in time. */
interface NodeRow {
  readonly node: string;
  readonly health: 'ok' | 'degraded' | 'down' | 'silent';
  readonly version: string | undefined;
  readonly sessions: { readonly up: number; readonly all: number };
  readonly blocks: number;
  readonly endpoints: number;
  readonly problems: readonly Told[];
}

/** Every node of the cluster, asked by way of the datastore. */
export async function clusterStatus(io: Io, options: ClusterOptions): Promise<void> {
  const store = await open(io, options);
  try {
    const rows = await nodeRows({ store, clock: io.clock, patience: options.timeout * 1000 });
    if (options.output === 'json') io.stdout(`${JSON.stringify(rows, undefined, 2)}\n`);
    else io.stdout(rows.length === 0 ? 'The cluster has no nodes.\n' : clusterText(rows));
    if (rows.some(({ health }) => health !== 'ok')) throw new SilentEnd(1);
  } finally {
    await store.close();
  }
}

async function nodeRows(asking: AskingNodes): Promise<readonly NodeRow[]> {
  const names = await nodeNames(asking.store);
  const [affinities, endpoints, answers] = [
    await asking.store.list('BlockAffinity'),
    await asking.store.list('WorkloadEndpoint'),
    await askNodes(names, { op: 'status' }, asking),
  ];
  const blocks = counted(affinities.items.map(({ spec }) => spec.node));
  const pods = counted(endpoints.items.map(({ spec }) => spec.node));
  return names.map((node) => {
    const counts = { blocks: blocks.get(node) ?? 0, endpoints: pods.get(node) ?? 0 };
    return { node, ...counts, ...rowOf(answers.get(node)) };
  });
}

/** All that are registered. */
export async function nodeNames(store: Store): Promise<readonly string[]> {
  return (await store.list('Node')).items.map(({ metadata }) => metadata.name);
}

interface CalicoFields {
  readonly agent?: { readonly birdV4?: { readonly version?: string } };
  readonly bgp?: Readonly<Record<string, number | undefined>>;
}

type SaidOfItself = Pick<NodeRow, 'health' | 'version' | 'sessions' | 'problems'>;

function rowOf(answer: NodeAnswer | undefined): SaidOfItself {
  if (answer === undefined) {
    return { health: 'silent', version: undefined, sessions: { up: 0, all: 0 }, problems: [] };
  }
  const { agent, bgp = {} } = answer.status as CalicoFields;
  const up = (bgp['numberEstablishedV4'] ?? 0) + (bgp['numberEstablishedV6'] ?? 0);
  const down = (bgp['numberNotEstablishedV4'] ?? 0) + (bgp['numberNotEstablishedV6'] ?? 0);
  const sessions = { up, all: up + down };
  const own = ownStatus(answer);
  // Of a node that has none of our daemons, sessions are all that is known.
  const health = own?.health ?? (down === 0 ? 'ok' : up > 0 ? 'degraded' : 'down');
  return { health, version: own?.version ?? agent?.birdV4?.version, sessions, problems: own ? told(own) : [] };
}

function ownStatus({ said }: NodeAnswer): StatusAnswer | undefined {
  return said?.ok ? nodeStatusSchema.safeParse(said.result).data : undefined;
}

function told({ problems, told: timed = [] }: StatusAnswer): readonly Told[] {
  return problems.map((text) => timed.find((one) => one.text === text) ?? { text });
}

function counted(nodes: readonly (string | undefined)[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
}

function clusterText(rows: readonly NodeRow[]): string {
  const cells = rows.map(({ node, health, version, sessions, blocks, endpoints, problems }) => [
    node,
    health,
    version ?? '-',
    health === 'silent' ? '-' : `${sessions.up}/${sessions.all}`,
    String(blocks),
    String(endpoints),
    health === 'silent' ? '-' : String(problems.length),
  ]);
  const heading = ['NODE', 'HEALTH', 'VERSION', 'SESSIONS', 'BLOCKS', 'PODS', 'PROBLEMS'];
  return tabulate([heading, ...cells]).replaceAll(/ +$/gm, '') + problemsText(rows);
}

/** Problems of each node, and what to do about nodes that say nothing. */
function problemsText(rows: readonly NodeRow[]): string {
  const lines = rows.flatMap(({ node, health, problems }) =>
    health === 'silent' ? [`${node}: ${SILENT}`] : problems.map((one) => `${node}: ${one.text}${whenText(one)}`),
  );
  return lines.length === 0 ? '' : `\nProblems\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
