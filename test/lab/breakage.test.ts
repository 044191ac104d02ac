import t from 'tap';
import { allBreakages, routerOf } from '../../src/lab/breakage.ts';

const place = (name: string) => ({
  name,
  namespace: `vr-x-${name}`,
  address: '172.18.0.11/24',
  subnet: 0,
  socket: '/run/x.sock',
  log: '/run/x.log',
});
const STATE = {
  name: 'x',
  owner: { pid: 1, started: '' },
  nodes: [place('node1'), place('rr1'), place('rr2')],
  hosts: [place('tor1')],
  pods: [],
  reflectors: ['rr1', 'rr2'],
  cables: [['node1:eth1', 'tor1:eth1'] as [string, string], ['rr1:eth1', 'tor1:eth2'] as [string, string]],
};

t.test('every cable, router and reflector is broken once, and no node that has pods', async (t) => {
  t.same(
    allBreakages(STATE).map(({ what }) => what),
    ['cable node1:eth1 tor1:eth1', 'cable rr1:eth1 tor1:eth2', 'router tor1', 'reflector rr1', 'reflector rr2'],
  );
});

t.test('a router goes with all its cables, a reflector without any with its place on the switch', async (t) => {
  t.same(routerOf(STATE, 'tor1').interfaces, ['eth1', 'eth2']);
  t.same(routerOf(STATE, 'rr1').interfaces, ['eth1']);
  t.same(routerOf(STATE, 'rr2').interfaces, ['eth0']);
  t.throws(() => routerOf(STATE, 'node1'), { code: 'NO_NODE', message: /there are: tor1, rr1, rr2/ });
});
