import t from 'tap';
import { Calculation, type DesiredPeer, type SourceUpdate } from '../../src/calc/index.ts';
import { asNumber } from '../../src/calc/node-bgp.ts';
import { desiredPeers } from '../../src/calc/peers.ts';
import { type BGPPeer, newResource, read } from '../../src/model/index.ts';
import { gone, node, put } from './resources.ts';
import { listed } from './tunnels.ts';

function peersOf(nodename: string, updates: readonly SourceUpdate[]): readonly DesiredPeer[] {
  const calculation = new Calculation({ nodename });
  calculation.apply(updates);
  return listed(calculation.desired().bgp?.peers).sort((a, b) => Number(a.address === b.address) * (a.port - b.port));
}

const three = [node('a', '10.0.0.1'), node('b', '10.0.0.2'), node('c', '10.0.0.3')];

t.test('every node peers with every other, and not with itself', async (t) => {
  t.same(
    peersOf('b', three).map(({ address, localAddress, asn, port, type, name }) => ({
      address,
      localAddress,
      asn,
      port,
      type,
      name,
    })),
    [
      { address: '10.0.0.1', localAddress: '10.0.0.2', asn: 64512, port: 179, type: 'node-to-node mesh', name: 'a' },
      { address: '10.0.0.3', localAddress: '10.0.0.2', asn: 64512, port: 179, type: 'node-to-node mesh', name: 'c' },
    ],
  );
});

t.test('the peers of one moment can be had without following changes', async (t) => {
  const nodes = ['10.0.0.1/24', '10.0.0.2/24'].map((ipv4Address, at) =>
    newResource('Node', { name: `n${at + 1}` }, { bgp: { ipv4Address } }),
  );
  const of = (peers: readonly BGPPeer[]) =>
    desiredPeers({
      nodename: 'n1',
      nodes: new Map(nodes.map((one) => [one.metadata.name, one])),
      configurations: new Map(),
      peers: new Map(peers.map((one) => [one.metadata.name, one])),
    }).map(({ name, address, port, localAddress }) => [name, address, port, localAddress]);
  t.same(of([]), [['n2', '10.0.0.2', 179, '10.0.0.1']]);
  const spec = { node: 'n1', peerSelector: 'all()', sourceAddress: 'None' } as const;
  t.same(of([newResource('BGPPeer', { name: 'a' }, spec)]), [['n2', '10.0.0.2', 179, undefined]]);
});

t.test('it listens everywhere in both families, or with NodeIP on its own addresses', async (t) => {
  const bgp = { ipv4Address: '10.0.0.1/24', ipv6Address: 'fd00::1/64' };
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([put('Node', 'a', { bgp })]);
  t.same(calculation.desired().bgp?.listenAddresses, ['0.0.0.0', '::']);
  calculation.apply([put('BGPConfiguration', 'default', { bindMode: 'NodeIP' })]);
  t.same(calculation.desired().bgp?.listenAddresses, ['10.0.0.1', 'fd00::1']);
  calculation.apply([put('Node', 'a', { bgp: { ipv4Address: '10.0.0.7/24' } })]);
  t.same(calculation.desired().bgp?.listenAddresses, ['10.0.0.7']);
});

t.test('a node that is deleted is a peer no longer', async (t) => {
  t.same(
    peersOf('b', [...three, gone('Node', 'a')]).map(({ name }) => name),
    ['c'],
  );
});

t.test('without its own Node there is no BGP at all', async (t) => {
  const calculation = new Calculation({ nodename: 'd' });
  calculation.apply(three);
  t.equal(calculation.desired().bgp, undefined);
});

t.test('nodes with an AS of their own make an eBGP mesh', async (t) => {
  const [peer] = peersOf('a', [node('a', '10.0.0.1'), node('b', '10.0.0.2', { asn: 64601 })]);
  t.equal(peer.asn, 64601);
});

t.test('the AS of the cluster and the listen port of a node come from BGPConfiguration', async (t) => {
  const peers = peersOf('a', [
    ...three,
    put('BGPConfiguration', 'default', { asNumber: 65000 }),
    put('BGPConfiguration', 'node.b', { listenPort: 1790 }),
  ]);
  t.same(
    peers.map(({ asn, port }) => [asn, port]),
    [
      [65000, 1790],
      [65000, 179],
    ],
  );
});

