import fc from 'fast-check';
import t from 'tap';
import { same } from '../../src/base/same.ts';

t.test('values that say the same', async (t) => {
  t.ok(same({ a: [1, { b: null }] }, { a: [1, { b: null }] }));
  t.ok(same({ a: 1, b: 2 }, { b: 2, a: 1 }), 'in any order of keys');
  t.ok(same({ a: undefined }, {}), 'absent in two ways');
  t.ok(same(Number.NaN, Number.NaN));
});

t.test('values that don’t', async (t) => {
  for (const [a, b] of [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, {}],
    [{}, { a: 1 }],
    [[1], [1, 2]],
    [[], {}],
    [null, {}],
    ['1', 1],
    [{ a: null }, {}],
  ]) {
    t.notOk(same(a, b));
    t.notOk(same(b, a));
  }
});

t.test('of two JSON values it says what their texts say', async (t) => {
  const sorted = (value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, inner]) => [key, sorted(inner)]),
        )
      : Array.isArray(value)
        ? value.map(sorted)
        : Object.is(value, -0)
          ? 0
          : value;
  const value = fc.jsonValue({ maxDepth: 2 }).map(sorted);
  fc.assert(fc.property(value, value, (a, b) => same(a, b) === (JSON.stringify(a) === JSON.stringify(b))));
  t.pass();
});
