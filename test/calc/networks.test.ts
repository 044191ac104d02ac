import fc from 'fast-check';
import t from 'tap';
import { containsPrefix, EntriesWriter, formatPrefix, type Prefix, parsePrefix, prefix } from '../../src/base/index.ts';
import { Networks } from '../../src/calc/networks.ts';

const network = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    bits: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
    near: fc.boolean(),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ family, bits, near, part }): Prefix => {
    const width = family === 4 ? 32 : 128;
    const base = family === 4 ? 0x0a000000n : 0xfd00n << 112n;
    const value = near ? base | (bits & 0xffffn) : bits & ((1n << BigInt(width)) - 1n);
    return prefix({ family, value }, Math.round(part * width));
  });

t.test('after any history the networks inside any range are those that the range contains', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(network, fc.boolean()), { maxLength: 60 }),
      fc.array(network, { minLength: 1, maxLength: 10 }),
      (history, ranges) => {
        const writer = new EntriesWriter<{ readonly prefix: Prefix }>(Object.is);
        const networks = new Networks();
        for (const [one, isThere] of history) {
          writer.set(formatPrefix(one), isThere ? { prefix: one } : undefined);
          networks.run(writer.commit());
        }
        const there = [...writer.commit().keys()];
        return ranges.every((range) => {
          const right = there.filter((cidr) => containsPrefix(range, parsePrefix(cidr))).sort();
          return [...networks.within(range)].sort().join() === right.join();
        });
      },
    ),
    { numRuns: 1000 },
  );
  t.pass();
});
