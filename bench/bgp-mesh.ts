import { MemoryNetwork, Speaker } from 'bgp-speaker-ts';
import { VirtualClock } from '../src/base/index.ts';

/**
 * A hundred speakers in full mesh inside one process, joined in memory under a virtual clock: 9,900 peers that all dial
 * at once, 4,950 collisions to resolve, and 200 routes that each node must learn from the others. Time is from the
 * first dial until the last route is known everywhere. Every run must go exactly as the one before.
 *
 *     node bench/bgp-mesh.ts [NODES] [RUNS]
 */
const NODES = Number(process.argv[2] ?? 100);
const RUNS = Number(process.argv[3] ?? 7);
const ASN = 64512;

interface Run {
  readonly real: number;
  readonly cpu: number;
  /** Milliseconds of the virtual clock. */
  readonly virtual: number;
  /** What happened in which order, as a number. */
  readonly course: number;
}

class Course {
  hash = 0;
  changes = 0;

  note(values: ArrayLike<number>, count: number): void {
    for (let at = 0; at < count; at++) this.hash = (Math.imul(this.hash, 31) + values[at]) | 0;
  }
}

async function run(): Promise<Run> {
  const clock = new VirtualClock();
  const links = new MemoryNetwork({ clock });
  const course = new Course();
  const addresses = Array.from({ length: NODES }, (_, node) => `10.0.${node >> 8}.${(node & 255) + 1}`);
  const speakers = addresses.map((own, node) => {
    const listen = [{ address: own, port: 179 }];
    const speaker = new Speaker({ asn: ASN, routerId: own, listen, clock }, links.host(own));
    speaker.onBest(({ addresses: prefixes, nextHops, count }) => {
      course.note([node, clock.now()], 2);
      course.note(prefixes, count);
      course.note(nextHops, count);
      course.changes += count;
    });
    speaker.configure(addresses.filter((one) => one !== own).map((address) => ({ address, remoteAs: ASN })));
    speaker.originate([{ prefix: `192.168.${node}.0/26` }, { prefix: `192.168.${node}.64/26` }]);
    return speaker;
  });
  const began = performance.now();
  const cpuBefore = process.cpuUsage();
  for (const speaker of speakers) await speaker.start();
  const wanted = 2 * NODES * (NODES - 1);
  while (course.changes < wanted && clock.now() < 60_000) clock.advance(1);
  const real = performance.now() - began;
  const { user, system } = process.cpuUsage(cpuBefore);
  const down = speakers.flatMap((speaker) => speaker.peers().filter(({ state }) => state !== 'Established'));
  if (course.changes !== wanted || down.length > 0) {
    throw new Error(`no convergence: ${course.changes} of ${wanted} routes, ${down.length} peers down`);
  }
  return { real, cpu: (user + system) / 1000, virtual: clock.now(), course: course.hash };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

const runs: Run[] = [];
for (let at = 0; at < RUNS; at++) runs.push(await run());
const [first] = runs;
const same = runs.every(({ course, virtual }) => course === first.course && virtual === first.virtual);
if (!same) throw new Error('two runs went differently');

const line = (name: string, { real, cpu }: { readonly real: number; readonly cpu: number }): void => {
  console.log(`${name.padEnd(34)}${real.toFixed(0).padStart(8)} ms${cpu.toFixed(0).padStart(8)} ms`);
};
console.log(`${'from dials to convergence'.padEnd(34)}${'real'.padStart(11)}${'CPU'.padStart(11)}`);
line(`${NODES} nodes, first run (nothing compiled)`, first);
line(`${NODES} nodes, median of ${RUNS} runs`, {
  real: median(runs.map(({ real }) => real)),
  cpu: median(runs.map(({ cpu }) => cpu)),
});
console.log(`${NODES * (NODES - 1)} sessions, ${first.virtual} ms of virtual time, all runs alike`);
