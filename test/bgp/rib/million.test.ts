import t from 'tap';
import { AttributePool, NextHopSets, NextHopTable, Tags } from '../../../src/bgp/rib/index.ts';
import { leftByMillion } from '../../fakes/heap.ts';

/** What is kept for each would be twenty times as much. */
const FLAT = 1_000_000;

function octets(step: number, ...front: readonly number[]): Uint8Array {
  return Uint8Array.from([...front, (step >>> 16) & 255, (step >>> 8) & 255, step & 255]);
}

t.test('a million next hops', async (t) => {
  const nextHops = new NextHopTable();
  const left = leftByMillion((step) => {
    nextHops.release(nextHops.intern4(0x0a000000 + step));
    if (step % 8 === 0) nextHops.release(nextHops.intern(octets(step, 0x20, 1, 13, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 1)));
  });
  t.ok(left < FLAT, `${left} octets`);
  t.equal(nextHops.size, 0);
});

t.test('a million next-hop sets: another local preference each time, and with others', async (t) => {
  const nextHops = new NextHopTable();
  const sets = new NextHopSets(nextHops);
  const [first, second] = [nextHops.intern4(1), nextHops.intern4(2)];
  const left = leftByMillion((step) => {
    const set = step % 2 === 0 ? sets.single(first, step) : sets.several([first, second], step);
    sets.retain(set);
    sets.release(set);
    if (step % 50 === 0) sets.collect();
  });
  t.ok(left < FLAT, `${left} octets`);
  sets.collect();
  t.same([sets.size, nextHops.size], [0, 2]);
});

t.test('a million tags', async (t) => {
  const tags = new Tags();
  const left = leftByMillion((step) => {
    tags.retain(`route ${step}`);
    tags.release(`route ${step}`);
  });
  t.ok(left < FLAT, `${left} octets`);
  t.equal(tags.size, 0);
});

t.test('a million sets of attributes', async (t) => {
  const pool = new AttributePool();
  const left = leftByMillion((step) => pool.release(pool.intern(octets(step, 0x40, 5, 4, 0))));
  t.ok(left < FLAT, `${left} octets`);
  t.equal(pool.size, 0);
  t.ok(pool.octets < FLAT);
});
