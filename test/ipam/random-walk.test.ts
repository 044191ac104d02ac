import fc from 'fast-check';
import t from 'tap';
import { formatPrefix, parsePrefix } from '../../src/base/index.ts';
import { blockWalk, fnv1, walkStart } from '../../src/ipam/random-walk.ts';

t.test('FNV-1 with 32 bits, by its published values', async (t) => {
  t.equal(fnv1(''), 0x811c9dc5);
  t.equal(fnv1('a'), 0x050c5d7e);
  t.equal(fnv1('foobar'), 0x31f0b262);
});

t.test('a walk visits every block once, round from its start', async (t) => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 6 }), (hostname, bits) => {
      const pool = parsePrefix(`10.0.0.0/${26 - bits}`);
      const blocks = [...blockWalk(pool, 26, hostname, 0)].map(formatPrefix);
      return new Set(blocks).size === 2 ** bits && blocks.length === 2 ** bits;
    }),
    { seed: 20260105 },
  );
  t.pass();
});

t.test('hosts start far from each other, and each where it started before', async (t) => {
  const pool = parsePrefix('10.0.0.0/16');
  const starts = Array.from({ length: 100 }, (_, at) => walkStart(pool, 26, `node${at}`, 0));
  t.ok(new Set(starts).size > 90, `${new Set(starts).size} of 100 starts differ, among 1024 blocks`);
  t.equal(walkStart(pool, 26, 'node7', 12345), starts[7]);
});

t.test('for blocks of one address the time decides, not the host', async (t) => {
  const pool = parsePrefix('10.0.0.0/16');
  t.equal(walkStart(pool, 32, 'node1', 1), walkStart(pool, 32, 'node2', 1));
  t.not(walkStart(pool, 32, 'node1', 1), walkStart(pool, 32, 'node1', 2));
});

t.test('a pool of more blocks than anybody can count starts at once', async (t) => {
  const [first] = blockWalk(parsePrefix('fd00::/32'), 122, 'node1', 0);
  t.match(formatPrefix(first), /^fd00:.*\/122$/);
});
