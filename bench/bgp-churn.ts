/**
 * What is left behind when a peer, or the program around the speaker, changes one field again and again, each time to a
 * value that was never there before: octets of heap for each step, in four rounds, and how many entries there are. All
 * rounds but the first should say about 0.
 *
 *     node bench/bgp-churn.ts [--steps 1000000] [--field 'IPv4 next hop']…
 */
import { parseArgs } from 'node:util';
import { CHURNS, Churn } from '../test/bgp/rib/churn.ts';
import { heapInUse } from '../test/fakes/heap.ts';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '1000000' }, field: { type: 'string', multiple: true } },
});
const ROUNDS = 4;
const steps = Math.ceil(Number(values.steps) / ROUNDS);

for (const what of CHURNS.filter((name) => values.field?.includes(name) ?? true)) {
  const churn = new Churn(what);
  const left: string[] = [];
  let heap = heapInUse();
  for (let round = 0; round < ROUNDS; round++) {
    churn.run(steps);
    const now = heapInUse();
    left.push(((now - heap) / steps).toFixed(2).padStart(8));
    heap = now;
  }
  const live = Object.values(churn.live).reduce((sum, count) => sum + count, 0);
  console.log(
    `${what.padEnd(28)} ${left.join(' ')} octets a step, ${live} entries, ${(heap / 2 ** 20).toFixed(0)} MiB`,
  );
}
