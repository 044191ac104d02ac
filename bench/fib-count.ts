import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { hostIn } from './raw-bgp.ts';

/**
 * Tells when the kernel's main table holds as many IPv4 prefixes as asked for. A line `N` on stdin is answered by the
 * wall-clock time at which there were N routes: `>= N` for growing, `<= N` with a leading minus for shrinking.
 *
 * It must not take the processor from whom it measures. The kernel counts its routes by walking all of them, ten
 * milliseconds for 100,000; so it is asked to count only once some of them, spread over all, have come or gone.
 *
 *     node bench/fib-count.ts PREFIXES
 */
const prefixes = Number(process.argv[2]);
const SAMPLES = 50;
const EVERY = 2;

/** The last one first: mostly it is the last to come. */
const samples = Array.from({ length: SAMPLES }, (_, at) =>
  hostIn(prefixes - 1 - Math.floor((at * prefixes) / SAMPLES)),
);

function count(): number {
  const text = readFileSync('/proc/self/net/fib_triestat', 'utf8');
  // The statistics of the tries follow each other, Main first where local and main are apart, once if merged.
  return Math.max(...[...text.matchAll(/Prefixes:\s+(\d+)/g)].map(([, number]) => Number(number)));
}

/** Whether the kernel has a route to an address: it looks for one when a datagram socket is connected, and sends nothing. */
function hasRoute(address: string): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.connect(9, address);
  }).finally(() => socket.close());
}

async function all(present: boolean): Promise<boolean> {
  for (const address of samples) if ((await hasRoute(address)) !== present) return false;
  return true;
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const goal = Math.abs(Number(line));
  const growing = !line.startsWith('-');
  while (!(await all(growing)) || (growing ? count() < goal : count() > goal)) {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
  process.stdout.write(`${performance.timeOrigin + performance.now()}\n`);
});
process.stdout.write('ready\n');
