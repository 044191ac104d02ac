import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeStatusSchema, request } from '../src/control/index.ts';
import { openStore } from '../src/datastore/index.ts';
import { newResource } from '../src/model/index.ts';
import { ip, median, Talker, usage } from './process.ts';

/**
 * From the first byte of UPDATEs to all their routes being in the kernel, and back for the withdrawal: vRouter and
 * BIRD 2 in turn, several rounds in one run, the same sender, the same kernel.
 *
 *     node bench/update-to-kernel.ts [PREFIXES] [ROUNDS]
 */
const prefixes = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 5);
const ASN = 64512;
const [SENDER, ROUTER] = ['172.31.250.1', '172.31.250.2'];
const names = { sender: `vrb-${process.pid}-s`, router: `vrb-${process.pid}-r` };
const directory = mkdtempSync(join(tmpdir(), 'vrouter-bench-'));

interface Contender {
  readonly name: string;
  start(): Promise<ChildProcess>;
}

interface Round {
  readonly announce: number;
  readonly withdraw: number;
  readonly peakMiB: number;
  readonly cpuSeconds: number;
}

const vrouter: Contender = {
  name: 'vRouter',
  async start() {
    const database = join(directory, 'vrouter.db');
    rmSync(database, { force: true });
    const store = await openStore({ type: 'sqlite', path: database });
    await store.create(newResource('BGPPeer', { name: 'sender' }, { peerIP: SENDER, asNumber: ASN }));
    await store.close();
    const socket = join(directory, 'vrouter.sock');
    const child = inRouter(['node', 'dist/vrouter.js', 'daemon'], {
      NODENAME: 'bench',
      IP: `${ROUTER}/24`,
      DATASTORE_TYPE: 'sqlite',
      SQLITE_PATH: database,
      VROUTER_SOCKET: socket,
      CALICO_NODENAME_FILE: '',
      VROUTER_IPAM_LEDGER: 'none',
      VROUTER_MTU_FILE: 'none',
      NO_DEFAULT_POOLS: 'true',
      FELIX_HEALTHPORT: '0',
      FELIX_LOGSEVERITYSCREEN: 'warning',
    });
    await until(async () => (await request(socket, { op: 'status' }, nodeStatusSchema)).ready);
    return child;
  },
};

const bird: Contender = {
  name: 'BIRD 2',
  async start() {
    const config = join(directory, 'bird.conf');
    writeFileSync(
      config,
      `log "/dev/null" all; router id ${ROUTER}; protocol device {}
       protocol kernel { ipv4 { import none; export all; }; }
       protocol bgp { local ${ROUTER} as ${ASN}; neighbor ${SENDER} as ${ASN}; passive on; ipv4 { import all; export none; }; }\n`,
    );
    return inRouter(['bird', '-f', '-c', config, '-s', join(directory, 'bird.ctl')]);
  },
};

function inRouter(command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn('nsenter', [`--net=/run/netns/${names.router}`, ...command], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await condition().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the daemon did not come up');
}

async function round(contender: Contender): Promise<Round> {
  const daemon = await contender.start();
  const fib = new Talker(names.router, ['node', 'bench/fib-count.ts']);
  const before = Number(await fib.next());
  const sender = new Talker(names.sender, ['node', 'bench/sender.ts', ROUTER, SENDER, String(ASN), String(prefixes)]);
  try {
    await sender.next();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const announce = await timed(sender, fib, 'announce', `${before + prefixes}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const withdraw = await timed(sender, fib, 'withdraw', `-${before}`);
    return { announce, withdraw, ...usage(daemon.pid ?? 0) };
  } finally {
    await sender.end();
    await fib.end();
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill();
    await ended;
  }
}

async function timed(sender: Talker, fib: Talker, command: string, goal: string): Promise<number> {
  fib.say(goal);
  sender.say(command);
  const began = Number(await sender.next());
  return (Number(await fib.next()) - began) / 1000;
}

function report(name: string, results: readonly Round[]): Record<string, number> {
  const row = {
    announce: median(results.map((result) => result.announce)),
    withdraw: median(results.map((result) => result.withdraw)),
    peakMiB: median(results.map((result) => result.peakMiB)),
    cpuSeconds: median(results.map((result) => result.cpuSeconds)),
  };
  const perSecond = (seconds: number): string => `${Math.round(prefixes / seconds / 1000)} k/s`;
  process.stdout.write(
    `${name.padEnd(8)} announce ${row.announce.toFixed(3)} s (${perSecond(row.announce)})  withdraw ${row.withdraw.toFixed(3)} s (${perSecond(row.withdraw)})  peak ${row.peakMiB.toFixed(0)} MiB  CPU ${row.cpuSeconds.toFixed(2)} s\n`,
  );
  return row;
}

ip('netns', 'add', names.sender);
ip('netns', 'add', names.router);
try {
  ip('link', 'add', 'eth0', 'netns', names.sender, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names.router);
  for (const [name, address] of [
    [names.sender, SENDER],
    [names.router, ROUTER],
  ] as const) {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  const results = { vrouter: [] as Round[], bird: [] as Round[] };
  for (let turn = 0; turn < rounds; turn++) {
    results.vrouter.push(await round(vrouter));
    results.bird.push(await round(bird));
  }
  process.stdout.write(`${prefixes} /26 prefixes, first byte of UPDATEs to all in the kernel; median of ${rounds}\n`);
  const [ours, theirs] = [report(vrouter.name, results.vrouter), report(bird.name, results.bird)];
  process.stdout.write(
    `ratio vRouter / BIRD: announce ${(ours.announce / theirs.announce).toFixed(2)}, withdraw ${(ours.withdraw / theirs.withdraw).toFixed(2)}\n`,
  );
} finally {
  ip('netns', 'del', names.sender);
  ip('netns', 'del', names.router);
  rmSync(directory, { recursive: true, force: true });
}
