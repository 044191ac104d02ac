import { Neighbour, withLink } from './neighbour.ts';
import { end, median, pause, resident, usage } from './process.ts';
import { vrouter } from './routers.ts';

/**
 * The resident set of a whole daemon with very many routes, each of them learned by BGP and in the kernel: before they
 * come, its peak from start to the moment when all are there, and when it has had time to give back what it can.
 *
 *     node bench/memory.ts [PREFIXES] [ROUNDS]        as root; works in network namespaces of its own
 */
const prefixes = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 3);
/** Until V8 has collected what the burst has left, and the pages are the system's again. */
const SETTLE = 30_000;

const figures = { before: [] as number[], peak: [] as number[], settled: [] as number[] };
await withLink(async (place, neighbours) => {
  for (let turn = 0; turn < rounds; turn++) {
    const [daemon] = await vrouter.start(place);
    const { pid = 0 } = daemon;
    const neighbour = new Neighbour(place, neighbours, prefixes);
    try {
      await neighbour.up();
      await pause(1000);
      figures.before.push(resident(pid));
      await neighbour.announce();
      figures.peak.push((usage(pid).peakMiB * 1024 * 1024) / 1e6);
      await pause(SETTLE);
      figures.settled.push(resident(pid));
      // The daemon leaves its routes in the kernel: the next round's must find none.
      await neighbour.withdraw();
    } finally {
      await neighbour.end();
      await end(daemon);
    }
  }
});
const [before, peak, settled] = Object.values(figures).map((values) => `${median(values).toFixed(0)} MB`);
process.stdout.write(
  `resident set with ${prefixes} routes: ${before} before they come, ${peak} at most, ${settled} ${SETTLE / 1000} s later; median of ${rounds}\n`,
);
