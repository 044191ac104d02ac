import { Neighbour, withLink } from './neighbour.ts';
import { end, median, pause, usageOfFamily } from './process.ts';
import { type Place, ROUTERS, type Router } from './routers.ts';

/**
 * From the first byte of UPDATEs to all their routes being in the kernel, and back for the withdrawal: vRouter, BIRD 2
 * and FRR in turn, several rounds in one run, the same sender, the same kernel.
 *
 *     node bench/update-to-kernel.ts [PREFIXES] [ROUNDS]
 */
const prefixes = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 5);

interface Round {
  readonly announce: number;
  readonly withdraw: number;
  readonly peakMiB: number;
  readonly cpuSeconds: number;
}

async function round(router: Router, place: Place, neighbours: string): Promise<Round> {
  const processes = await router.start(place);
  const neighbour = new Neighbour(place, neighbours, prefixes);
  try {
    await neighbour.up();
    await pause(1000);
    const announce = await neighbour.announce();
    await pause(1000);
    const withdraw = await neighbour.withdraw();
    const used = processes.map(({ pid = 0 }) => usageOfFamily(pid));
    return {
      announce,
      withdraw,
      peakMiB: used.reduce((sum, { peakMiB }) => sum + peakMiB, 0),
      cpuSeconds: used.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    };
  } finally {
    await neighbour.end();
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

await withLink(async (place, neighbours) => {
  const results = new Map<Router, Round[]>(ROUTERS.map((router) => [router, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const [router, all] of results) all.push(await round(router, place, neighbours));
  }
  process.stdout.write(`${prefixes} /26 prefixes, first byte of UPDATEs to all in the kernel; median of ${rounds}\n`);
  for (const [{ name }, all] of results) report(name, all);
  const [[, ours], ...others] = results;
  for (const [{ name }, theirs] of others) {
    const both = `announce ${ratio('announce', ours, theirs)}, withdraw ${ratio('withdraw', ours, theirs)}`;
    process.stdout.write(`ratio vRouter / ${name}: ${both}\n`);
  }
});
