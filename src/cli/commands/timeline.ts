import { Command, Option } from 'commander';
import * as z from 'zod';
import { explainedEntrySchema, timelineSchema } from '../../control/answers.ts';
import { request, socketPath, type TimelineAnswer } from '../../control/index.ts';
import { askNodes, readSaid } from '../ask-nodes.ts';
import { SilentEnd, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { type SeenThere, timelineText } from '../printers/timeline.ts';
import { open } from '../session.ts';
import { seconds } from './options.ts';
import { requireRoot } from './root.ts';
import { nodeNames } from './status-cluster.ts';

interface TimelineOptions {
  readonly cluster?: boolean;
  readonly config?: string;
  readonly timeout: number;
  readonly output: 'text' | 'json';
}

/** `vrouter timeline`: what was done for something, step by step, with times. */
export function timelineCommand(io: Io): Command {
  const timeline = new Command('vrouter timeline').description('Show what was done, step by step, and when.');
  timeline.addCommand(podCommand(io));
  return timeline;
}

function podCommand(io: Io): Command {
  return new Command('pod')
    .description(
      "Show how a pod came by its network: its CNI requests from their coming to the answer, with addresses, policy, route and announcement, each with the milliseconds since; and with --cluster which nodes have the route to it in their kernel, and since when. The change is what the daemon's log lines about it have too. Exit code: 0, 1 where nothing is known or a node lacks the route, 2 wrong usage, 3 where no daemon answers.",
    )
    .argument('<pod>', 'namespace/name; of a container without a pod default/CONTAINER-ID')
    .option('--cluster', 'on whichever node it was, and the route to it on all; asked by way of the datastore')
    .option('-c, --config <file>', 'with --cluster: how to reach the datastore, as for calicoctl')
    .option('--timeout <seconds>', 'with --cluster: how long the nodes have to answer', seconds, 5)
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async (pod: string, options: TimelineOptions) => {
      if (!/^[^/]+\/[^/]+$/.test(pod)) throw new UsageError(`${JSON.stringify(pod)} is not namespace/name`);
      const { nodes, seen } = options.cluster ? await everywhere(io, pod, options) : await here(io, pod);
      if (options.output === 'json') io.stdout(`${JSON.stringify({ pod, nodes, seen }, undefined, 2)}\n`);
      else io.stdout(timelineText(pod, nodes, seen));
      if (nodes.length === 0 && !options.cluster) io.stderr('A node knows its own pods: --cluster asks all nodes.\n');
      if (nodes.length === 0 || seen.some(({ isThere }) => !isThere)) throw new SilentEnd(1);
    });
}

/** The knowledge of the nodes that have any, and the nodes that have the route to the pod. */
interface Found {
  readonly nodes: readonly TimelineAnswer[];
  readonly seen: readonly SeenThere[];
}

async function here(io: Io, pod: string): Promise<Found> {
  requireRoot(io);
  const answer = await request(socketPath(io.env), { op: 'timeline', pod }, timelineSchema);
  return { nodes: [answer].filter(isKnown), seen: [] };
}

function isKnown({ changes, addresses }: TimelineAnswer): boolean {
  return changes.length + addresses.length > 0;
}

async function everywhere(io: Io, pod: string, { config, timeout }: TimelineOptions): Promise<Found> {
  const store = await open(io, { ...(config !== undefined && { config }) });
  try {
    const names = await nodeNames(store);
    const asking = { store, clock: io.clock, patience: timeout * 1000 };
    const answers = await askNodes(names, { op: 'timeline', pod }, asking);
    const nodes = names.flatMap((node) => {
      const read = readSaid(answers.get(node), timelineSchema);
      return 'result' in read && isKnown(read.result) ? [read.result] : [];
    });
    const home = nodes.find(({ addresses }) => addresses.length > 0);
    const others = names.filter((name) => name !== home?.node);
    const seen: SeenThere[] = [];
    for (const cidr of home?.addresses ?? []) {
      const [address] = cidr.split('/');
      const told = await askNodes(others, { op: 'route.to', address }, asking);
      for (const node of others) {
        const read = readSaid(told.get(node), z.array(explainedEntrySchema));
        if ('problem' in read) seen.push({ node, address, isThere: false, text: read.problem });
        else {
          const found = read.result.find(({ present }) => present);
          const { text = 'its kernel has no route to it', since } = found ?? {};
          seen.push({ node, address, isThere: found !== undefined, text, ...(since !== undefined && { since }) });
        }
      }
    }
    return { nodes, seen };
  } finally {
    await store.close();
  }
}
