import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import t from 'tap';
import {
  address,
  addressBytes,
  addressFromBytes,
  addressPlus,
  compareAddress,
  equalAddress,
  formatAddress,
  formatIpv4,
  ipv4Mask,
  ParseError,
  parseAddress,
  parseIpv4,
  tryParseAddress,
  tryParseIpv4,
  tryParseIpv6,
} from '../../src/base/index.ts';

const ipv4 = fc.integer({ min: 0, max: 0xffffffff });
/** Groups are often zero, so that `::` has something to do. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n));

t.test('IPv4 text and number are each other’s inverse, and agree with ipaddr.js', async (t) => {
  fc.assert(
    fc.property(ipv4, (value) => {
      const text = formatIpv4(value);
      return tryParseIpv4(text) === value && ipaddr.IPv4.parse(text).toString() === text;
    }),
  );
  t.pass();
});

t.test('IPv6 text is canonical (RFC 5952), reads back, and agrees with ipaddr.js', async (t) => {
  fc.assert(
    fc.property(ipv6, (value) => {
      const at = address(6, value);
      const text = formatAddress(at);
      const theirs = ipaddr.IPv6.parse(text);
      t.ok(equalAddress(parseAddress(text), at), text);
      if (!text.includes('.')) t.equal(theirs.toRFC5952String(), text);
      t.same([...addressBytes(at)], theirs.toByteArray());
    }),
    { numRuns: 300 },
  );
});

t.test('any text is read as ipaddr.js reads it, or refused by both', async (t) => {
  const soup = fc.string({
    unit: fc.constantFrom('0', '1', '2', '5', 'a', 'F', ':', '::', '.', 'ffff'),
    maxLength: 20,
  });
  fc.assert(
    fc.property(soup, (text) => {
      const ours = tryParseIpv6(text);
      // Its relaxed forms (zones, IPv4 at places other than the end) are not ours.
      if (ours === undefined) return true;
      const bytes = ipaddr.IPv6.parse(text).toByteArray();
      return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) === ours;
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

t.test('texts that are no address', async (t) => {
  const wrong = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.04',
    '1..2.3',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.-4',
  ];
  wrong.push(
    ':',
    ':::',
    '1:2',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    'g::',
    '12345::',
    '1:2:3:4:5:6:7::8',
    'fe80::1%eth0',
    '1.2.3.4::',
  );
  for (const text of wrong) t.equal(tryParseAddress(text), undefined, JSON.stringify(text));
});

t.test('texts with one canonical form', async (t) => {
  const table = {
    '::': '::',
    '::1': '::1',
    '1::': '1::',
    'FD00:0:0:1:0:0:0:1': 'fd00:0:0:1::1',
    '1:0:0:2:3:0:0:4': '1::2:3:0:0:4',
    '1:0:2:0:3:0:4:0': '1:0:2:0:3:0:4:0',
    '::ffff:10.0.0.1': '::ffff:10.0.0.1',
    '::ffff:a00:1': '::ffff:10.0.0.1',
    '1:2:3:4:5:6:7.8.9.10': '1:2:3:4:5:6:708:90a',
  };
  for (const [text, canonical] of Object.entries(table)) t.equal(formatAddress(parseAddress(text)), canonical, text);
});

t.test('bytes make the round trip', async (t) => {
  fc.assert(
    fc.property(ipv4, (value) =>
      equalAddress(addressFromBytes(addressBytes(address(4, BigInt(value)))), address(4, BigInt(value))),
    ),
  );
  fc.assert(
    fc.property(ipv6, (value) => equalAddress(addressFromBytes(addressBytes(address(6, value))), address(6, value))),
  );
  t.pass();
});

t.test('order is IPv4 before IPv6, then by number', async (t) => {
  const texts = ['10.0.0.10', '::1', '9.255.255.255', 'fd00::1', '10.0.0.9', '::'];
  const sorted = texts
    .map((text) => parseAddress(text))
    .sort(compareAddress)
    .map(formatAddress);
  t.same(sorted, ['9.255.255.255', '10.0.0.9', '10.0.0.10', '::', '::1', 'fd00::1']);
});

t.test('addressPlus carries over octets', async (t) => {
  t.equal(formatAddress(addressPlus(parseAddress('10.0.0.255'), 1)), '10.0.1.0');
  t.equal(formatAddress(addressPlus(parseAddress('fd00::ffff'), 1n)), 'fd00::1:0');
  t.equal(formatAddress(addressPlus(parseAddress('10.0.1.0'), -1)), '10.0.0.255');
});

t.test('netmasks', async (t) => {
  for (const [length, mask] of [
    [0, '0.0.0.0'],
    [1, '128.0.0.0'],
    [26, '255.255.255.192'],
    [32, '255.255.255.255'],
  ] as const) {
    t.equal(formatIpv4(ipv4Mask(length)), mask);
  }
});

t.test('a wrong text names its field and what stood there', async (t) => {
  t.throws(
    () => parseAddress('10.0.0', 'spec.peerIP'),
    new ParseError('spec.peerIP', '10.0.0', 'expected an IP address such as 10.0.0.1 or fd00::1'),
  );
  t.throws(() => parseIpv4('fd00::1', 'routerId'), { code: 'PARSE', field: 'routerId', value: 'fd00::1' });
});
