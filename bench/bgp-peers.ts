import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Daemon, PROGRAMS } from './daemons.ts';
import { DAEMON, type Outcome, type PeerCase, pause, peerCases } from './peer-cases.ts';
import { ip, median, Talker } from './process.ts';

/**
 * The speaker beside BIRD, FRR, GoBGP and OpenBGPD, in one run: the same peers, which are none of them, in one
 * namespace, each daemon in turn in another, and no kernel routes.
 *
 *     node bench/bgp-peers.ts [--case NAME]… [--daemon NAME]… [--scale 0.01] [--rounds N]
 */
const { values: options } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    daemon: { type: 'string', multiple: true },
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string' },
  },
});

interface Round extends Outcome {
  readonly peakMiB: number;
  readonly cpuSeconds: number;
}

const cases = Object.entries(peerCases(Number(options.scale))).filter(([name]) => options.case?.includes(name) ?? true);
const programs = PROGRAMS.filter(({ name }) => options.daemon?.includes(name) ?? true);
const directory = mkdtempSync(join(tmpdir(), 'vrb-'));
// Daemons that give up root must get to their own directories.
chmodSync(directory, 0o755);
const names = { daemon: `vrb-${process.pid}-d`, peers: `vrb-${process.pid}-p` };
/** Milliseconds for a daemon that listens to have done the rest. */
const STARTED = 300;

async function round(program: (typeof PROGRAMS)[number], name: string, peerCase: PeerCase): Promise<Round> {
  const daemon = new Daemon(program, peerCase, names.daemon, join(directory, program.name));
  while (!daemon.isListening) {
    if (!daemon.isRunning) throw new Error(`${program.name} does not run: ${daemon.log}`);
    await pause(50);
  }
  await pause(STARTED);
  const before = daemon.usage();
  const swarm = new Talker(names.peers, [process.execPath, 'bench/peer-swarm.ts', name, options.scale]);
  try {
    if (peerCase.listing) void daemon.listAgainAndAgain();
    const outcome: Outcome = JSON.parse(await swarm.next());
    if (!daemon.isRunning) throw new Error(`${program.name} has ended: ${daemon.log}`);
    if (name === 'memory') await atRest(daemon, peerCase.limit);
    const { peakMiB, cpuSeconds } = daemon.usage();
    const grown = name === 'memory' ? peakMiB - before.peakMiB : peakMiB;
    return { ...outcome, peakMiB: grown, cpuSeconds: cpuSeconds - before.cpuSeconds };
  } finally {
    await Promise.all([swarm.end(), daemon.end()]);
  }
}

/** Waits until it has used no processor for half a second. */
async function atRest(daemon: Daemon, limit: number): Promise<void> {
  let [last, quiet] = [-1, 0];
  for (let tries = 0; quiet < 5 && tries < limit * 10; tries++) {
    const { cpuSeconds } = daemon.usage();
    quiet = cpuSeconds - last < 0.02 ? quiet + 1 : 0;
    last = cpuSeconds;
    await pause(100);
  }
}

async function rounds(program: (typeof PROGRAMS)[number], name: string, peerCase: PeerCase): Promise<Round[]> {
  const results: Round[] = [];
  for (let turn = 0; turn < Number(options.rounds ?? peerCase.rounds); turn++) {
    results.push(await round(program, name, peerCase));
    if (results.at(-1)?.milliseconds === undefined) break;
  }
  return results;
}

/** What one daemon did in one case: the number to compare, if there is one, and its text. */
interface Cell {
  readonly value: number | undefined;
  readonly text: string;
  readonly results: readonly Round[];
}

function cell(name: string, { limit, unit, listing, paths }: PeerCase, results: readonly Round[]): Cell {
  const times = results.flatMap(({ milliseconds }) => milliseconds ?? []);
  const drops = Math.max(...results.map((result) => result.drops));
  const lost = drops > 0 ? `, ${drops} dropped` : '';
  if (times.length < results.length) return { value: undefined, text: `> ${limit} s${lost}`, results };
  if (name === 'memory') {
    const octets = (median(results.map(({ peakMiB }) => peakMiB)) * 2 ** 20) / (paths ?? 1);
    return { value: octets, text: `${octets.toFixed(0)} octets each`, results };
  }
  if (listing) return { value: undefined, text: drops === 0 ? 'no flap' : `${drops} flaps`, results };
  const time = median(times);
  const text = unit === 's' ? `${(time / 1000).toFixed(2)} s` : `${time.toFixed(time < 10 ? 2 : 0)} ms`;
  return { value: time, text: `${text}${lost}`, results };
}

function print(title: string, cells: ReadonlyMap<string, Cell>): void {
  process.stdout.write(`${title}\n`);
  const theirs = cells.get('BIRD')?.value;
  for (const [name, { value, text, results }] of cells) {
    const ratio = value === undefined || theirs === undefined ? '' : `${(value / theirs).toFixed(2)} × BIRD`;
    const peak = median(results.map(({ peakMiB }) => peakMiB)).toFixed(0);
    const cpu = median(results.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2);
    process.stdout.write(
      `  ${name.padEnd(9)}${text.padStart(22)}${ratio.padStart(15)}   CPU ${cpu.padStart(6)} s   peak ${peak.padStart(5)} MiB\n`,
    );
  }
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
    const cells = new Map<string, Cell>();
    for (const program of programs) {
      process.stderr.write(`  ${name}: ${program.name}\n`);
      cells.set(program.name, cell(name, peerCase, await rounds(program, name, peerCase)));
    }
    print(peerCase.title, cells);
  }
} finally {
  ip('netns', 'del', names.peers);
  ip('netns', 'del', names.daemon);
  rmSync(directory, { recursive: true, force: true });
}
