import { flowsSchema } from '../../control/answers.ts';
import type { FlowAnswer, FlowsRequest } from '../../control/index.ts';
import { askNodes, type NodeAnswer, readSaid } from '../ask-nodes.ts';
import { SilentEnd } from '../errors.ts';
import type { Io } from '../io.ts';
import { flowLine } from '../printers/flow.ts';
import { open } from '../session.ts';
import { nodeNames } from './status-cluster.ts';

interface ClusterFlowsOptions {
  readonly config?: string;
  readonly timeout: number;
  readonly output: 'text' | 'json';
}

interface FlowOfNode extends FlowAnswer {
  readonly node: string;
}

/** The newest flows that the nodes have seen, by time. Filters are the nodes' work. */
export async function flowsOfCluster(
  io: Io,
  about: Omit<FlowsRequest, 'op'>,
  { config, timeout, output }: ClusterFlowsOptions,
): Promise<void> {
  const store = await open(io, { ...(config !== undefined && { config }) });
  try {
    const names = await nodeNames(store);
    const asking = { store, clock: io.clock, patience: timeout * 1000 };
    const answers = await askNodes(names, { op: 'flows', ...about }, asking);
    const complaints = new Map<string, string[]>();
    const complain = (node: string, text: string): void => {
      complaints.set(text, [...(complaints.get(text) ?? []), node]);
    };
    const { flows, areAllThere } = merged(names, answers, about.limit, complain);
    for (const [text, nodes] of complaints) io.stderr(`${nodes.join(', ')}: ${text}\n`);
    for (const { node, ...flow } of flows) {
      io.stdout(output === 'json' ? `${JSON.stringify({ node, ...flow })}\n` : flowLine(flow, node));
    }
    if (flows.length === 0 && output === 'text') io.stderr('No such flow has been seen.\n');
    if (!areAllThere) throw new SilentEnd(1);
  } finally {
    await store.close();
  }
}

function merged(
  names: readonly string[],
  answers: ReadonlyMap<string, NodeAnswer>,
  limit: number,
  complain: (node: string, text: string) => void,
) {
  const all: FlowOfNode[] = [];
  let areAllThere = true;
  for (const node of names) {
    const read = readSaid(answers.get(node), flowsSchema);
    if ('problem' in read) {
      areAllThere = false;
      complain(node, read.problem);
      continue;
    }
    const { flows, more = false, problems } = read.result;
    for (const problem of problems) complain(node, problem);
    if (more && flows.length < limit) complain(node, SHORTENED);
    for (const flow of flows) all.push({ node, ...flow });
  }
  all.sort((a, b) => a.first - b.first);
  return { flows: all.slice(-limit), areAllThere };
}

const SHORTENED =
  'older ones may be there, which had no room in the answer: ask for less with --since, --pod or --denied';