t.test('the mesh can be switched off, and its restart time be set', async (t) => {
  t.same(peersOf('a', [...three, put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false })]), []);
  const [peer] = peersOf('a', [...three, put('BGPConfiguration', 'default', { nodeMeshMaxRestartTime: '2m30s' })]);
  t.equal(peer.restartTime, 150);
});

t.test('route reflectors are not part of the mesh', async (t) => {
  const nodes = [node('a', '10.0.0.1'), node('b', '10.0.0.2'), node('r', '10.0.0.9', { clusterId: '1.0.0.1' })];
  t.same(
    peersOf('a', nodes).map(({ name }) => name),
    ['b'],
  );
  t.same(peersOf('r', nodes), []);
});

t.test('a reflector reflects to nodes that are no reflectors of its cluster, and they peer back', async (t) => {
  const updates = [
    node('a', '10.0.0.1'),
    node('r', '10.0.0.9', { clusterId: '1.0.0.1', labels: { rr: 'yes' } }),
    node('s', '10.0.0.8', { clusterId: '1.0.0.1', labels: { rr: 'yes' } }),
    put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    put('BGPPeer', 'to-reflectors', { nodeSelector: 'all()', peerSelector: "rr == 'yes'" }),
  ];
  t.same(
    peersOf('a', updates).map(({ name, clusterId }) => [name, clusterId]),
    [
      ['s', undefined],
      ['r', undefined],
    ],
  );
  t.same(
    peersOf('r', updates).map(({ name, clusterId }) => [name, clusterId]),
    [
      ['a', '1.0.0.1'],
      ['s', undefined],
    ],
  );
});

t.test('a BGPPeer without node or selector is everybody’s, one with them is theirs', async (t) => {
  const updates = [
    ...three,
    put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    put('BGPPeer', 'tor', { peerIP: '10.0.0.254', asNumber: 65001 }),
    put('BGPPeer', 'own', { node: 'b', peerIP: '10.0.0.253:1179', asNumber: 65002 }),
  ];
  const view = (name: string) =>
    peersOf(name, updates).map(({ address, port, asn, type }) => [address, port, asn, type]);
  t.same(view('a'), [['10.0.0.254', 179, 65001, 'global']]);
  t.same(view('b'), [
    ['10.0.0.253', 1179, 65002, 'node specific'],
    ['10.0.0.254', 179, 65001, 'global'],
  ]);
});

t.test('a peering that names the node itself is ignored on that node', async (t) => {
  const updates = [node('a', '10.0.0.1'), put('BGPPeer', 'self', { peerIP: '10.0.0.1', asNumber: 64512 })];
  t.same(peersOf('a', updates), []);
});

t.test('a peering with this host at another port is with another daemon, also of the same AS', async (t) => {
  const updates = [node('a', '10.0.0.1'), put('BGPPeer', 'beside', { peerIP: '10.0.0.1:1179', asNumber: 64512 })];
  t.same(
    peersOf('a', updates).map(({ address, port }) => [address, port]),
    [['10.0.0.1', 1179]],
  );
});

t.test('the other end of a peering with a Calico node gets its mirror, unless that is switched off', async (t) => {
  const updates = (reversePeering?: 'Manual') => [
    node('a', '10.0.0.1'),
    node('b', '10.0.0.2'),
    put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    put('BGPPeer', 'one-way', {
      node: 'a',
      peerIP: '10.0.0.2',
      asNumber: 64512,
      ...(reversePeering && { reversePeering }),
    }),
  ];
  t.same(
    peersOf('b', updates()).map(({ address }) => address),
    ['10.0.0.1'],
  );
  t.same(peersOf('b', updates('Manual')), []);
});

const noMesh = put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });
const RR = { clusterId: '1.0.0.1', labels: { rr: 'yes' } };

function problemsOf(nodename: string, updates: readonly SourceUpdate[]): readonly string[] {
  const calculation = new Calculation({ nodename });
  calculation.apply(updates);
  return calculation.desired().bgp?.problems ?? [];
}

