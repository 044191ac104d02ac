import t from 'tap';
import { Calculation, type SourceUpdate, vtepMac } from '../../src/calc/index.ts';
import { claimed, gone, pool, put } from './resources.ts';
import { cidrsOf, listed } from './tunnels.ts';

/** A node with its tunnel address. */
function vtep(name: string, address: string, tunnel: string): SourceUpdate {
  return put('Node', name, { bgp: { ipv4Address: address }, ipv4VXLANTunnelAddr: tunnel });
}

const nodes = [
  vtep('a', '172.16.0.1/24', '10.244.1.0'),
  vtep('b', '172.16.0.2/24', '10.244.2.0'),
  vtep('c', '172.17.0.3/24', '10.244.3.0'),
];
const blocks = [...claimed('a', '10.244.1.0/26'), ...claimed('b', '10.244.2.0/26'), ...claimed('c', '10.244.3.0/26')];

function vxlan(updates: readonly SourceUpdate[]) {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply(updates);
  return calculation.desired().tunnels.vxlan4;
}

t.test('without a VXLAN pool there is no device', async (t) => {
  t.equal(vxlan([...nodes, ...blocks, pool('p', '10.244.0.0/16')]), undefined);
});

t.test('the MAC follows from the node’s name, apart for IPv6', async (t) => {
  t.match(vtepMac('node1', 4), /^66(:[0-9a-f]{2}){5}$/);
  t.not(vtepMac('node1', 4), vtepMac('node1', 6));
  t.equal(vxlan([...nodes, pool('p', '10.244.0.0/16', { vxlanMode: 'Always' })])?.mac, vtepMac('a', 4));
});

t.test('Always: every other node’s blocks go through its VTEP', async (t) => {
  const desired = vxlan([...nodes, ...blocks, pool('p', '10.244.0.0/16', { vxlanMode: 'Always' })]);
  t.match(desired, { vni: 4096, port: 4789, underlay: '172.16.0.1', address: '10.244.1.0' });
  t.same(
    listed(desired?.peers).map(({ node, underlay, address }) => [node, underlay, address]),
    [
      ['b', '172.16.0.2', '10.244.2.0'],
      ['c', '172.17.0.3', '10.244.3.0'],
    ],
  );
  t.same(
    listed(desired?.routes).map(({ cidr, mode, via }) => [cidr, mode, via]),
    [
      ['10.244.2.0/26', 'tunnel', '10.244.2.0'],
      ['10.244.3.0/26', 'tunnel', '10.244.3.0'],
    ],
  );
});

t.test('CrossSubnet: a node in our subnet is reached directly', async (t) => {
  const desired = vxlan([...nodes, ...blocks, pool('p', '10.244.0.0/16', { vxlanMode: 'CrossSubnet' })]);
  t.same(
    listed(desired?.routes).map(({ cidr, mode, via }) => [cidr, mode, via]),
    [
      ['10.244.2.0/26', 'subnet', '172.16.0.2'],
      ['10.244.3.0/26', 'tunnel', '10.244.3.0'],
    ],
  );
});

t.test('a borrowed address goes to the node that has it, not to the owner of its block', async (t) => {
  const [, block] = claimed('b', '10.244.2.0/26');
  const allocations = Array.from({ length: 64 }, (_, ordinal) => (ordinal === 5 ? 0 : ordinal === 6 ? 1 : null));
  const attributes = [{ secondary: { node: 'c' } }, { secondary: { node: 'b' } }];
  const lent = put('IPAMBlock', block.key.name, {
    ...(block.resource?.spec as object),
    allocations,
    attributes,
  } as never);
  const desired = vxlan([...nodes, ...blocks, lent, pool('p', '10.244.0.0/16', { vxlanMode: 'Always' })]);
  t.same(
    listed(desired?.routes).map(({ cidr, via }) => [cidr, via]),
    [
      ['10.244.2.0/26', '10.244.2.0'],
      ['10.244.2.5/32', '10.244.3.0'],
      ['10.244.3.0/26', '10.244.3.0'],
    ],
  );
});

t.test('a node that is gone, or has no tunnel address yet, has no routes', async (t) => {
  const updates = [...nodes, ...blocks, pool('p', '10.244.0.0/16', { vxlanMode: 'Always' })];
  t.same(
    listed(vxlan([...updates, gone('Node', 'b')])?.routes).map(({ cidr }) => cidr),
    ['10.244.3.0/26'],
  );
  t.same(
    listed(vxlan([...updates, put('Node', 'b', { bgp: { ipv4Address: '172.16.0.2/24' } })])?.routes).map(
      ({ cidr }) => cidr,
    ),
    ['10.244.3.0/26'],
  );
});

t.test('packets are taken from all nodes whose address is known, and from those of externalNodesList', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  const hosts = (...updates: readonly SourceUpdate[]): readonly string[] => {
    calculation.apply(updates);
    return cidrsOf(calculation.desired().tunnels.hosts);
  };
  t.same(hosts(...nodes), [], 'no pool asks for tunnels');
  const all = ['172.16.0.1/32', '172.16.0.2/32', '172.17.0.3/32'];
  t.same(hosts(pool('p', '10.244.0.0/16', { vxlanMode: 'Always' }), put('Node', 'd', {})), all);
  t.same(hosts(put('Node', 'd', { bgp: { ipv4Address: '172.16.0.4/24', ipv6Address: 'fd01::4/64' } })).slice(2), [
    '172.16.0.4/32',
    '172.17.0.3/32',
    'fd01::4/128',
  ]);
  t.same(hosts(gone('Node', 'd'), put('FelixConfiguration', 'default', { externalNodesList: ['10.9.0.0/16', 'x'] })), [
    '10.9.0.0/16',
    ...all,
  ]);
});

