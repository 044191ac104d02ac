import fc from 'fast-check';
import t from 'tap';
import { formatPrefix, parsePrefix, subnet } from '../../src/base/index.ts';
import { blocksIn, fullness, type SpaceCell, spaceOf } from '../../src/page/browser/space.ts';

/** The picture of a pool: which block is in which piece of it. */

const POOLS = ['10.244.0.0/16', '10.0.0.0/8', '10.1.2.192/26', '10.1.2.3/32', 'fd00:1::/48', 'fd00::1234:0/122'];

t.test('every block of the pool is in one cell, and no other block in any', async (t) => {
  const cases = fc.record({
    pool: fc.constantFrom(...POOLS),
    blocks: fc.array(fc.record({ at: fc.bigInt({ min: 0n, max: 2n ** 40n }), inUse: fc.nat(64) }), { maxLength: 30 }),
  });
  fc.assert(
    fc.property(cases, ({ pool, blocks: wanted }) => {
      const prefix = parsePrefix(pool);
      const length = Math.max(prefix.length, prefix.family === 4 ? 26 : 122);
      const many = 2n ** BigInt(length - prefix.length);
      const inside = wanted.map(({ at, inUse }) => ({
        cidr: formatPrefix(subnet(prefix, length, at % many)),
        ...{ inUse, size: 64, node: 'n1' },
      }));
      const outside = ['192.0.2.0/26', '2001:db8::/122'].map((cidr) => ({ cidr, inUse: 1, size: 64 }));
      const all = [...outside, ...inside];
      const cells = spaceOf(pool, length, all, 'n1');
      const sum = (of: (cell: SpaceCell) => number): number => cells.reduce((total, cell) => total + of(cell), 0);
      t.equal(
        sum(({ blocks }) => blocks),
        inside.length,
      );
      t.equal(
        sum(({ inUse }) => inUse),
        inside.reduce((total, { inUse }) => total + inUse, 0),
      );
      t.ok(cells.length <= 1024 && Number.isInteger(Math.log2(cells.length)));
      t.ok(cells.every(({ blocks, isOwn }) => isOwn === blocks > 0));
      t.same(blocksIn(pool, all), inside);
    }),
    { numRuns: 50 },
  );
});

t.test('where there are few blocks each has a cell, in their order', async (t) => {
  const block = (cidr: string, inUse: number, node?: string) => ({ cidr, inUse, size: 64, ...(node && { node }) });
  const blocks = [block('10.0.0.0/26', 64, 'n1'), block('10.0.0.128/26', 0, 'n2'), block('10.0.0.192/26', 1)];
  const cells = spaceOf('10.0.0.0/24', 26, blocks, 'n2');
  t.same(cells.map(fullness), [4, 0, 1, 2]);
  t.same(
    cells.map(({ isOwn }) => isOwn),
    [false, false, true, false],
  );
  t.equal(fullness({ blocks: 1, inUse: 57, claimed: 64, isOwn: false }), 3);
  t.equal(fullness({ blocks: 1, inUse: 58, claimed: 64, isOwn: false }), 4);
});
