import t from 'tap';
import { formatExtendedCommunity, parseCommunity } from '../../../src/bgp/policy/index.ts';

t.test('communities are read', (t) => {
  t.same(parseCommunity('65000:100'), { kind: 'standard', value: 65000 * 65536 + 100 });
  t.same(parseCommunity('65000:1:4294967295'), { kind: 'large', text: '65000:1:4294967295' });
  t.same(parseCommunity('NO_EXPORT'), { kind: 'standard', value: 0xffffff01 });
  t.end();
});

t.test('what is no community is refused by name', (t) => {
  for (const text of [
    '',
    '1',
    '70000:1',
    '1:70000',
    '1:2:4294967296',
    '1:2:3:4',
    'no-such',
    '-1:2',
    '1:x',
    'rt:1',
    'rt:10.0.0.1:65536',
    'rt:70000:65536',
    'rt:4294967296:1',
    'rt:1:4294967296',
    'ro:1:2',
    '0x12',
  ]) {
    t.throws(() => parseCommunity(text, 'peers[0].community'), { code: 'PARSE', field: 'peers[0].community' }, text);
  }
  t.end();
});

t.test('extended communities are read and written', (t) => {
  const pairs: readonly (readonly [string, bigint])[] = [
    ['rt:64512:100', 0x0002_fc00_0000_0064n],
    ['soo:64512:4294967295', 0x0003_fc00_ffff_ffffn],
    ['rt:10.0.0.1:7', 0x0102_0a00_0001_0007n],
    ['rt:4200000001:65535', 0x0202_fa56_ea01_ffffn],
    ['0x4300000000000001', 0x4300_0000_0000_0001n],
  ];
  for (const [text, value] of pairs) {
    t.same(parseCommunity(text), { kind: 'extended', value }, text);
    t.equal(formatExtendedCommunity(value), text);
  }
  t.end();
});
