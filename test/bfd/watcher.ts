import { silentLog } from '../../src/base/index.ts';
import { type BfdNeighbour, BfdThread } from '../../src/bfd/index.ts';

/*
 * A node of which only BFD is there, as a process of its own, for a network namespace: `watcher.ts NEIGHBOURS [BUSY]`. It prints each
 * change as a line of JSON, ends on SIGTERM, and with BUSY its main loop is kept for so many milliseconds at a time.
 */
const neighbours = JSON.parse(process.argv[2]) as readonly BfdNeighbour[];
const busy = Number(process.argv[3] ?? 0);

const bfd = new BfdThread(silentLog);
bfd.onChange((account) => process.stdout.write(`${JSON.stringify(account)}\n`));
bfd.configure(neighbours);

const alive = setInterval(() => {}, 60_000);
process.once('SIGTERM', async () => {
  await bfd.stop();
  clearInterval(alive);
  process.exit();
});

function work(): void {
  for (const end = performance.now() + busy; performance.now() < end; ) Math.sqrt(end);
  setImmediate(work);
}
if (busy > 0) work();
