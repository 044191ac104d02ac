import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end, ip, median, pause, Talker, usageOfFamily } from './process.ts';
import { type Place, ROUTERS, type Router } from './routers.ts';

/**
 * From the first byte of UPDATEs to all their routes being in the kernel, and back for the withdrawal: vRouter, BIRD 2
 * and FRR in turn, several rounds in one run, the same sender, the same kernel.
 *
 *     node bench/update-to-kernel.ts [PREFIXES] [ROUNDS]
 */
const prefixes = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 5);
const sender = `vrb-${process.pid}-s`;
const place: Place = {
  namespace: `vrb-${process.pid}-r`,
  directory: mkdtempSync(join(tmpdir(), 'vrouter-bench-')),
  address: '172.31.250.2',
  neighbour: '172.31.250.1',
  asn: 64512,
};

interface Round {
  readonly announce: number;
  readonly withdraw: number;
  readonly peakMiB: number;
  readonly cpuSeconds: number;
}

async function round(router: Router): Promise<Round> {
  const processes = await router.start(place);
  const fib = new Talker(place.namespace, ['node', 'bench/fib-count.ts']);
  const before = Number(await fib.next());
  const { address, neighbour, asn } = place;
  const peer = new Talker(sender, ['node', 'bench/sender.ts', address, neighbour, String(asn), String(prefixes)]);
  const timed = async (command: string, goal: string): Promise<number> => {
    fib.say(goal);
    peer.say(command);
    const began = Number(await peer.next());
    return (Number(await fib.next()) - began) / 1000;
  };
  try {
    await peer.next();
    await pause(1000);
    const announce = await timed('announce', `${before + prefixes}`);
    await pause(1000);
    const withdraw = await timed('withdraw', `-${before}`);
    const used = processes.map(({ pid = 0 }) => usageOfFamily(pid));
    return {
      announce,
      withdraw,
      peakMiB: used.reduce((sum, { peakMiB }) => sum + peakMiB, 0),
      cpuSeconds: used.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    };
  } finally {
    await peer.end();
    await fib.end();
    for (const child of processes) await end(child);
  }
}

function report(name: string, all: readonly Round[]): void {
  const of = (key: keyof Round): number => median(all.map((round) => round[key]));
  const rate = (seconds: number): string => `${seconds.toFixed(3)} s (${Math.round(prefixes / seconds / 1000)} k/s)`;
  const times = `announce ${rate(of('announce'))}  withdraw ${rate(of('withdraw'))}`;
  process.stdout.write(
    `${name.padEnd(8)} ${times}  peak ${of('peakMiB').toFixed(0)} MiB  CPU ${of('cpuSeconds').toFixed(2)} s\n`,
  );
}

/** The median of each round's ratio, as rounds are more alike within than among each other. */
function ratio(key: keyof Round, ours: readonly Round[], theirs: readonly Round[]): string {
  return median(ours.map((round, at) => round[key] / theirs[at][key])).toFixed(2);
}

ip('netns', 'add', sender);
ip('netns', 'add', place.namespace);
try {
  ip('link', 'add', 'eth0', 'netns', sender, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', place.namespace);
  for (const [name, address] of [
    [sender, place.neighbour],
    [place.namespace, place.address],
  ] as const) {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  const results = new Map<Router, Round[]>(ROUTERS.map((router) => [router, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const [router, all] of results) all.push(await round(router));
  }
  process.stdout.write(`${prefixes} /26 prefixes, first byte of UPDATEs to all in the kernel; median of ${rounds}\n`);
  for (const [{ name }, all] of results) report(name, all);
  const [[, ours], ...others] = results;
  for (const [{ name }, theirs] of others) {
    const both = `announce ${ratio('announce', ours, theirs)}, withdraw ${ratio('withdraw', ours, theirs)}`;
    process.stdout.write(`ratio vRouter / ${name}: ${both}\n`);
  }
} finally {
  ip('netns', 'del', sender);
  ip('netns', 'del', place.namespace);
  rmSync(place.directory, { recursive: true, force: true });
}
