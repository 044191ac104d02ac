import t from 'tap';
import { EntriesWriter } from '../../src/base/index.ts';
import { IpipLacking } from '../../src/calc/ipip-ends.ts';
import { type Node, newResource } from '../../src/model/index.ts';

const node = (name: string, bgp: Node['spec']['bgp']): Node => newResource('Node', { name }, { bgp });

t.test('a node lacks tunl0 until its Node has the tunnel’s address', async (t) => {
  const nodes = new EntriesWriter<Node>(Object.is);
  const lacking = new IpipLacking();
  const told = (): unknown => Object.fromEntries(lacking.run(nodes.commit()));
  nodes.set('a', node('a', { ipv4Address: '172.16.0.1/24', ipv4IPIPTunnelAddr: '10.244.0.1' }));
  nodes.set('b', node('b', { ipv4Address: '172.16.0.2/24' }));
  nodes.set('c', node('c', { ipv6Address: 'fd00::3/64' }));
  t.same(told(), { '172.16.0.2': 'b' }, 'one without IPv4 is sent nothing through it anyway');
  nodes.set('b', node('b', { ipv4Address: '172.16.0.9/24' }));
  t.same(told(), { '172.16.0.9': 'b' }, 'by its present address');
  nodes.set('b', node('b', { ipv4Address: '172.16.0.9/24', ipv4IPIPTunnelAddr: '10.244.0.2' }));
  t.same(told(), {});
  nodes.set('a', undefined);
  nodes.set('b', node('b', { ipv4Address: '172.16.0.9/24' }));
  t.same(told(), { '172.16.0.9': 'b' });
  nodes.set('b', undefined);
  t.same(told(), {});
});
