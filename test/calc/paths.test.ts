import t from 'tap';
import { desiredPaths } from '../../src/calc/paths.ts';
import { type Node, newResource } from '../../src/model/index.ts';

const node = (name: string, spec: Node['spec'], status?: Node['status']): Node => ({
  ...newResource('Node', { name }, spec),
  ...(status && { status }),
});
const plain = (at: number): Node => node(`n${at}`, { bgp: { ipv4Address: `192.0.2.${at}/24` } });

t.test('a node probes the other by its address, and by what both have in the pods’ network', async (t) => {
  const both = node('a', {
    bgp: { ipv4Address: '192.0.2.1/24', ipv6Address: 'FD00::1/64', ipv4IPIPTunnelAddr: '10.244.0.1' },
    ipv4VXLANTunnelAddr: '10.244.0.2',
    ipv6VXLANTunnelAddr: 'fd80:0::1',
  });
  const other = node('b', {
    bgp: { ipv4Address: '192.0.2.9/24', ipv4IPIPTunnelAddr: '10.244.9.1' },
    ipv6VXLANTunnelAddr: 'fd80::9',
  });
  t.same(desiredPaths('a', [both, other]), {
    own: ['192.0.2.1', '10.244.0.2', '10.244.0.1', 'fd00::1', 'fd80::1'],
    known: ['192.0.2.1', '10.244.0.2', '10.244.0.1', 'fd00::1', 'fd80::1', '192.0.2.9', '10.244.9.1', 'fd80::9'],
    ways: [
      { node: 'b', path: 'underlay', family: 4, local: '192.0.2.1', remote: '192.0.2.9' },
      { node: 'b', path: 'overlay', family: 4, local: '10.244.0.1', remote: '10.244.9.1' },
      { node: 'b', path: 'overlay', family: 6, local: 'fd80::1', remote: 'fd80::9' },
    ],
  });
});

t.test('in a large cluster each node probes eight, and is probed by as many', async (t) => {
  const nodes = Array.from({ length: 100 }, (_, at) => plain(at + 1));
  const probed = new Map<string, number>();
  for (const { metadata } of nodes) {
    const names = desiredPaths(metadata.name, nodes).ways.map((way) => way.node);
    t.equal(new Set(names).size, 8);
    t.notOk(names.includes(metadata.name));
    for (const name of names) probed.set(name, (probed.get(name) ?? 0) + 1);
  }
  t.same([...new Set(probed.values())], [8]);
  const without = nodes.filter(({ metadata }) => metadata.name !== 'n50');
  const changed = without.filter(({ metadata: { name } }) => {
    const [before, now] = [nodes, without].map((all) => desiredPaths(name, all).ways.map((way) => way.node));
    return before.join() !== now.join();
  });
  t.equal(changed.length, 8, 'who goes concerns those that probed it');
});

t.test('who is known to be away is not probed, and is answered all the same', async (t) => {
  const away = node('b', { bgp: { ipv4Address: '192.0.2.2/24' } }, { ready: false });
  t.match(desiredPaths('n1', [plain(1), away]), { known: ['192.0.2.1', '192.0.2.2'], ways: [] });
});

t.test('a node that is not registered probes nobody', async (t) => {
  t.same(desiredPaths('n9', [plain(1)]), { own: [], known: [], ways: [] });
});
