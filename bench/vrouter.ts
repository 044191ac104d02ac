import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { nodeStatusSchema } from '../src/control/answers.ts';
import { request } from '../src/control/index.ts';
import { inNamespace, pause } from './process.ts';

/** A whole daemon as it is shipped, whose files are all in one directory. */
export interface VrouterPlan {
  readonly namespace: string;
  readonly directory: string;
  readonly node: string;
  /** Its own address, with the length of the prefix. */
  readonly ip: string;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export function startVrouter(plan: VrouterPlan): ChildProcess {
  return inNamespace(plan.namespace, ['dist/bin/vrouter', 'daemon'], daemonEnvironment(plan));
}

export function daemonEnvironment({
  directory,
  node,
  ip,
  env,
}: Omit<VrouterPlan, 'namespace'>): Readonly<Record<string, string>> {
  return {
    NODENAME: node,
    IP: ip,
    DATASTORE_TYPE: 'sqlite',
    SQLITE_PATH: databaseOf(directory),
    VROUTER_SOCKET: socketOf(directory, node),
    CALICO_NODENAME_FILE: '',
    VROUTER_IPAM_LEDGER: 'none',
    VROUTER_MTU_FILE: 'none',
    CALICO_IPV4POOL_IPIP: 'Never',
    FELIX_HEALTHPORT: '0',
    FELIX_LOGSEVERITYSCREEN: 'warning',
    ...env,
  };
}

/**
 * Waits until a daemon serves pods, with as many sessions up as given. It is not ready while a peer that is configured is
 * not up, and a measurement's neighbour comes after it.
 */
export async function vrouterIsUp({ directory, node }: VrouterPlan, sessions: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const socket = socketOf(directory, node);
    const status = await request(socket, { op: 'status' }, nodeStatusSchema).catch(() => undefined);
    const up = status?.bgp?.peers.filter(({ state }) => state === 'up') ?? [];
    if (status?.serving && up.length >= sessions) return;
    await pause(50);
  }
  throw new Error(`${node} did not come up`);
}

function socketOf(directory: string, node: string): string {
  return join(directory, `${node}.sock`);
}

/** The embedded datastore of the daemons whose files are in a directory. */
export function databaseOf(directory: string): string {
  return join(directory, 'vrouter.db');
}
