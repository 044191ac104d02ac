import { existsSync } from 'node:fs';
import { Listr } from 'listr2';
import { systemClock } from '../base/index.ts';
import { Lab, type LabOptions } from './lab.ts';
import type { Reachability } from './reachability.ts';
import { type LabReport, renderReport, reportJson } from './report.ts';
import { buildTopology, type TopologyFile, untilJoined } from './topology/index.ts';

export interface UpOptions extends LabOptions {
  readonly nodes: number;
  readonly pods: number;
  /** Take the lab down after the report, rather than wait for Ctrl-C. */
  readonly exit: boolean;
  readonly json: boolean;
  /** The drawing of the lab, in place of a number of nodes. */
  readonly drawn?: TopologyFile;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * `lab up`: builds the lab with its progress shown, prints the report, and keeps the lab until a signal. Whatever
 * happens, nothing of the lab is left when it resolves: to 0, or 1 if some pod did not reach another.
 */
export async function labUp(
  options: UpOptions,
  { stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>,
): Promise<number> {
  const signal = Promise.withResolvers<void>();
  let interrupted = false;
  const onSignal = (): void => {
    interrupted = true;
    signal.resolve();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  const started = systemClock.now();
  let lab: Lab | undefined;
  for (const one of options.drawn?.topology.ignored ?? []) stderr.write(`ignored: ${one}\n`);
  try {
    lab = await Lab.start(options);
    const building = build(lab, options);
    await Promise.race([building, signal.promise]);
    if (interrupted) return 130;
    const report = await gather(lab, await building);
    const seconds = ((systemClock.now() - started) / 1000).toFixed(1);
    stdout.write(options.json ? `${JSON.stringify(reportJson(report), null, 2)}\n` : `\n${renderReport(report)}\n`);
    if (!options.exit) {
      stderr.write(
        `\nThe lab came up in ${seconds} s and stays until Ctrl-C. In another terminal, try:\n${hints(options.name, lab.nodes[0].name)}\n`,
      );
      await signal.promise;
    }
    return report.reachability.every(({ complete }) => complete) ? 0 : 1;
  } finally {
    if (lab !== undefined) {
      stderr.write(interrupted ? '\nremoving the lab …\n' : '');
      await lab.stop();
    }
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}

async function build(lab: Lab, options: UpOptions): Promise<readonly Reachability[]> {
  const reachability: Reachability[] = [];
  const { drawn } = options;
  const count = drawn === undefined ? `${options.nodes} nodes` : `${drawn.topology.nodes.length} nodes and routers`;
  const start = (): Promise<unknown> => (drawn === undefined ? lab.addNodes(options.nodes) : buildTopology(lab, drawn));
  const steps = new Listr(
    [
      { title: `Starting ${count}`, task: start },
      { title: `Adding ${options.pods} pods to each`, task: () => lab.addPods(options.pods) },
      {
        title: 'Waiting for BGP sessions and routes',
        task: () => (drawn === undefined ? lab.untilConverged() : untilJoined(lab)),
      },
      {
        title: 'Pinging from every pod to every other',
        task: async () => {
          for (const family of lab.families) reachability.push(await lab.reachability(family));
        },
      },
    ],
    { renderer: options.json ? 'silent' : process.stdout.isTTY ? 'default' : 'simple', registerSignalListeners: false },
  );
  await steps.run();
  return reachability;
}

async function gather(lab: Lab, reachability: readonly Reachability[]): Promise<LabReport> {
  const first = lab.nodes[0].name;
  return {
    name: lab.record.plan.name,
    nodes: await Promise.all(lab.nodes.map(async (plan) => ({ plan, status: await lab.status(plan.name) }))),
    pods: lab.pods,
    nodeStatus: (await lab.calicoctl(first, ['node', 'status'])).stdout,
    routes: (await Promise.all(lab.families.map((family) => lab.routes(first, family)))).flat(),
    reachability,
  };
}

function hints(name: string, node: string): string {
  const option = name === 'lab' ? '' : ` --name ${name}`;
  const vrouter = existsSync('dist/bin/vrouter') ? 'dist/bin/vrouter' : 'vrouter';
  return [
    `  ${vrouter} lab exec${option} ${node} -- calicoctl get nodes -o wide`,
    `  ${vrouter} lab exec${option} ${node} -- ip route`,
    `  ${vrouter} lab status${option}`,
  ].join('\n');
}
