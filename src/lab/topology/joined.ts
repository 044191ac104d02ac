import { existsSync } from 'node:fs';
import type { Clock } from '../../base/index.ts';
import { nodeStatusSchema } from '../../control/answers.ts';
import { request } from '../../control/index.ts';
import { inNamespace, run } from '../command.ts';
import { whoIsDown } from '../convergence.ts';
import { LabError } from '../errors.ts';
import type { NodePlan } from '../plan.ts';
import type { LabRecord } from '../state.ts';
import { until } from '../until.ts';
import { birdControl, frrDirectory } from './router.ts';

/** Waits until every session of every node and router is up, and BFD of the nodes with it. */
export async function untilSessions({ plan, state }: LabRecord, clock: Clock, signal?: AbortSignal): Promise<void> {
  const look = async (): Promise<boolean> => {
    const down = [
      ...state.nodes.map(async ({ socket }) => whoIsDown(await request(socket, { op: 'status' }, nodeStatusSchema))),
      ...state.hosts.map((host) => routersDown(plan.directory, host)),
    ];
    const missing = (await Promise.all(down)).find((one) => one !== undefined);
    if (missing !== undefined) throw new LabError('NOT_YET', missing);
    return true;
  };
  await until(clock, 'the sessions of all nodes and routers', look, { timeout: 60_000, ...(signal && { signal }) });
}

async function routersDown(directory: string, { name, namespace }: NodePlan): Promise<string | undefined> {
  const [control, frr] = [birdControl(directory, name), frrDirectory(directory, name)];
  const ask = existsSync(control)
    ? ['birdc', '-s', control, 'show', 'protocols']
    : existsSync(frr)
      ? ['vtysh', '--vty_socket', frr, '-c', 'show bgp summary json']
      : undefined;
  if (ask === undefined) return undefined;
  const { stdout } = await run(inNamespace(namespace, ask));
  const sessions = stdout.split('\n').filter((line) => / BGP +---|"state":/.test(line));
  const down = sessions.find((line) => !line.includes('Established'));
  return down === undefined ? undefined : `a session of ${name}: ${down.trim()}`;
}
