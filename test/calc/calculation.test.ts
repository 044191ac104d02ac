import t from 'tap';
import { NO_HOSTS } from '../../src/calc/desired/index.ts';
import { Calculation } from '../../src/calc/index.ts';
import { claimed, gone, node, pod, pool, put } from './resources.ts';
import { cidrsOf, listed } from './tunnels.ts';

const base = [node('a', '10.0.0.1'), pool('p', '10.244.0.0/16'), ...claimed('a', '10.244.1.0/26')];

function calculation(updates = base): Calculation {
  const made = new Calculation({ nodename: 'a' });
  made.apply(updates);
  return made;
}

t.test('a confirmed block of ours is announced and has a blackhole', async (t) => {
  const desired = calculation().desired();
  t.same(desired.blocks, [{ cidr: '10.244.1.0/26', inUse: 0, size: 64 }]);
  t.same(listed(desired.bgp?.announce), [{ cidr: '10.244.1.0/26', why: 'own block' }]);
});

t.test('half a claim is nobody’s block', async (t) => {
  const [affinity, block] = claimed('a', '10.244.2.0/26');
  const [pending] = claimed('a', '10.244.2.0/26', 'pending');
  for (const [what, updates] of [
    ['an affinity without its block', [affinity]],
    ['a block without affinity', [block]],
    ['a pending affinity', [pending, block]],
    ['a block that is another’s', [affinity, claimed('b', '10.244.2.0/26')[1]]],
  ] as const) {
    t.same(calculation([base[0], base[1], ...updates]).desired().blocks, [], what);
  }
});

t.test('an address borrowed from another node’s block is announced by itself', async (t) => {
  const desired = calculation([...base, pod('a', 'own', '10.244.1.3'), pod('a', 'guest', '10.244.9.7')]).desired();
  t.same([...(desired.bgp?.announce.keys() ?? [])], ['10.244.1.0/26', '10.244.9.7/32']);
});

t.test('an address outside every pool is routed here and announced nowhere', async (t) => {
  const desired = calculation([...base, pod('a', 'odd', '192.0.2.1')]).desired();
  t.equal(desired.workloads.length, 1);
  t.same([...(desired.bgp?.announce.keys() ?? [])], ['10.244.1.0/26']);
});

t.test('a pool with disableBGPExport keeps its blocks at home', async (t) => {
  const desired = calculation([...base, pool('p', '10.244.0.0/16', { disableBGPExport: true })]).desired();
  t.same(listed(desired.bgp?.announce), []);
  t.equal(desired.blocks.length, 1);
});

t.test('pods of other nodes are not ours', async (t) => {
  t.same(calculation([...base, pod('b', 'theirs', '10.244.1.5')]).desired().workloads, []);
});

t.test('sections that nothing changed are the same object', async (t) => {
  const made = calculation();
  const before = made.desired();
  t.equal(made.desired(), before, 'nothing at all changed');
  made.apply([node('b', '10.0.0.2')]);
  const after = made.desired();
  t.not(after.bgp, before.bgp);
  t.equal(after.bgp?.announce, before.bgp?.announce);
  t.equal(after.blocks, before.blocks);
  t.equal(after.pools, before.pools);
  made.apply([node('b', '10.0.0.2')]);
  t.equal(made.desired().bgp?.peers, after.bgp?.peers, 'the same news again');
});

t.test('the outcome does not depend on the order of arrival', async (t) => {
  const updates = [
    ...base,
    node('b', '10.0.0.2'),
    ...claimed('b', '10.244.3.0/26'),
    pod('a', 'x', '10.244.1.1'),
    pod('a', 'y', '10.244.3.9'),
    put('BGPPeer', 'tor', { peerIP: '10.0.0.254', asNumber: 65001 }),
    gone('Node', 'c'),
  ];
  const forward = JSON.stringify(calculation(updates).desired());
  t.equal(JSON.stringify(calculation([...updates].reverse()).desired()), forward, 'backwards');
  const oneByOne = new Calculation({ nodename: 'a' });
  for (const update of updates) {
    oneByOne.apply([update]);
    oneByOne.desired();
  }
  t.equal(JSON.stringify(oneByOne.desired()), forward, 'one by one');
  t.equal(JSON.stringify(calculation([...updates, ...updates]).desired()), forward, 'twice');
});

