import fc from 'fast-check';
import t from 'tap';
import { PrefixTable, powerOfTwoAtLeast } from '../../src/base/index.ts';

/** Few addresses and lengths, so that operations meet the same prefixes and the same slots again. */
const word = fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0xfffffff0, max: 0xffffffff }));
const operation = fc.record({
  kind: fc.constantFrom('intern', 'intern', 'release', 'find'),
  words: fc.tuple(word, word, word, word),
  length: fc.integer({ min: 0, max: 3 }),
});

for (const family of [4, 6] as const) {
  t.test(`IPv${family}: behaves as a Map from text to number`, async (t) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
        const table = new PrefixTable(family, 1);
        const model = new Map<string, number>();
        const source = new Uint32Array(6);
        for (const { kind, words, length } of operations) {
          source.set(words, 1);
          const key = `${words.slice(0, table.words).join(':')}/${length}`;
          const known = model.get(key);
          if (table.findAt(source, 1, length) !== (known ?? -1)) return false;
          if (kind === 'intern') {
            const index = table.internAt(source, 1, length);
            if (known === undefined ? [...model.values()].includes(index) : index !== known) return false;
            model.set(key, index);
            if (!table.has(index) || table.length(index) !== length) return false;
            for (let at = 0; at < table.words; at++) if (table.address(index, at) !== words[at]) return false;
          } else if (kind === 'release' && known !== undefined) {
            table.release(known);
            model.delete(key);
            if (table.has(known) || table.findAt(source, 1, length) !== -1) return false;
          }
          if (table.size !== model.size || table.limit > table.capacity) return false;
        }
        return [...model].every(([, index]) => table.has(index) && index < table.limit);
      }),
    );
    t.pass();
  });
}

t.test('numbers are dense from 0, and a prefix that comes back has its own again', async (t) => {
  const table = new PrefixTable(4);
  t.same(
    [0, 64, 128].map((offset) => table.intern4(0x0a000000 + offset, 26)),
    [0, 1, 2],
  );
  table.release(1);
  t.equal(table.size, 2);
  t.equal(table.find4(0x0a000040, 26), -1);
  t.notOk(table.has(1));
  t.equal(table.intern4(0x0a000040, 26), 1);
  t.equal(table.size, 3);
});

t.test(
  'numbers of released prefixes are given to others after a sweep, so that churn does not grow the table',
  async (t) => {
    const table = new PrefixTable(4);
    const kept = table.intern4(0xc0a80000, 16);
    for (let round = 0; round < 10; round++) {
      const numbers = Array.from({ length: 5000 }, (_, at) => table.intern4(0x0a000000 + (round * 5000 + at) * 64, 26));
      for (const number of numbers) table.release(number);
    }
    t.equal(table.size, 1);
    t.ok(table.limit <= 10_001, 'two rounds at most are ever in the table');
    t.equal(table.find4(0xc0a80000, 16), kept);
    t.equal(table.text(kept), '192.168.0.0/16');
  },
);

t.test('it grows, and keeps every number', async (t) => {
  const table = new PrefixTable(4, 16);
  for (let at = 0; at < 10_000; at++) table.intern4((0x0a000000 + at * 64) >>> 0, 26);
  let wrong = 0;
  for (let at = 0; at < 10_000; at++) if (table.find4((0x0a000000 + at * 64) >>> 0, 26) !== at) wrong++;
  t.equal(wrong, 0);
  t.ok(table.capacity >= table.limit);
});

t.test('the same address with another length is another prefix', async (t) => {
  const table = new PrefixTable(6);
  const wide = table.intern6(0xfd000000, 0, 0, 0, 8);
  t.not(table.intern6(0xfd000000, 0, 0, 0, 48), wide);
  t.equal(table.text(wide), 'fd00::/8');
});

t.test('words above 2³¹ are one word however they are signed', async (t) => {
  const table = new PrefixTable(6);
  const index = table.intern6(0xfd000000 | 0, 0, 0, -1, 128);
  t.equal(table.find6(0xfd000000, 0, 0, 0xffffffff, 128), index);
  const table4 = new PrefixTable(4);
  t.equal(table4.find4(0xc0a80000, 16), table4.size === 0 ? -1 : 0);
  t.equal(table4.intern4(0xc0a80000, 16), table4.find4(0xc0a80000, 16));
});

t.test('powers of two', async (t) => {
  t.same([0, 1, 2, 3, 1000, 1024, 1025].map(powerOfTwoAtLeast), [1, 1, 2, 4, 1024, 1024, 2048]);
});
