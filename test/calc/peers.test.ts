import t from 'tap';
import { Calculation, type DesiredPeer, type Update } from '../../src/calc/index.ts';
import { gone, node, put } from './resources.ts';

function peersOf(nodename: string, updates: readonly Update[]): readonly DesiredPeer[] {
  const calculation = new Calculation({ nodename });
  calculation.apply(updates);
  return calculation.desired().bgp?.peers ?? [];
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
