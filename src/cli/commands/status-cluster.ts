import { type Clock, reasonOf } from '../../base/index.ts';
import type { Store } from '../../datastore/index.ts';
import { type CalicoNodeStatus, newResource } from '../../model/index.ts';
import type { ConfigOptions } from '../config.ts';
import { SilentEnd } from '../errors.ts';
import type { Io } from '../io.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { open } from '../session.ts';

export interface ClusterOptions extends ConfigOptions {
  readonly output: 'table' | 'json';
  /** Seconds that nodes have to answer. */
  readonly timeout: number;
}

/** Between two looks for answers, in milliseconds. */
const PACE = 250;

/** How a node is doing, as it says itself; `silent`: it did not answer in time. */
interface NodeRow {
  readonly node: string;
  readonly health: 'ok' | 'degraded' | 'down' | 'silent';
  readonly version: string | undefined;
  readonly sessions: { readonly up: number; readonly all: number };
  readonly blocks: number;
  readonly endpoints: number;
}

/**
 * Every node of the cluster, asked by way of the datastore: a CalicoNodeStatus is made for each, answered by the node, and
 * taken away again. So it works from wherever the datastore is reached.
 */
export async function clusterStatus(io: Io, options: ClusterOptions): Promise<void> {
  const store = await open(io, options);
  try {
    const rows = await askAll(store, io.clock, options.timeout * 1000);
    if (options.output === 'json') io.stdout(`${JSON.stringify(rows, undefined, 2)}\n`);
    else io.stdout(rows.length === 0 ? 'The cluster has no nodes.\n' : table(rows));
    if (rows.some(({ health }) => health !== 'ok')) throw new SilentEnd(1);
  } finally {
    await store.close();
  }
}

async function askAll(store: Store, clock: Clock, patience: number): Promise<NodeRow[]> {
  const [nodes, affinities, endpoints] = await Promise.all([
    store.list('Node'),
    store.list('BlockAffinity'),
    store.list('WorkloadEndpoint'),
  ]);
  const blocks = counted(affinities.items.map(({ spec }) => spec.node));
  const pods = counted(endpoints.items.map(({ spec }) => spec.node));
  const answers = await askNodes(
    nodes.items.map(({ metadata }) => metadata.name),
    { store, clock, patience },
  );
  return nodes.items.map(({ metadata: { name } }) => {
    const counts = { blocks: blocks.get(name) ?? 0, endpoints: pods.get(name) ?? 0 };
    return { node: name, ...counts, ...rowOf(answers.get(name)) };
  });
}

interface Asking {
  readonly store: Store;
  readonly clock: Clock;
  readonly patience: number;
}

async function askNodes(names: readonly string[], asking: Asking): Promise<ReadonlyMap<string, CalicoNodeStatus>> {
  const { store, clock, patience } = asking;
  const end = clock.now() + patience;
  const mark = clock.wallTime().toString(36);
  const made = new Map<string, string>();
  try {
    for (const node of names) {
      const name = `vrouter-status-${mark}-${made.size}`;
      const spec = { node, classes: ['Agent', 'BGP'], updatePeriodSeconds: 0 } as CalicoNodeStatus['spec'];
      await store.create(newResource('CalicoNodeStatus', { name }, spec));
      made.set(node, name);
    }
    const answers = new Map<string, CalicoNodeStatus>();
    for (;;) {
      for (const [node, name] of made) {
        if (answers.has(node)) continue;
        const found = await store.get({ kind: 'CalicoNodeStatus', name });
        if (found?.status !== undefined) answers.set(node, found);
      }
      if (answers.size === names.length || clock.now() >= end) return answers;
      await new Promise<void>((resolve) => clock.after(PACE, resolve));
    }
  } finally {
    for (const name of made.values()) {
      // What can't be taken away now is answered once and no more.
      await store.delete({ kind: 'CalicoNodeStatus', name }).catch(reasonOf);
    }
  }
}

interface Answered {
  readonly agent?: { readonly birdV4?: { readonly state?: string; readonly version?: string } };
  readonly bgp?: Readonly<Record<string, number | undefined>>;
}

function rowOf(answer: CalicoNodeStatus | undefined): Pick<NodeRow, 'health' | 'version' | 'sessions'> {
  if (answer === undefined) return { health: 'silent', version: undefined, sessions: { up: 0, all: 0 } };
  const { agent, bgp = {} } = answer.status as Answered;
  const up = (bgp['numberEstablishedV4'] ?? 0) + (bgp['numberEstablishedV6'] ?? 0);
  const down = (bgp['numberNotEstablishedV4'] ?? 0) + (bgp['numberNotEstablishedV6'] ?? 0);
  const health = down === 0 ? 'ok' : up > 0 ? 'degraded' : 'down';
  return { health, version: agent?.birdV4?.version, sessions: { up, all: up + down } };
}

function counted(nodes: readonly (string | undefined)[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
}

function table(rows: readonly NodeRow[]): string {
  const cells = rows.map(({ node, health, version, sessions, blocks, endpoints }) => [
    node,
    health,
    version ?? '-',
    health === 'silent' ? '-' : `${sessions.up}/${sessions.all}`,
    String(blocks),
    String(endpoints),
  ]);
  return tabulate([['NODE', 'HEALTH', 'VERSION', 'SESSIONS', 'BLOCKS', 'PODS'], ...cells]).replaceAll(/ +$/gm, '');
}
