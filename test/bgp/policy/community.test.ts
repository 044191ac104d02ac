import t from 'tap';
import { formatCommunity, parseCommunity } from '../../../src/bgp/policy/index.ts';

t.test('communities are read and written', (t) => {
  t.same(parseCommunity('65000:100'), { kind: 'standard', value: 65000 * 65536 + 100 });
  t.same(parseCommunity('65000:1:4294967295'), { kind: 'large', text: '65000:1:4294967295' });
  t.same(parseCommunity('NO_EXPORT'), { kind: 'standard', value: 0xffffff01 });
  t.equal(formatCommunity(65000 * 65536 + 100), '65000:100');
  t.equal(formatCommunity(0xffffff02), 'no-advertise');
  t.end();
});

t.test('what is no community is refused by name', (t) => {
  for (const text of ['', '1', '70000:1', '1:70000', '1:2:4294967296', '1:2:3:4', 'no-such', '-1:2', '1:x']) {
    t.throws(() => parseCommunity(text, 'peers[0].community'), { code: 'PARSE', field: 'peers[0].community' }, text);
  }
  t.end();
});