t.test('a changed node is one entry of the hosts; what lies in a network of the list is there with it', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  const hosts = (...updates: readonly SourceUpdate[]) => {
    calculation.apply(updates);
    return calculation.desired().tunnels.hosts;
  };
  const before = hosts(...nodes, pool('p', '10.244.0.0/16', { vxlanMode: 'Always' }));
  const moved = hosts(put('Node', 'b', { bgp: { ipv4Address: '172.16.0.9/24' } }));
  t.same(moved[4].since(before[4]), [
    ['172.16.0.2', undefined, '172.16.0.2/32'],
    ['172.16.0.9', '172.16.0.9/32', undefined],
  ]);
  t.equal(moved[6], before[6]);
  const twins = hosts(put('Node', 'twin', { bgp: { ipv4Address: '172.16.0.9/24' } }));
  t.equal(twins[4], moved[4], 'an address that two nodes say they have is one');
  t.equal(hosts(gone('Node', 'twin'))[4], moved[4]);
  const within = hosts(
    put('FelixConfiguration', 'default', { externalNodesList: ['172.16.0.0/24', '172.16.0.64/26'] }),
  );
  t.same(cidrsOf(within), ['172.16.0.0/24', '172.17.0.3/32']);
  t.same(cidrsOf(hosts(gone('FelixConfiguration', 'default'))), ['172.16.0.1/32', '172.16.0.9/32', '172.17.0.3/32']);
});

t.test('what pods may send themselves is said in FelixConfiguration', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([...nodes, pool('p', '10.244.0.0/16', { vxlanMode: 'Always' })]);
  calculation.apply([pool('q', '10.245.0.0/16', { ipipMode: 'Always' })]);
  t.same(calculation.desired().tunnels.fromPods, { ipip: false, vxlan: false, vxlanPort: 4789 });
  const settings = { allowVXLANPacketsFromWorkloads: true, allowIPIPPacketsFromWorkloads: true, vxlanPort: 8472 };
  calculation.apply([put('FelixConfiguration', 'default', settings)]);
  t.same(calculation.desired().tunnels.fromPods, { ipip: true, vxlan: true, vxlanPort: 8472 });
});

t.test('port and VNI come from FelixConfiguration, the MAC from the Node when it has one', async (t) => {
  const desired = vxlan([
    ...nodes,
    put('Node', 'a', { bgp: { ipv4Address: '172.16.0.1/24' }, vxlanTunnelMACAddr: '02:00:00:00:00:01' }),
    put('FelixConfiguration', 'default', { vxlanPort: 8472, vxlanVNI: 7 }),
    pool('p', '10.244.0.0/16', { vxlanMode: 'Always' }),
  ]);
  t.match(desired, { port: 8472, vni: 7, mac: '02:00:00:00:00:01', address: undefined });
});

t.test('from VXLAN straight to IPIP: each pair of nodes goes on by VXLAN until both have tunl0', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  const node = (name: string, number: number, ...tunnels: readonly ('vxlan' | 'ipip')[]): SourceUpdate =>
    put('Node', name, {
      bgp: {
        ipv4Address: `172.16.0.${number}/24`,
        ...(tunnels.includes('ipip') && { ipv4IPIPTunnelAddr: `10.244.${number}.1` }),
      },
      ...(tunnels.includes('vxlan') && { ipv4VXLANTunnelAddr: `10.244.${number}.0` }),
    });
  const ways = (...updates: readonly SourceUpdate[]): readonly string[] | undefined => {
    calculation.apply(updates);
    const { vxlan4 } = calculation.desired().tunnels;
    return vxlan4 && listed(vxlan4.routes).map(({ cidr, mode }) => `${cidr} ${mode}`);
  };
  const keeps = (): boolean => calculation.desired().store.tunnelPools.vxlan.length > 0;
  const all = ['10.244.2.0/26 tunnel', '10.244.3.0/26 tunnel'];
  const started = [node('a', 1, 'vxlan'), node('b', 2, 'vxlan'), node('c', 3, 'vxlan'), ...blocks];
  t.same(ways(...started, pool('p', '10.244.0.0/16', { vxlanMode: 'Always' })), all);
  t.same(ways(pool('p', '10.244.0.0/16', { ipipMode: 'Always' })), all, 'nobody has tunl0 yet');
  t.ok(keeps(), 'so the node keeps its tunnel address');
  t.same(ways(node('b', 2, 'vxlan', 'ipip')), all, 'b has, but this node has not');
  t.same(ways(node('a', 1, 'vxlan', 'ipip')), ['10.244.3.0/26 tunnel'], 'now only c has not');
  t.ok(keeps());
  t.same(ways(pool('p', '10.244.0.0/16', { ipipMode: 'CrossSubnet' })), ['10.244.3.0/26 subnet']);
  t.same(ways(node('d', 4, 'ipip')), ['10.244.3.0/26 subnet']);
  t.equal(ways(node('c', 3, 'vxlan', 'ipip')), undefined, 'all have');
  t.notOk(keeps(), 'and it gives back what VXLAN had');
  t.equal(ways(node('a', 1, 'ipip')), undefined);
  t.equal(ways(node('e', 5, 'vxlan')), undefined, 'one that comes with VXLAN alone does not bring it back here');
  t.notOk(keeps());
});
