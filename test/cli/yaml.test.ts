import fc from 'fast-check';
import t from 'tap';
import { parse } from 'yaml';
import { parseObjects } from '../../src/cli/manifest/documents.ts';
import { toYaml } from '../../src/cli/printers/yaml.ts';

const CASES: readonly (readonly [value: unknown, text: string])[] = [
  [{ b: 1, a: true }, 'a: true\nb: 1\n'],
  [{ a: [] }, 'a: []\n'],
  [{ a: {} }, 'a: {}\n'],
  [{ a: null }, 'a: null\n'],
  [{ a: undefined, b: 'x' }, 'b: x\n'],
  [{ a: [{ b: [1, 2], c: { d: 'x' } }] }, 'a:\n- b:\n  - 1\n  - 2\n  c:\n    d: x\n'],
  [{ a: [[1], [[2]]] }, 'a:\n- - 1\n- - - 2\n'],
  ['1799', '"1799"\n'],
  ['1.5', '"1.5"\n'],
  ['1e3', '"1e3"\n'],
  ['0x1f', '"0x1f"\n'],
  ['12:30:45', '"12:30:45"\n'],
  ['true', '"true"\n'],
  ['yes', '"yes"\n'],
  ['null', '"null"\n'],
  ['', '""\n'],
  ['2019-04-28T08:53:12Z', '2019-04-28T08:53:12Z\n'],
  ['10.0.0.0/8', '10.0.0.0/8\n'],
  ['fd00::/64', 'fd00::/64\n'],
  ['::1/128', '::1/128\n'],
  ['all()', 'all()\n'],
  ["app == 'web' && has(env)", "app == 'web' && has(env)\n"],
  ['!has(env)', "'!has(env)'\n"],
  ['*', "'*'\n"],
  ['a: b', "'a: b'\n"],
  ["it's: so", "'it''s: so'\n"],
  ['a #b', "'a #b'\n"],
  [' a', "' a'\n"],
  ['- a', "'- a'\n"],
  ['-a', '-a\n'],
  ['\u0007', '"\\u0007"\n'],
  [{ a: 'one\ntwo' }, 'a: |-\n  one\n  two\n'],
  [{ a: 'one\n\ntwo\n' }, 'a: |\n  one\n\n  two\n'],
  [10n ** 18n + 3n, '1000000000000000003\n'],
];

t.test('each form of text', async (t) => {
  for (const [value, text] of CASES) t.equal(toYaml(value), text, JSON.stringify(text));
});

t.test('whatever is printed is read back as the same, by YAML 1.2 and by our own reader', async (t) => {
  const anything = fc.jsonValue({ maxDepth: 4 });
  const values = fc.property(anything, (value) => {
    const plain: unknown = JSON.parse(JSON.stringify(value));
    return same(parse(toYaml(plain)), plain);
  });
  t.doesNotThrow(() => fc.assert(values, { seed: 42, numRuns: 1000 }));
  const texts = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.integer(), fc.boolean());
  const objects = fc.property(fc.dictionary(fc.string(), texts), (fields) => {
    const object = { ...fields, kind: 'x' };
    return same(parseObjects(toYaml(object)), [object]);
  });
  t.doesNotThrow(() => fc.assert(objects, { seed: 43, numRuns: 1000 }));
});

/** -0 and 0 are one number in JSON. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}
