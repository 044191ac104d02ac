import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { flowsSchema } from '../src/control/answers.ts';
import { request } from '../src/control/index.ts';
import { Lab, type NodePlan, programsOf } from '../src/lab/index.ts';
import { end, pause, resident, usage } from './process.ts';

/**
 * What the flow log costs a node on which a thousand connections begin each second: the processor's time of the daemon
 * without the log, with it, and while somebody follows it; once where the connections are of fifty flows, and once where
 * each is a flow of its own.
 *
 *     node bench/flows.ts [SECONDS] [RATE]      default 12 1000; as root; works in a lab of its own
 */
const [seconds = 12, rate = 1000] = process.argv.slice(2).map(Number);
/** Until connections of before have ended, and the first of now end too. */
const SETTLE = 12_000;
const PORTS = 50;
const FIRST_PORT = 7000;

/** Connects so often in a second, each port in turn, and resets: the kernel forgets such a one after ten seconds. */
const CONNECTS = `
const net = require('node:net');
const [address, rate, first, ports] = [process.argv[1], ...process.argv.slice(2).map(Number)];
const start = performance.now();
let count = 0;
setInterval(() => {
  for (const due = (performance.now() - start) / 1000 * rate; count < due; count++) {
    const socket = net.connect(first + count % ports, address, () => socket.resetAndDestroy());
    socket.on('error', () => {});
  }
}, 5);`;
const ACCEPTS = `
const [first, ports] = process.argv.slice(1).map(Number);
for (let port = 0; port < ports; port++) {
  require('node:net').createServer((socket) => socket.on('error', () => {}).resume()).listen(first + port);
}`;
/** A datagram to another port each time. */
const SENDS = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('error', () => {});
const [address, rate] = [process.argv[1], Number(process.argv[2])];
const start = performance.now();
let count = 0;
setInterval(() => {
  for (const due = (performance.now() - start) / 1000 * rate; count < due; count++) {
    socket.send('x', 1 + count % 60000, address, () => {});
  }
}, 5);`;

const POLICY = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'bench' },
  spec: {
    selector: 'all()',
    types: ['Ingress', 'Egress'],
    ingress: [{ action: 'Allow' }],
    egress: [{ action: 'Allow' }],
  },
};

const lab = await Lab.start({
  name: `f${process.pid}`,
  programs: programsOf(fileURLToPath(new URL('../src/main.ts', import.meta.url))),
});
const programs: ChildProcess[] = [];

function inside(namespace: string, script: string, ...args: readonly (string | number)[]): void {
  const command = ['netns', 'exec', namespace, process.execPath, '-e', script, ...args.map(String)];
  programs.push(spawn('ip', command, { stdio: ['ignore', 'ignore', 'inherit'] }));
}

async function keep(node: NodePlan, flowLogsLocalReporter: 'Enabled' | 'Disabled'): Promise<void> {
  const resource = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'FelixConfiguration',
    metadata: { name: 'default' },
    spec: { flowLogsLocalReporter },
  };
  await lab.calicoctl(node.name, ['apply', '-f', '-'], JSON.stringify(resource));
}

async function share(pid: number): Promise<number> {
  const before = usage(pid).cpuSeconds;
  await pause(seconds * 1000);
  return ((usage(pid).cpuSeconds - before) / seconds) * 100;
}

async function follow(socket: string, until: Promise<unknown>): Promise<number> {
  let [isOver, told, at] = [false, 0, {}];
  void until.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const question = { op: 'flows', follow: true, limit: 1000, ...at } as const;
    const answer = await request(socket, question, flowsSchema);
    at = { after: answer.last, settled: answer.settled };
    told += answer.flows.length;
  }
  return told;
}

async function measure(node: NodePlan, pid: number, what: string): Promise<void> {
  await pause(SETTLE);
  const off = await share(pid);
  const small = resident(pid);
  await keep(node, 'Enabled');
  await pause(SETTLE);
  const on = await share(pid);
  const measured = share(pid);
  const told = follow(node.socket, measured);
  const followed = await measured;
  const { last, lost } = await request(node.socket, { op: 'flows', limit: 1 }, flowsSchema);
  const size = resident(pid) - small;
  await keep(node, 'Disabled');
  process.stdout.write(
    `${what.padEnd(42)}off ${off.toFixed(2)} %   on ${on.toFixed(2)} %   followed ${followed.toFixed(2)} %   ${last} records, ${await told} told, ${lost} lost, ${size.toFixed(0)} MB more\n`,
  );
}

try {
  const [node] = await lab.addNodes(1);
  const [client, server] = [await lab.addPod(node.name), await lab.addPod(node.name)];
  await lab.calicoctl(node.name, ['apply', '-f', '-'], JSON.stringify(POLICY));
  const { pid = 0 } = await lab.status(node.name);
  await lab.exec(node.name, ['sysctl', '-qw', 'net.netfilter.nf_conntrack_udp_timeout=5']);
  const begin = usage(pid).cpuSeconds;
  await pause(seconds * 500);
  const idle = ((usage(pid).cpuSeconds - begin) / seconds) * 200;
  process.stdout.write(
    `the daemon's processor while nothing happens ${idle.toFixed(2)} %, at ${rate} connections a second:\n`,
  );
  inside(server.namespace, ACCEPTS, FIRST_PORT, PORTS);
  await pause(1000);
  inside(client.namespace, CONNECTS, server.address ?? '', rate, FIRST_PORT, PORTS);
  await measure(node, pid, `TCP, to ${PORTS} ports of a pod`);
  await Promise.all(programs.map(end));
  inside(client.namespace, SENDS, server.address ?? '', rate);
  await measure(node, pid, 'UDP, each to another port');
} finally {
  await Promise.all(programs.map(end));
  await lab.stop();
}
