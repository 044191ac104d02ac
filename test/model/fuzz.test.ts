import fc from 'fast-check';
import t from 'tap';
import { definitionOf, kindNames, UnknownKind, ValidationError, validate } from '../../src/model/index.ts';

/** Values that look like what fields hold, right and wrong. */
const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 26, 1e300, 2n ** 63n, '', 'all()', 'a == ', 'Never', 'TCP', 'Allow'),
  fc.constantFrom(
    '10.0.0.0/16',
    'fd00::/64',
    '10.0.0.1',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/',
    '/',
    '1.10',
    '65000:1',
    '90s',
  ),
  fc.string({ maxLength: 5 }),
);
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom('cidr', 'nets', 'ports', 'selector', 'action', 'source', 'value', 'x', '__proto__'),
      tie('any'),
      {
        maxKeys: 4,
      },
    ),
  ),
})).any;

t.test('whatever stands in a spec, it is valid or a ValidationError', async (test) => {
  for (const kind of kindNames) {
    const { spec } = definitionOf(kind);
    const fields = Object.keys((spec as unknown as { shape: object }).shape);
    const anySpec = fc.oneof(value, fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 6 }));
    fc.assert(
      fc.property(anySpec, (given) => isJudged({ kind, metadata: { name: 'default', namespace: 'n' }, spec: given })),
      { seed: 25, numRuns: 300 },
    );
  }
  test.pass('for every kind');
});

t.test('whatever is no resource is refused in words', async (test) => {
  fc.assert(fc.property(fc.anything(), isJudged), { seed: 26, numRuns: 1000 });
  const metadata = fc.dictionary(fc.constantFrom('name', 'namespace', 'labels', 'annotations', 'uid'), value);
  fc.assert(
    fc.property(fc.constantFrom(...kindNames), metadata, (kind, given) =>
      isJudged({ kind, metadata: given, spec: {} }),
    ),
    { seed: 27, numRuns: 1000 },
  );
  test.pass('for two thousand values');
});

function isJudged(raw: unknown): boolean {
  try {
    return validate(raw).kind !== undefined;
  } catch (error) {
    if (error instanceof ValidationError || error instanceof UnknownKind) return error.message.length > 0;
    throw error;
  }
}