t.test('a mirror has the settings of the BGPPeer, and not what it says of AS numbers at the other end', async (t) => {
  const asked = {
    filters: ['ext'],
    ttlSecurity: 1,
    nextHopMode: 'Self',
    keepaliveTime: '10s',
    maxRestartTime: '60s',
    sourceAddress: 'None',
  } as const;
  const settings = { filters: ['ext'], ttlSecurity: 1, nextHop: 'self', keepaliveTime: 10, restartTime: 60 };
  const updates = [
    node('a', '10.0.0.1'),
    node('r', '10.0.0.9', RR),
    noMesh,
    put('BGPPeer', 'p', {
      nodeSelector: 'all()',
      peerSelector: "rr == 'yes'",
      numAllowedLocalASNumbers: 3,
      localASNumber: 65100,
      ...asked,
    }),
  ];
  const [forth] = peersOf('a', updates);
  const [back] = peersOf('r', updates);
  t.match(forth, { address: '10.0.0.9', asn: 64512, localAsn: 65100, allowLocalAs: 3, ...settings });
  t.match(back, { address: '10.0.0.1', asn: 65100, ...settings, type: 'node specific' });
  t.notOk('allowLocalAs' in back);
  t.notOk('localAsn' in back);
  for (const peer of [forth, back]) t.notOk('localAddress' in peer, 'the kernel chooses the source');
});

t.test('AS 0 is as good as none: no session is open to everybody', (t) => {
  const peers = (asNumber: number) =>
    peersOf('a', [
      ...three,
      noMesh,
      put('BGPPeer', 'x', { node: 'a', peerIP: '192.0.2.1', asNumber, localASNumber: 0 }),
    ]);
  t.match(peers(0), [{ address: '192.0.2.1', asn: 64512, localAsn: undefined }]);
  for (const none of ['0', '0.0']) t.equal(asNumber(none), undefined);
  t.end();
});

t.test('fewer than none of the own AS numbers in a path are none', (t) => {
  const peer = { node: 'a', peerIP: '192.0.2.1', asNumber: 65001, numAllowedLocalASNumbers: -1 };
  t.match(peersOf('a', [...three, noMesh, put('BGPPeer', 'x', peer)]), [{ allowLocalAs: 0 }]);
  t.end();
});

t.test('two ports of one address are two peers, one endpoint is one', async (t) => {
  const updates = [
    ...three,
    noMesh,
    put('BGPPeer', 'x', { node: 'a', peerIP: '192.0.2.1', asNumber: 65001 }),
    put('BGPPeer', 'y', { node: 'a', peerIP: '192.0.2.1:1179', asNumber: 65002 }),
    put('BGPPeer', 'z', { node: 'a', peerIP: '192.0.2.1:179', asNumber: 65003 }),
  ];
  t.same(
    peersOf('a', updates).map(({ name, port, asn }) => [name, port, asn]),
    [
      ['x', 179, 65001],
      ['y', 1179, 65002],
    ],
  );
});

t.test('of one endpoint a global BGPPeer goes first, then the node’s own, a mirror, the mesh', async (t) => {
  const peers = [
    put('BGPPeer', 'a-own', { node: 'a', peerIP: '10.0.0.2', asNumber: 64512, filters: ['own'] }),
    put('BGPPeer', 'b-mirror', { node: 'b', peerIP: '10.0.0.1', asNumber: 64512, filters: ['mirror'] }),
    put('BGPPeer', 'c-global', { peerIP: '10.0.0.2', asNumber: 64512, filters: ['global'] }),
  ];
  const first = (more: readonly SourceUpdate[]) => {
    const { type, filters } = peersOf('a', [...three, ...more]).find(({ address }) => address === '10.0.0.2')!;
    return [type, filters[0]];
  };
  t.same(first(peers), ['global', 'global']);
  t.same(first(peers.slice(0, 2)), ['node specific', 'own']);
  t.same(first(peers.slice(1, 2)), ['node specific', 'mirror']);
  t.same(first([]), ['node-to-node mesh', undefined]);
});

