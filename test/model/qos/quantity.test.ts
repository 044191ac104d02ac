import fc from 'fast-check';
import t from 'tap';
import { parseQuantity } from '../../../src/model/qos/quantity.ts';

t.test('quantities as Kubernetes reads them', async (t) => {
  const table: Readonly<Record<string, bigint>> = {
    '0': 0n,
    '1': 1n,
    '+1': 1n,
    '-1': -1n,
    '1k': 1000n,
    '1.01k': 1010n,
    '1.1k': 1100n,
    '10M': 10_000_000n,
    '2G': 2_000_000_000n,
    '1T': 1_000_000_000_000n,
    '1.01P': 1_010_000_000_000_000n,
    '1E': 1_000_000_000_000_000_000n,
    '1Ki': 1024n,
    '1.5Mi': 1_572_864n,
    '4Gi': 4_294_967_296n,
    '1e3': 1000n,
    '1E3': 1000n,
    '12e-1': 2n,
    '500m': 1n,
    '1500u': 1n,
    '1n': 1n,
    '.5': 1n,
    '5.': 5n,
  };
  for (const [text, value] of Object.entries(table)) t.equal(parseQuantity(text), value, text);
});

t.test('what is no quantity is none', async (t) => {
  const table = ['', '.', 'k', '1ki', '1K', '10Q', '1 M', ' 1', '0x10', '1e', '1e999', '1,5', '1'.repeat(41)];
  for (const text of table) t.equal(parseQuantity(text), undefined, text);
});

t.test('any text is read, or not', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[+-]?[0-9.]{0,20}[eEinumkKMGTP]{0,3}[-+]?[0-9]{0,3}$/)),
      (text) => {
        const value = parseQuantity(text);
        return value === undefined || typeof value === 'bigint';
      },
    ),
    { seed: 20240611, numRuns: 3000 },
  );
  t.pass();
});
