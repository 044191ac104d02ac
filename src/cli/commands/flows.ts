import { Command, Option } from 'commander';
import { flowsSchema } from '../../control/answers.ts';
import { type FlowAnswer, type FlowsAnswer, request, socketPath } from '../../control/index.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { TIMES, timeOf } from '../moment.ts';
import { flowLine } from '../printers/flow.ts';
import { flowsOfCluster } from './flows-cluster.ts';
import { seconds } from './options.ts';
import { requireRoot } from './root.ts';

interface FlowsOptions {
  readonly follow?: boolean;
  readonly denied?: boolean;
  readonly pod?: string;
  readonly since?: string;
  readonly last: string;
  readonly cluster?: boolean;
  readonly config?: string;
  readonly timeout: number;
  readonly output: 'text' | 'json';
}

/** `vrouter flows`: the flow log of this node or of all, or each flow as it is seen. */
export function flowsCommand(io: Io): Command {
  return new Command('vrouter flows')
    .description(
      "Show who talked to whom on this node, as far as a pod of its own had a part in it: allowed or denied by which tier, policy and rule, and what the connections carried that have ended. The log is kept while FelixConfiguration's flowLogsLocalReporter is Enabled, or while somebody follows. Exit code: 0, 1 where no log is kept (of all nodes: where one keeps none or does not answer), 2 for a question that can not be asked, 3 where no daemon answers.",
    )
    .option(
      '-f, --follow',
      'show flows as they begin, and once more what came to them within ten seconds; until interrupted',
    )
    .option('--denied', 'those that policy has denied')
    .option('--pod <pod>', 'those that this pod has a part in: namespace/name')
    .option('--since <time>', `those that something happened to since: ${TIMES}; UTC where no zone is named`)
    .option('--last <count>', 'so many of the newest, at most 10000', '100')
    .option(
      '--cluster',
      'of all nodes, asked by way of the datastore: the newest of them by time; each answers with as many as have room, some hundreds',
    )
    .option('-c, --config <file>', 'with --cluster: how to reach the datastore, as for calicoctl')
    .option('--timeout <seconds>', 'with --cluster: how long the nodes have to answer', seconds, 5)
    .addOption(
      new Option('-o, --output <format>', 'how to print it: json is a line for each')
        .choices(['text', 'json'])
        .default('text'),
    )
    .action(async (options: FlowsOptions) => {
      const { follow = false, output } = options;
      const about = questionOf(options, io);
      if (options.cluster) {
        if (follow) throw new UsageError(NOT_FOLLOWED);
        return flowsOfCluster(io, about, options);
      }
      requireRoot(io);
      const print = (flows: readonly FlowAnswer[]): void => {
        for (const one of flows) io.stdout(output === 'json' ? `${JSON.stringify(one)}\n` : flowLine(one));
      };
      const told = new Set<string>();
      const warn = ({ problems }: FlowsAnswer): void => {
        for (const problem of problems) if (!told.has(problem)) io.stderr(`${problem}\n`);
        for (const problem of problems) told.add(problem);
      };
      if (follow) return followFlows(io, about, print, warn);
      const answer = await request(socketPath(io.env), { op: 'flows', ...about }, flowsSchema);
      warn(answer);
      print(answer.flows);
      if (answer.flows.length === 0 && output === 'text') io.stderr('No such flow has been seen.\n');
    });
}

const NOT_FOLLOWED =
  '--follow is of one node: with --cluster ask again with --since, look at `vrouter web`, or follow on the node itself';

type About = ReturnType<typeof questionOf>;

function questionOf({ denied, pod, since, last }: FlowsOptions, io: Io) {
  const limit = /^\d{1,5}$/.test(last) ? Number(last) : 0;
  if (limit < 1 || limit > 10_000)
    throw new UsageError(`--last ${JSON.stringify(last)} is not a number from 1 to 10000`);
  if (pod !== undefined && !/^[^/]+\/[^/]+$/.test(pod)) {
    throw new UsageError(`--pod ${JSON.stringify(pod)} is not namespace/name`);
  }
  return {
    limit,
    ...(denied === true && { denied }),
    ...(pod !== undefined && { pod }),
    ...(since !== undefined && { since: timeOf(since, io.clock.wallTime()) }),
  };
}

/** Until the daemon ends or somebody interrupts. With `--since`, what is kept of that time comes first. */
async function followFlows(
  io: Io,
  about: About,
  print: (flows: readonly FlowAnswer[]) => void,
  warn: (answer: FlowsAnswer) => void,
): Promise<void> {
  let at = about.since === undefined ? {} : { after: 0, settled: 0 };
  let lost: number | undefined;
  for (;;) {
    const question = { op: 'flows', ...about, limit: MOST, follow: true, ...at } as const;
    const answer = await request(socketPath(io.env), question, flowsSchema);
    at = { after: answer.last, settled: answer.settled };
    warn(answer);
    print(answer.flows);
    const missed = answer.missed + (lost === undefined ? 0 : Math.max(0, answer.lost - lost));
    lost = answer.lost;
    if (missed > 0) io.stderr(`(${missed} more that came too fast)\n`);
  }
}

/** Flows of one answer. */
const MOST = 1000;