t.test('without a port, peerIP of a node means the port that the node listens on', async (t) => {
  const ports = (configurations: readonly SourceUpdate[], asNumber = 64512) => {
    const peering = put('BGPPeer', 'p', { node: 'b', peerIP: '10.0.0.1', asNumber });
    const updates = [node('a', '10.0.0.1'), node('b', '10.0.0.2'), ...configurations, peering];
    const view = (name: string) => peersOf(name, updates).map(({ address, port }) => `${address}:${port}`);
    return [view('b'), view('a')];
  };
  const cluster = put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false, listenPort: 1790 });
  const own = put('BGPConfiguration', 'node.a', { listenPort: 1791 });
  t.same(ports([noMesh]), [['10.0.0.1:179'], ['10.0.0.2:179']]);
  t.same(ports([cluster]), [['10.0.0.1:1790'], ['10.0.0.2:1790']]);
  t.same(ports([cluster, own]), [['10.0.0.1:1791'], ['10.0.0.2:1790']]);
  t.same(ports([cluster], 65001), [['10.0.0.1:179'], []], 'another AS is not the node');
});

t.test('an address is the same in any of its forms', async (t) => {
  const six = (name: string, address: string) => put('Node', name, { bgp: { ipv6Address: `${address}/64` } });
  const calculation = new Calculation({ nodename: 'a', routerId: '1.1.1.1' });
  calculation.apply([
    six('a', 'fd00::1'),
    six('b', 'fd00::2'),
    noMesh,
    put('BGPPeer', 'p', { node: 'b', peerIP: 'FD00:0:0::0001', asNumber: 64512 }),
  ]);
  t.same(
    listed(calculation.desired().bgp?.peers).map(({ address }) => address),
    ['fd00::2'],
  );
});

t.test('another daemon at the node’s own address is a peer', async (t) => {
  const peering = (peerIP: string) => put('BGPPeer', 'p', { peerIP, asNumber: 65001 });
  const view = (peerIP: string) =>
    peersOf('a', [node('a', '10.0.0.1'), noMesh, peering(peerIP)]).map(({ address, port }) => [address, port]);
  t.same(view('10.0.0.1:1179'), [['10.0.0.1', 1179]]);
  t.same(view('10.0.0.1:179'), []);
  t.same(view('10.0.0.1'), []);
});

t.test('a Secret protects the sessions that ask for it, and is followed for them alone', async (t) => {
  const password = (key: string) => ({ password: { secretKeyRef: { name: 's', key } } });
  const calculation = new Calculation({ nodename: 'a' });
  const peers = () => [...(calculation.desired().bgp?.peers.values() ?? [])].map((one) => [one.name, one.password]);
  const problems = () => calculation.desired().bgp?.problems ?? [];
  calculation.apply([
    ...[...three, noMesh, put('BGPPeer', 'tor', { node: 'a', peerIP: '192.0.2.1', ...password('k') })],
    put('BGPPeer', 'theirs', { node: 'b', peerIP: '192.0.2.2', password: { secretKeyRef: { name: 'o', key: 'k' } } }),
  ]);
  t.same(calculation.secretNames(), ['s']);
  t.same(peers(), []);
  t.ok(calculation.setSecret('s', { k: 'one' }));
  t.same([peers(), problems()], [[['tor', 'one']], []]);
  t.notOk(calculation.setSecret('s', { k: 'one' }), 'nothing new');
  t.ok(calculation.setSecret('s', { k: 'two', other: '' }));
  t.same(peers(), [['tor', 'two']]);
  for (const [data, why] of [
    [{ other: 'x' }, /Secret s, which has no key k/],
    [{ k: '' }, /k of Secret s, must have 1 to 80 octets/],
    [{ k: 'é'.repeat(41) }, /must have 1 to 80 octets/],
    [undefined, /Secret s, which is not there/],
  ] as const) {
    calculation.setSecret('s', data);
    t.same(peers(), []);
    t.match(problems(), [why]);
  }
  calculation.setSecret('s', { k: 'é'.repeat(40) });
  t.equal(peers().length, 1);
  t.notMatch(JSON.stringify(calculation.inputs()), /é/, 'what is written to the disk has no password');
  calculation.apply([
    put('BGPConfiguration', 'default', { nodeMeshPassword: { secretKeyRef: { name: 's', key: 'm' } } }),
  ]);
  t.same(peers(), [['tor', 'é'.repeat(40)]], 'the mesh has another key');
  calculation.setSecret('s', { k: 'x', m: 'mesh' });
  t.same(peers().sort(), [
    ['b', 'mesh'],
    ['c', 'mesh'],
    ['tor', 'x'],
  ]);
});

