import { spawn } from 'node:child_process';
import { systemClock } from '../base/index.ts';
import { nodeStatusSchema } from '../control/answers.ts';
import { request } from '../control/index.ts';
import { allBreakages, cableOf, routerOf } from './breakage.ts';
import { inNamespace } from './command.ts';
import { LabError } from './errors.ts';
import { type BreakageLoss, measureLoss, renderLosses } from './loss.ts';
import { nodeEnvironment, type Programs } from './program.ts';
import { removeLab } from './remove.ts';
import { addressesOf } from './report.ts';
import { type LabRecord, mustReadRecord, ownerIsAlive, readRecord } from './state.ts';
import { until } from './until.ts';

/** `lab status`: one line per node, from each daemon's own mouth. */
export async function labStatus(name: string): Promise<string> {
  const record = await mustReadRecord(name);
  const lines = await Promise.all(
    record.state.nodes.map(async (node) => {
      const pods = record.state.pods
        .filter((pod) => pod.node === node.name)
        .map((pod) => `${pod.name} ${addressesOf(pod)}`);
      const words = await request(node.socket, { op: 'status' }, nodeStatusSchema).then(
        ({ ready, bgp, blocks, problems }) => {
          const up = bgp?.peers.filter(({ state }) => state === 'up').length ?? 0;
          const sessions = `${up} of ${bgp?.peers.length ?? 0} sessions up`;
          return [ready ? 'ready' : 'not ready', sessions, blocks.map(({ cidr }) => cidr).join(' '), ...problems].join(
            ', ',
          );
        },
        () => 'no daemon answers',
      );
      return `${node.name}  ${addressesOf(node)}  ${words}\n${pods.map((pod) => `  ${pod}\n`).join('')}`;
    }),
  );
  return `${(await ownerIsAlive(record.state)) ? '' : `lab '${name}' was killed; remove it with: vrouter lab down\n`}${lines.join('')}`;
}

/** `lab exec`: a command on a node, or in a pod, with this terminal. Resolves to its exit code. */
export async function labExec(
  name: string,
  place: string,
  command: readonly string[],
  programs: Programs,
): Promise<number> {
  const record = await mustReadRecord(name);
  const { namespace, nodeName } = findPlace(record, place);
  const { nodes, hosts } = record.state;
  const node = [...nodes, ...hosts].find((one) => one.name === nodeName)!;
  const path = [programs.bin, process.env['PATH']].filter((part) => part !== undefined).join(':');
  const [file, ...args] = inNamespace(namespace, command);
  const child = spawn(file, args, {
    stdio: 'inherit',
    env: { ...process.env, ...nodeEnvironment(record.plan, node), PATH: path },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 128));
  });
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface LossWishes {
  readonly name: string;
  readonly cut: readonly string[];
  readonly kill: readonly string[];
  readonly silent: boolean;
  readonly seconds: number;
  readonly json: boolean;
}

/**
 * `lab loss`: breaks what was named, or else everything in turn. Resolves to 0, or 1 if pods were cut off. A signal has it mend what it
 * has broken, tell what it has measured, and end.
 */
export async function labLoss(wishes: LossWishes, world: Pick<NodeJS.Process, 'stdout' | 'stderr'>): Promise<number> {
  const record = await mustReadRecord(wishes.name);
  const { state } = record;
  const named = [
    ...wishes.cut.map((end) => cableOf(state, end)),
    ...wishes.kill.map((router) => routerOf(state, router)),
  ];
  const breakages = named.length > 0 ? named : allBreakages(state);
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort(new LabError('STOPPED', 'interrupted; what was broken is mended'));
  // Whoever is impatient must not end it before it has mended what it broke.
  for (const signal of SIGNALS) process.on(signal, stop);
  const losses: BreakageLoss[] = [];
  try {
    for (const [index, breakage] of breakages.entries()) {
      world.stderr.write(`${index + 1} of ${breakages.length}: ${breakage.what}\n`);
      const { silent, seconds } = wishes;
      const options = { clock: systemClock, watch: seconds * 1000, silent, signal: interrupted.signal };
      losses.push(await measureLoss(record, breakage, options));
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
    if (losses.length > 0)
      world.stdout.write(`${wishes.json ? JSON.stringify(losses, null, 2) : renderLosses(losses)}\n`);
  }
  return losses.every(({ reachable }) => reachable) ? 0 : 1;
}

/** `lab down`: asks the process that keeps the lab to end it, or removes what a killed one left. */
export async function labDown(name: string): Promise<string> {
  const record = await readRecord(name);
  if (record === undefined) return `there is no lab '${name}'\n`;
  if (await ownerIsAlive(record.state)) {
    process.kill(record.state.owner.pid, 'SIGTERM');
    await until(systemClock, 'the lab to end itself', async () => (await readRecord(name)) === undefined);
  } else await removeLab(record);
  return `lab '${name}' is gone\n`;
}

function findPlace({ state }: LabRecord, place: string): { namespace: string; nodeName: string } {
  const node = [...state.nodes, ...state.hosts].find(({ name }) => name === place);
  if (node !== undefined) return { namespace: node.namespace, nodeName: node.name };
  const pod = state.pods.find(({ name }) => name === place);
  if (pod !== undefined) return { namespace: pod.namespace, nodeName: pod.node };
  const names = [...state.nodes, ...state.hosts, ...state.pods].map(({ name }) => name).join(', ');
  throw new LabError('NO_NODE', `there is no node or pod '${place}'; there are: ${names}`);
}
