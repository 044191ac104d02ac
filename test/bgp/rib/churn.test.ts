import t from 'tap';
import { heapInUse } from '../../fakes/heap.ts';
import { CHURNS, Churn } from './churn.ts';

/** Steps after which everything is as large as it gets: prefixes are swept out by the thousand. */
const warm = (what: string): number => (/prefix|malformed|refused|refreshes/.test(what) ? 5000 : 300);
/** `bench/bgp-churn.ts` goes on for a million. */
const STEPS = 1200;
/** What a step may leave behind, in octets, mostly of compiled code: less than anything that is kept for it would take. */
const NOISE = 40;
/** What leaks does so in each round, what is compiled is compiled once. */
const ROUNDS = 4;

for (const what of CHURNS) {
  t.test(`${what}: each step with a new value, and nothing is left of the old ones`, async (t) => {
    const churn = new Churn(what);
    churn.run(warm(what));
    const live = churn.live;
    const octets = churn.octets;
    let left = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS && left > NOISE; round++) {
      const heap = heapInUse();
      churn.run(STEPS);
      left = (heapInUse() - heap) / STEPS;
    }
    t.ok(left <= NOISE, `${left.toFixed(1)} octets a step`);
    // Some values come again, and happen to be equal to another route's.
    for (const [thing, count] of Object.entries(churn.live)) t.ok(count <= live[thing]! + 2, `${thing}: ${count}`);
    for (const [thing, count] of Object.entries(live)) t.ok(count <= 64, `${thing}: ${count}`);
    t.ok(churn.octets <= 2 * Math.max(octets, 512 * 1024), `${churn.octets} octets of attributes`);
  });
}
