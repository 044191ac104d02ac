import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Daemon, PROGRAMS, WITH_KERNEL } from './daemons.ts';
import { type PeerCase, peerCases } from './peer-cases.ts';
import { ip, median, pause, Talker } from './process.ts';
import { DAEMON, type Outcome } from './swarm.ts';

/**
 * The speaker beside BIRD, FRR, GoBGP and OpenBGPD, in one run: the same peers, which are none of them, in one
 * namespace, each daemon in turn in another, and no kernel routes. A figure is the median of as many rounds as begin
 * in `--seconds`, three at most.
 *
 *     node bench/bgp-peers.ts [--case hop|withdrawn|fan|mesh|dial|hold|change|memory]… [--daemon NAME]…
 *          [--rounds 3] [--seconds 8] [--scale 0.01]
 *
 * With `--kernel` it is whole routers, vRouter's daemon and BIRD, whose routes go to the kernel as well.
 */
const { values: options } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    daemon: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    scale: { type: 'string', default: '1' },
    kernel: { type: 'boolean', default: false },
  },
});

type Program = (typeof PROGRAMS)[number];

/** Of the measured part alone; the peak is from the daemon's start. */
interface Round extends Outcome {
  readonly peakMiB: number;
  readonly grownMiB: number;
  readonly cpuSeconds: number;
}

const cases = Object.entries(peerCases(Number(options.scale))).filter(([name]) => options.case?.includes(name) ?? true);
const programs = (options.kernel ? WITH_KERNEL : PROGRAMS).filter(({ name }) => options.daemon?.includes(name) ?? true);
const directory = mkdtempSync(join(tmpdir(), 'vrb-'));
// Daemons that give up root must get to their own directories.
chmodSync(directory, 0o755);
const names = { daemon: `vrb-${process.pid}-d`, peers: `vrb-${process.pid}-p` };
/** Milliseconds for a daemon that listens to have done the rest. */
const STARTED = 300;

/** The daemon of the present round. */
let present: Daemon | undefined;

async function round(program: Program, name: string, peerCase: PeerCase): Promise<Round> {
  const daemon = new Daemon(program, peerCase, names.daemon, join(directory, program.name));
  present = daemon;
  while (!daemon.isListening) {
    if (!daemon.isRunning) throw new Error(`${program.name} does not run: ${daemon.log}`);
    await pause(50);
  }
  await pause(STARTED);
  let before = daemon.usage();
  const swarm = new Talker(names.peers, [process.execPath, 'bench/peer-swarm.ts', name, options.scale]);
  try {
    let line = await swarm.next();
    if (line === 'began') {
      before = daemon.usage();
      if (peerCase.measures === 'flaps') void daemon.listAgainAndAgain();
      line = await swarm.next();
    }
    if (!daemon.isRunning) throw new Error(`${program.name} has ended: ${daemon.log}`);
    const outcome: Outcome = JSON.parse(line);
    if (peerCase.measures === 'memory') await atRest(daemon);
    const { peakMiB, cpuSeconds } = daemon.usage();
    return { ...outcome, peakMiB, grownMiB: peakMiB - before.peakMiB, cpuSeconds: cpuSeconds - before.cpuSeconds };
  } finally {
    await Promise.all([swarm.end(), daemon.end()]);
    // A router that ends well leaves its routes behind.
    if (options.kernel)
      for (const protocol of ['80', 'bird']) ip('-n', names.daemon, 'route', 'flush', 'proto', protocol);
  }
}

/** Waits until it has used no processor for half a second, for a minute at most. */
async function atRest(daemon: Daemon): Promise<void> {
  let [last, quiet] = [-1, 0];
  for (let tries = 0; quiet < 5 && tries < 600; tries++) {
    const { cpuSeconds } = daemon.usage();
    quiet = cpuSeconds - last < 0.02 ? quiet + 1 : 0;
    last = cpuSeconds;
    await pause(100);
  }
}

/** A daemon that was too slow once is not asked again. */
async function rounds(program: Program, name: string, peerCase: PeerCase): Promise<Round[]> {
  const results: Round[] = [];
  const end = performance.now() + Number(options.seconds) * 1000;
  do {
    results.push(await round(program, name, peerCase));
  } while (
    results.length < Number(options.rounds) &&
    performance.now() < end &&
    results.at(-1)!.milliseconds !== undefined
  );
  return results;
}

/** What one daemon did in one case: the number to compare, if there is one, and its text. */
interface Cell {
  readonly value?: number;
  readonly text: string;
}

function cell({ limit, measures, paths = 1 }: PeerCase, results: readonly Round[]): Cell {
  const { detail, drops, milliseconds } = results.at(-1)!;
  const extra = detail === undefined ? '' : `, ${detail}`;
  const lost = drops === 0 || measures === 'flaps' ? '' : `, dropped ${drops}`;
  if (milliseconds === undefined) return { text: `> ${limit} s${extra}${lost}` };
  if (measures === 'flaps') return { text: detail ?? '' };
  if (measures === 'memory') {
    const octets = (median(results.map(({ grownMiB }) => grownMiB)) * 2 ** 20) / paths;
    return { value: octets, text: `${octets.toFixed(0)} octets` };
  }
  const value = median(results.map((result) => result.milliseconds!));
  const text = value < 10 ? value.toFixed(1) : value.toFixed(0);
  return { value, text: `${text} ms${extra}${lost}` };
}

function print(title: string, results: ReadonlyMap<string, readonly Round[]>, peerCase: PeerCase): void {
  process.stdout.write(`${title}\n`);
  const cells = new Map([...results].map(([name, ofDaemon]) => [name, cell(peerCase, ofDaemon)]));
  const theirs = cells.get('BIRD')?.value;
  for (const [name, { value, text }] of cells) {
    const ofDaemon = results.get(name)!;
    const ratio = value === undefined || theirs === undefined ? '' : `${(value / theirs).toFixed(2)} × BIRD`;
    const cpu = median(ofDaemon.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2);
    const peak = median(ofDaemon.map(({ peakMiB }) => peakMiB)).toFixed(0);
    process.stdout.write(
      `  ${name.padEnd(10)}${ratio.padStart(13)}  CPU ${cpu.padStart(6)} s  peak ${peak.padStart(5)} MiB  ×${ofDaemon.length}  ${text}\n`,
    );
  }
}

function cleanUp(): void {
  if (present?.isRunning) present.kill();
  ip('netns', 'del', names.peers);
  ip('netns', 'del', names.daemon);
  rmSync(directory, { recursive: true, force: true });
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    cleanUp();
    process.exit(1);
  });
}
ip('netns', 'add', names.peers);
ip('netns', 'add', names.daemon);
try {
  ip('link', 'add', 'eth0', 'netns', names.peers, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names.daemon);
  for (const name of [names.peers, names.daemon]) {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  ip('-n', names.daemon, 'addr', 'add', `${DAEMON}/16`, 'dev', 'eth0');
  // All addresses of the subnet but the daemon's are the peers'.
  ip('-n', names.peers, 'addr', 'add', '172.20.255.2/16', 'dev', 'eth0');
  for (const part of ['172.20.0.0/17', '172.20.128.0/18']) {
    ip('-n', names.peers, 'route', 'add', 'local', part, 'dev', 'eth0');
  }
  for (const [name, peerCase] of cases) {
    const results = new Map<string, readonly Round[]>();
    for (const program of programs) {
      process.stderr.write(`  ${name}: ${program.name}\n`);
      results.set(program.name, await rounds(program, name, peerCase));
    }
    print(peerCase.title, results, peerCase);
  }
} finally {
  cleanUp();
}