t.test(
  'sessions with a password that can’t be read don’t run, nor others in their place; the status says so',
  async (t) => {
    const password = { secretKeyRef: { name: 's', key: 'k' } };
    const secret = put('BGPPeer', 'tor', { peerIP: '192.0.2.1', asNumber: 65001, password });
    const open = put('BGPPeer', 'zoo', { node: 'a', peerIP: '192.0.2.1', asNumber: 65001 });
    t.same(peersOf('a', [...three, noMesh, secret, open]), []);
    t.match(problemsOf('a', [...three, noMesh, secret, open]), [
      /^BGPPeer tor: no session: its password is in Secret s, which is not there/,
    ]);
    const between = put('BGPPeer', 'rr', { node: 'b', peerIP: '10.0.0.1', asNumber: 64512, password });
    t.same(
      peersOf('a', [...three, between]).map(({ name }) => name),
      ['c'],
      'the mirror, and the mesh session under it',
    );
    t.match(problemsOf('a', [...three, between]), [/^BGPPeer rr/]);
    t.same(problemsOf('c', [...three, between]), [], 'who has no part in it has no problem');
    const mesh = put('BGPConfiguration', 'default', { nodeMeshPassword: password });
    t.same(peersOf('a', [...three, mesh]), []);
    t.match(problemsOf('a', [...three, mesh]), [/^BGPConfiguration default nodeMeshPassword: no session of the mesh/]);
  },
);

/** An object as the syncer delivers it after it has read what is stored. */
function stored(kind: 'BGPPeer' | 'BGPConfiguration' | 'IPPool', name: string, spec: unknown): SourceUpdate {
  const { resource } = read(kind, { kind, metadata: { name }, spec });
  return { key: { kind, name }, resource };
}

