import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import t from 'tap';
import {
  address,
  comparePrefix,
  containsAddress,
  containsPrefix,
  equalPrefix,
  formatAddress,
  formatPrefix,
  hostCidr,
  lastAddress,
  networkAddress,
  overlaps,
  parseAddress,
  parsePrefix,
  prefix,
  prefixSize,
  subnet,
  tryParseInterfaceAddress,
  tryParsePrefix,
} from '../../src/base/index.ts';

const ipv4 = fc.integer({ min: 0, max: 0xffffffff }).map((value) => address(4, BigInt(value)));
const ipv6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value) => address(6, value));
const prefix4 = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([at, length]) => prefix(at, length));
const prefix6 = fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([at, length]) => prefix(at, length));

t.test('CIDR text and value are each other’s inverse, and networks agree with ipaddr.js', async (t) => {
  fc.assert(
    fc.property(fc.oneof(prefix4, prefix6), (value) => {
      const text = formatPrefix(value);
      const [theirs] = ipaddr.parseCIDR(text);
      return (
        equalPrefix(parsePrefix(text), value) &&
        theirs.toNormalizedString() === ipaddr.parse(formatAddress(networkAddress(value))).toNormalizedString()
      );
    }),
  );
  t.pass();
});

t.test('membership agrees with ipaddr.js', async (t) => {
  const near = fc.tuple(prefix4, ipv4, fc.boolean()).map(([within, at, inside]) => ({
    within,
    at: inside ? address(4, within.value + (at.value % prefixSize(within))) : at,
  }));
  fc.assert(
    fc.property(near, ({ within, at }) => {
      const theirs = ipaddr.parse(formatAddress(at)).match(ipaddr.parseCIDR(formatPrefix(within)));
      return containsAddress(within, at) === theirs;
    }),
  );
  t.notOk(containsAddress(parsePrefix('0.0.0.0/0'), address(6, 1n)), 'families do not mix');
});

t.test('two prefixes overlap exactly when one holds the other', async (t) => {
  fc.assert(
    fc.property(prefix4, prefix4, (a, b) => {
      const disjoint = lastAddress(a).value < b.value || lastAddress(b).value < a.value;
      return overlaps(a, b) === !disjoint && overlaps(a, b) === (containsPrefix(a, b) || containsPrefix(b, a));
    }),
  );
  t.pass();
});

t.test('subnets tile their prefix', async (t) => {
  const pool = parsePrefix('10.244.0.0/24');
  t.same(
    [0, 1, 2, 3].map((index) => formatPrefix(subnet(pool, 26, index))),
    ['10.244.0.0/26', '10.244.0.64/26', '10.244.0.128/26', '10.244.0.192/26'],
  );
  t.equal(formatPrefix(subnet(parsePrefix('fd00::/48'), 122, 1)), 'fd00::40/122');
  t.equal(formatAddress(lastAddress(pool)), '10.244.0.255');
});

t.test('host bits are cut off a CIDR and kept in an interface address', async (t) => {
  t.equal(formatPrefix(parsePrefix('192.168.1.7/24')), '192.168.1.0/24');
  t.same(tryParseInterfaceAddress('192.168.1.7/24'), { address: parseAddress('192.168.1.7'), length: 24 });
  t.equal(tryParseInterfaceAddress('fd00::1')?.length, 128);
});

t.test('texts that are no CIDR', async (t) => {
  for (const text of [
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    'fd00::/129',
    '/8',
    'x/8',
  ]) {
    t.equal(tryParsePrefix(text), undefined, JSON.stringify(text));
  }
  t.throws(() => parsePrefix('10.0.0.0', 'spec.cidr'), { code: 'PARSE', field: 'spec.cidr' });
});

t.test('order is that of a routing table listing', async (t) => {
  const texts = ['fd00::/8', '10.0.0.0/16', '10.0.0.0/8', '9.0.0.0/8', '::/0'];
  t.same(
    texts
      .map((text) => parsePrefix(text))
      .sort(comparePrefix)
      .map(formatPrefix),
    ['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/16', '::/0', 'fd00::/8'],
  );
});

t.test('an address alone is a CIDR too', async (t) => {
  t.equal(hostCidr('10.0.0.1'), '10.0.0.1/32');
  t.equal(hostCidr('fd00::1'), 'fd00::1/128');
});
