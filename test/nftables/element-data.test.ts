import t from 'tap';
import { readElement, readValue } from '../../src/nftables/element-data.ts';

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}

/** [type, of intervals, words, first key, key behind it or last key] */
const READ: readonly (readonly [string, boolean, string, string, string?])[] = [
  ['ipv4_addr', false, '10.0.0.1', '0a000001'],
  ['ipv4_addr', false, '10.0.0.1/32', '0a000001'],
  ['ipv4_addr', true, '10.0.0.1', '0a000001', '0a000002'],
  ['ipv4_addr', true, '10.0.0.0/8', '0a000000', '0b000000'],
  ['ipv4_addr', true, '10.0.0.255', '0a0000ff', '0a000100'],
  ['ipv4_addr', true, '0.0.0.0/0', '00000000'],
  ['ipv4_addr', true, '255.255.255.255', 'ffffffff'],
  ['ipv6_addr', false, 'fd00::1', `fd${'0'.repeat(29)}1`],
  ['ipv6_addr', true, 'fd00::/8', `fd${'0'.repeat(30)}`, `fe${'0'.repeat(30)}`],
  ['ifname', false, 'cali1', `63616c6931${'0'.repeat(22)}`],
  ['inet_proto', false, 'sctp', '84'],
  ['inet_service', true, '80-90', '0050', '005b'],
  ['ipv4_addr . inet_proto . inet_service', false, '10.0.0.1 . tcp . 80', '0a0000010600000000500000'],
  ['ipv4_addr . inet_proto . inet_service', false, '10.0.0.1 . 6 . 80', '0a0000010600000000500000'],
  ['ipv4_addr . inet_service', true, '10.0.0.0/8 . 80-90', '0a00000000500000', '0affffff005a0000'],
];

for (const [type, isInterval, words, key, last] of READ) {
  t.test(`${words} in ${isInterval ? 'intervals of ' : ''}${type}`, async (t) => {
    const element = readElement(type, isInterval, words);
    t.equal(hex(element?.key), key);
    t.equal(hex(element?.end ?? element?.keyEnd), last);
  });
}

t.test('what only nft understands is left to it', async (t) => {
  const left: readonly (readonly [string, boolean, string])[] = [
    ['ipv4_addr', false, '10.0.0.0/8'],
    ['ipv4_addr', false, 'fd00::1'],
    ['ipv4_addr', false, 'localhost'],
    ['ipv4_addr', true, '10.0.0.9-10.0.0.1'],
    ['ipv4_addr', true, '10.0.0.1-10.0.0.2-10.0.0.3'],
    ['ipv6_addr', true, '10.0.0.0/8'],
    ['ifname', false, 'cali*'],
    ['ifname', false, 'a-name-of-16-oct'],
    ['ifname', false, ''],
    ['inet_proto', false, '256'],
    ['inet_service', false, 'http'],
    ['inet_service', false, '65536'],
    ['ipv4_addr . inet_service', false, '10.0.0.1'],
    ['ipv4_addr . inet_service', false, '10.0.0.1 . 80 . 80'],
    ['mark', false, '1'],
  ];
  for (const [type, isInterval, words] of left) t.equal(readElement(type, isInterval, words), undefined, words);
});

t.test('values of maps', async (t) => {
  t.same(readValue('verdict', 'goto c'), { verdict: 'goto', chain: 'c' });
  t.same(readValue('verdict', 'jump c'), { verdict: 'jump', chain: 'c' });
  t.same(readValue('verdict', 'drop'), { verdict: 'drop' });
  t.same(readValue('ipv4_addr', '10.0.0.1'), Uint8Array.of(10, 0, 0, 1));
  for (const words of ['', 'goto', 'drop c', 'goto c d', 'queue']) {
    t.equal(readValue('verdict', words), undefined, words);
  }
});
