import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeStatusSchema, request } from '../src/control/index.ts';
import { ip, median, usage } from './process.ts';

/**
 * What a node costs while nothing happens: three whole daemons on one embedded datastore, in a mesh, with a block each;
 * the processor's time and the memory of each once all sessions are up.
 *
 *     node bench/idle.ts [SECONDS]        as root; works in network namespaces of its own
 */
const seconds = Number(process.argv[2] ?? 20);
const NODES = 3;
/** Until start-up's garbage is collected and its last timers are through. */
const SETTLE = 15_000;
const directory = mkdtempSync(join(tmpdir(), 'vrouter-idle-'));
const bridge = `vrb-${process.pid}-b`;

interface Node {
  readonly namespace: string;
  readonly socket: string;
  readonly daemon: ChildProcess;
}

function start(number: number): Node {
  const namespace = `vrb-${process.pid}-${number}`;
  ip('netns', 'add', namespace);
  ip('link', 'add', 'eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', `p${number}`, 'netns', bridge);
  ip('-n', bridge, 'link', 'set', `p${number}`, 'master', 'br0', 'up');
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  ip('-n', namespace, 'addr', 'add', `172.31.251.${number}/24`, 'dev', 'eth0');
  ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  const socket = join(directory, `${number}.sock`);
  const daemon = spawn('nsenter', [`--net=/run/netns/${namespace}`, 'dist/bin/vrouter', 'daemon'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      NODENAME: `idle${number}`,
      IP: `172.31.251.${number}/24`,
      DATASTORE_TYPE: 'sqlite',
      SQLITE_PATH: join(directory, 'vrouter.db'),
      VROUTER_SOCKET: socket,
      CALICO_NODENAME_FILE: '',
      VROUTER_IPAM_LEDGER: 'none',
      CALICO_IPV4POOL_IPIP: 'Never',
      FELIX_HEALTHPORT: '0',
      FELIX_LOGSEVERITYSCREEN: 'warning',
    },
  });
  return { namespace, socket, daemon };
}

async function settled({ socket }: Node): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const status = await request(socket, { op: 'status' }, nodeStatusSchema).catch(() => undefined);
    const peers = status?.bgp?.peers ?? [];
    if (status?.ready && peers.length === NODES - 1 && peers.every(({ state }) => state === 'up')) return;
    await pause(100);
  }
  throw new Error('the daemons did not come up');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Resident set now, in MB of a million octets. */
function resident(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024) / 1e6;
}

const nodes: Node[] = [];
ip('netns', 'add', bridge);
try {
  ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge');
  ip('-n', bridge, 'link', 'set', 'br0', 'up');
  for (let number = 1; number <= NODES; number++) nodes.push(start(number));
  await Promise.all(nodes.map(settled));
  await pause(SETTLE);
  const pids = nodes.map(({ daemon }) => daemon.pid ?? 0);
  const before = pids.map((pid) => usage(pid).cpuSeconds);
  await pause(seconds * 1000);
  const shares = pids.map((pid, index) => ((usage(pid).cpuSeconds - before[index]) / seconds) * 100);
  process.stdout.write(
    `${NODES} daemons in a mesh on one embedded datastore, idle for ${seconds} s; median of them\n` +
      `processor ${median(shares).toFixed(2)} %   resident set ${median(pids.map(resident)).toFixed(0)} MB\n`,
  );
} finally {
  for (const { daemon } of nodes) daemon.kill();
  await Promise.all(
    nodes.map(({ daemon }) => daemon.exitCode ?? new Promise((resolve) => daemon.once('exit', resolve))),
  );
  for (const name of [bridge, ...nodes.map(({ namespace }) => namespace)]) ip('netns', 'del', name);
  rmSync(directory, { recursive: true, force: true });
}
