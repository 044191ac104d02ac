import t from 'tap';
import { containsPrefix, type Prefix, parsePrefix, prefix } from '../../../src/base/index.ts';
import type { ValidatedPayload } from '../../../src/bgp/rpki/pdu.ts';
import { ValidatedPrefixes } from '../../../src/bgp/rpki/validated-prefixes.ts';

function payload(cidr: string, maxLength: number, asn: number): ValidatedPayload {
  return { prefix: parsePrefix(cidr), maxLength, asn };
}

t.test('routes are judged as RFC 6811 §2 says', (t) => {
  const table = new ValidatedPrefixes();
  table.add(payload('10.0.0.0/8', 16, 65001));
  table.add(payload('10.1.0.0/16', 16, 65002));
  table.add(payload('192.0.2.0/24', 24, 0));
  table.add(payload('0.0.0.0/0', 0, 65009));
  table.add(payload('2001:db8::/32', 48, 65001));
  const rows: readonly (readonly [string, number | undefined, string])[] = [
    ['10.0.0.0/8', 65001, 'valid'],
    ['10.1.0.0/16', 65001, 'valid'],
    ['10.1.0.0/16', 65002, 'valid'],
    ['10.1.1.0/24', 65001, 'invalid'],
    ['10.0.0.0/8', 65002, 'invalid'],
    ['10.0.0.0/8', undefined, 'invalid'],
    ['192.0.2.0/24', 0, 'invalid'],
    ['192.0.2.0/24', 65001, 'invalid'],
    ['0.0.0.0/0', 65009, 'valid'],
    ['11.0.0.0/8', 65009, 'invalid'],
    ['2001:db8:1::/48', 65001, 'valid'],
    ['2001:db8:1::/49', 65001, 'invalid'],
    ['2001:db9::/32', 65001, 'not-found'],
    ['::/0', 65001, 'not-found'],
  ];
  for (const [cidr, origin, expected] of rows) {
    t.equal(table.validate(parsePrefix(cidr), origin), expected, `${cidr} of ${origin}`);
  }
  t.same([table.sizeOf(4), table.sizeOf(6), table.size], [4, 1, 5]);
  t.end();
});

t.test('payloads that come and go leave the table as a list of them would be', (t) => {
  let seed = 6811;
  const random = (below: number): number =>
    Math.floor(((seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647) * below);
  const network = (): Prefix =>
    random(2) === 0
      ? prefix({ family: 4, value: BigInt(random(4)) << 28n }, random(7))
      : prefix({ family: 6, value: BigInt(random(4)) << 124n }, random(7));
  const table = new ValidatedPrefixes();
  const list = new Map<string, ValidatedPayload>();
  for (let round = 0; round < 4000; round++) {
    const at = network();
    const one = { prefix: at, maxLength: at.length + random(3), asn: random(3) };
    const key = `${at.family} ${at.value} ${at.length} ${one.maxLength} ${one.asn}`;
    if (random(2) === 0) {
      t.equal(table.add(one), !list.has(key)) || t.bailout('added');
      list.set(key, one);
    } else t.equal(table.delete(one), list.delete(key)) || t.bailout('deleted');
    const route = network();
    const origin = random(3);
    const covering = [...list.values()].filter((other) => containsPrefix(other.prefix, route));
    const valid = covering.some(({ asn, maxLength }) => asn !== 0 && asn === origin && route.length <= maxLength);
    t.equal(table.validate(route, origin), covering.length === 0 ? 'not-found' : valid ? 'valid' : 'invalid');
    t.equal(table.size, list.size);
  }
  t.end();
});