t.test(
  'a protection that can’t be understood ends the session that it was for, and none takes its place',
  async (t) => {
    const mesh = stored('BGPConfiguration', 'default', { nodeMeshPassword: 'in clear' });
    t.same(peersOf('a', [...three, mesh]), []);
    t.match(problemsOf('a', [...three, mesh]), [/nodeMeshPassword: no session of the mesh: nodeMeshPassword can't be/]);
    t.same(peersOf('a', [...three, stored('BGPConfiguration', 'default', 7)]), [], 'nothing of it can be understood');
    for (const guard of [{ password: 'in clear' }, { ttlSecurity: 'one' }, { filters: 'x' }]) {
      const between = stored('BGPPeer', 'ab', { node: 'a', peerIP: '10.0.0.2', asNumber: 64512, ...guard });
      const view = peersOf('a', [...three, between]).map(({ name }) => name);
      t.same(view, ['c'], `${Object.keys(guard)}: and no mesh session in its place`);
      t.match(problemsOf('a', [...three, between]), [/^BGPPeer ab: no session: \w+ can't be understood/]);
    }
    const calculation = new Calculation({ nodename: 'a' });
    calculation.apply([stored('IPPool', 'p', { cidr: '10.244.0.0/16', disableBGPExport: 'x' })]);
    t.match(calculation.desired().pools, [{ name: 'p', disableBgpExport: true }], 'not announced by mistake');
  },
);

t.test('what a BGPPeer asks for and does not get is told on the nodes that it is for', async (t) => {
  const updates = [
    ...three,
    put('BGPPeer', 'pods', { node: 'a', localWorkloadSelector: 'all()', asNumber: 65001 }),
    put('BGPConfiguration', 'node.a', { programClusterRoutes: 'Disabled', logSeverityScreen: 'Debug' }),
  ];
  t.match(problemsOf('a', updates), [
    /^BGPConfiguration node\.a logSeverityScreen has no effect: .*FELIX_LOGSEVERITYSCREEN/,
    /^BGPConfiguration node\.a programClusterRoutes has no effect: one process/,
    /^BGPPeer pods: no session with pods: BGPConfiguration default has neither localWorkloadPeeringIPV4 nor/,
  ]);
  t.same(problemsOf('b', updates), []);
  const usual = { programClusterRoutes: 'EnabledNoEncapOnly', logSeverityScreen: 'Info' } as const;
  t.same(problemsOf('a', [...three, put('BGPConfiguration', 'default', usual)]), [], 'what is so anyway');
});

t.test('a peer is reached by the router that its BGPPeer names, and its mirror is not', async (t) => {
  const far = put('BGPPeer', 'far', { node: 'a', peerIP: '10.0.0.2', asNumber: 64512, reachableBy: '10.0.0.254' });
  t.match(peersOf('a', [...three, noMesh, far]), [{ address: '10.0.0.2', reachableBy: '10.0.0.254' }]);
  t.match(peersOf('b', [...three, noMesh, far]), [{ address: '10.0.0.1', reachableBy: undefined }]);
});

t.test(
  'the networks of interfaces that a filter may let out: the node’s own list goes before the cluster’s',
  async (t) => {
    const calculation = new Calculation({ nodename: 'a' });
    calculation.apply(three);
    t.same(calculation.desired().bgp?.ignoredInterfaces, []);
    calculation.apply([put('BGPConfiguration', 'default', { ignoredInterfaces: ['docker*'] })]);
    t.same(calculation.desired().bgp?.ignoredInterfaces, ['docker*']);
    calculation.apply([put('BGPConfiguration', 'node.a', { ignoredInterfaces: ['eth1', 'br-*'] })]);
    t.same(calculation.desired().bgp?.ignoredInterfaces, ['eth1', 'br-*']);
  },
);

t.test('communities of prefixes have their values, and the node’s own list goes before the cluster’s', async (t) => {
  const of = (...more: readonly SourceUpdate[]) => {
    const calculation = new Calculation({ nodename: 'a' });
    calculation.apply([...three, ...more]);
    return calculation.desired().bgp?.communities;
  };
  const standard = { name: 'standard', value: '100:6532' };
  const large = { name: 'large', value: '100:555:107' };
  const cluster = put('BGPConfiguration', 'default', {
    communities: [standard, large],
    prefixAdvertisements: [
      { cidr: '192.168.0.0/16', communities: ['standard', '5663:12', 'large'] },
      { cidr: 'fd00:96::/112', communities: ['large', 'nowhere'] },
      { cidr: '10.0.0.0/8', communities: ['nowhere'] },
    ],
  });
  t.same(of(), []);
  t.same(of(cluster), [
    { cidr: '192.168.0.0/16', communities: ['100:6532', '5663:12', '100:555:107'] },
    { cidr: 'fd00:96::/112', communities: ['100:555:107'] },
  ]);
  const advertised = [{ cidr: '10.0.0.0/8', communities: ['standard'] }];
  t.same(of(cluster, put('BGPConfiguration', 'node.a', { prefixAdvertisements: advertised })), [
    { cidr: '10.0.0.0/8', communities: ['100:6532'] },
  ]);
  t.same(of(cluster, put('BGPConfiguration', 'node.b', { prefixAdvertisements: advertised }))?.length, 2);
});
t.test(
  'the next hop: keepOriginalNextHop is for external peers; ttlSecurity 0 is none; keepaliveTime is read',
  async (t) => {
    const of = (more: Record<string, unknown>) =>
      peersOf('a', [...three, noMesh, put('BGPPeer', 'p', { peerIP: '192.0.2.1', asNumber: 64512, ...more })])[0];
    t.equal(of({ asNumber: 65001, keepOriginalNextHop: true }).nextHop, 'keep');
    t.equal(of({ keepOriginalNextHop: true }).nextHop, 'auto');
    t.equal(of({ asNumber: 65001, localASNumber: 65001, keepOriginalNextHop: true }).nextHop, 'auto');
    t.equal(of({ nextHopMode: 'Keep' }).nextHop, 'keep');
    t.equal(of({}).nextHop, 'auto');
    t.notOk('ttlSecurity' in of({ ttlSecurity: 0 }));
    t.equal(of({ keepaliveTime: '1m10s' }).keepaliveTime, 70);
  },
);

t.test(
  'the status names rules that match nothing and filters that are not there, of filters that are used',
  async (t) => {
    const filter = put('BGPFilter', 'f', {
      importV6: [{ action: 'Accept' }, { action: 'Accept', vrf: 'red' }],
    } as never);
    const peer = put('BGPPeer', 'p', { peerIP: '192.0.2.1', asNumber: 64512, filters: ['f', 'missing'] });
    t.same(problemsOf('a', [...three, filter, peer]), [
      'BGPFilter f importV6[1] matches nothing: vrf is not known',
      'BGPFilter missing does not exist: peers that name it do without',
    ]);
    t.same(problemsOf('a', [...three, filter]), []);
  },
);