t.test('FelixConfiguration says how natOutgoing translates; the node’s own goes before the default', async (t) => {
  const made = calculation([...base, node('b', '10.0.0.2')]);
  const plain = { hosts: undefined, address: undefined, ports: undefined, outInterface: undefined, floatingIps: [] };
  t.same(made.desired().nat, plain);
  const settings = {
    natPortRange: '32768:60999',
    natOutgoingAddress: '192.0.2.7',
    natOutgoingExclusions: 'IPPoolsAndHostIPs',
  } as const;
  made.apply([
    put('FelixConfiguration', 'default', { ...settings, externalNodesList: ['192.0.2.9', '198.51.100.0/24'] }),
  ]);
  const { nat, tunnels } = made.desired();
  t.same(cidrsOf(nat.hosts ?? NO_HOSTS), ['10.0.0.1/32', '10.0.0.2/32', '192.0.2.9/32', '198.51.100.0/24']);
  t.match(nat, {
    address: '192.0.2.7',
    ports: '32768-60999',
  });
  t.same(cidrsOf(tunnels.hosts), [], 'nobody sends to tunnels that there are none of');
  made.apply([
    put('FelixConfiguration', 'node.a', { natPortRange: 5000 }),
    put('FelixConfiguration', 'node.b', settings),
  ]);
  t.equal(made.desired().nat.ports, '5000-5000');
  made.apply([put('FelixConfiguration', 'node.a', { natPortRange: 0 })]);
  t.equal(made.desired().nat.ports, undefined, '0 says none');
});

t.test('where services live comes from BGPConfiguration, what becomes of loops from FelixConfiguration', async (t) => {
  const made = calculation();
  t.same(made.desired().services, { cidrs: [], loops: 'Drop' });
  made.apply([
    put('BGPConfiguration', 'default', {
      serviceClusterIPs: [{ cidr: '10.96.0.0/12' }, { cidr: 'fd96::/108' }],
      serviceExternalIPs: [{ cidr: '192.0.2.0/24' }],
      serviceLoadBalancerIPs: [{ cidr: '192.0.2.0/24' }],
    }),
    put('FelixConfiguration', 'default', { serviceLoopPrevention: 'Reject' }),
  ]);
  t.same(made.desired().services, { cidrs: ['10.96.0.0/12', '192.0.2.0/24', 'fd96::/108'], loops: 'Reject' });
});

t.test('pods may send from networks of others where FelixConfiguration lets them', async (t) => {
  const web = pod('a', 'web', '10.244.1.2', { allowSpoofedSourcePrefixes: ['192.0.2.0/24'] });
  const made = calculation([...base, web, pod('a', 'plain', '10.244.1.3')]);
  t.same(made.desired().spoofing, [], 'Disabled is the default');
  made.apply([put('FelixConfiguration', 'default', { workloadSourceSpoofing: 'Any' })]);
  t.same(made.desired().spoofing, [
    {
      interfaceName: 'caliweb',
      prefixes: ['192.0.2.0/24'],
      why: 'allowedSourcePrefixes of endpoint default/a-k8s-web-eth0',
    },
  ]);
  t.same(
    made.desired().workloads.map(({ sourcePrefixes }) => sourcePrefixes),
    [[], ['192.0.2.0/24']],
  );
});

t.test('settings of the host, and MTUs that are set', async (t) => {
  const made = calculation([...base, pool('q', '10.97.0.0/16', { ipipMode: 'Always' })]);
  t.same(made.desired().host, { forwarding: true, addresses: ['10.0.0.1'], uplinks: undefined, routeSource: {} });
  t.equal(made.desired().tunnels.ipip?.mtu, undefined);
  made.apply([
    put('FelixConfiguration', 'default', { ipForwarding: 'Disabled', mtuIfacePattern: '^bond', ipipMTU: 1300 }),
    put('FelixConfiguration', 'node.a', { deviceRouteSourceAddress: '10.0.0.1' }),
  ]);
  t.same(made.desired().host, {
    forwarding: false,
    addresses: ['10.0.0.1'],
    uplinks: '^bond',
    routeSource: { 4: '10.0.0.1' },
  });
  t.equal(made.desired().tunnels.ipip?.mtu, 1300);
});

t.test('a node without BGP has all the rest', async (t) => {
  const made = new Calculation({ nodename: 'a', bgp: false });
  made.apply(base);
  t.equal(made.desired().bgp, undefined);
  t.same(made.desired().blocks, calculation().desired().blocks);
});
