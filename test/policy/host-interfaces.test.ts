import t from 'tap';
import { hostInterfaces } from '../../src/policy/index.ts';

const links = new Map([
  ['eth0', ['192.0.2.1', '2001:db8::1']],
  ['eth1', ['198.51.100.1']],
  ['lo', ['127.0.0.1']],
]);
const at = (interfaceName: string | undefined, ...addresses: string[]) => ({ interfaceName, addresses });

t.test('an interface’s endpoint is the one that has its name, or the first that expects its address', async (t) => {
  const { own, others, problems } = hostInterfaces(
    [
      ['named', at('eth0')],
      ['addressed', at(undefined, '203.0.113.9', '198.51.100.1')],
      ['all', at('*', '192.0.2.1')],
    ],
    links,
  );
  t.same(
    [...own],
    [
      ['eth1', 'addressed'],
      ['eth0', 'named'],
    ],
  );
  t.equal(others, 'all');
  t.same(problems, []);
});

t.test('of two that claim an interface the first by name has it, and the other is told of', async (t) => {
  const { own, others, problems } = hostInterfaces(
    [
      ['b', at('eth0')],
      ['a', at(undefined, '2001:db8::1')],
      ['y', at('*')],
      ['x', at('*')],
    ],
    links,
  );
  t.same([...own], [['eth0', 'a']]);
  t.equal(others, 'x');
  t.same(problems, [
    { endpoint: 'b', reason: 'interface eth0 is host endpoint a’s already, whose name comes first' },
    { endpoint: 'y', reason: 'all interfaces are host endpoint x’s already, whose name comes first' },
  ]);
});

t.test('an address that is on two interfaces is on both', async (t) => {
  const twice = new Map([...links, ['eth2', ['198.51.100.1']]]);
  const { own } = hostInterfaces([['a', at(undefined, '198.51.100.1')]], twice);
  t.same(
    [...own],
    [
      ['eth1', 'a'],
      ['eth2', 'a'],
    ],
  );
});

t.test('an endpoint is told of when nothing is there that it could be of', async (t) => {
  const { own, problems } = hostInterfaces(
    [
      ['a', at('eth7')],
      ['b', at(undefined, '203.0.113.1', '203.0.113.2')],
      ['c', at(undefined)],
    ],
    links,
  );
  t.same([...own], [['eth7', 'a']], 'one that has a name is waited for with the door closed');
  t.same(problems, [
    { endpoint: 'a', reason: 'there is no interface eth7 yet' },
    { endpoint: 'b', reason: 'no interface has 203.0.113.1 or 203.0.113.2' },
    { endpoint: 'c', reason: 'it names neither an interface nor an address, so it is on none' },
  ]);
});
