import t from 'tap';
import { Calculation, type DesiredPeer, type SourceUpdate } from '../../src/calc/index.ts';
import { put } from './resources.ts';
import { listed } from './tunnels.ts';

/**
 * Clusters for which Calico's own tests say which sessions a node gets, and how. Each line is one session: address, port,
 * AS, type, and what is special about it. Documented differences are marked.
 */
interface Cluster {
  readonly name: string;
  readonly node: string;
  readonly objects: readonly SourceUpdate[];
  readonly sessions: readonly string[];
}

function node(
  name: string,
  four: string,
  six?: string,
  labels?: Record<string, string>,
  clusterId?: string,
): SourceUpdate {
  const bgp = {
    ...(four !== '' && { ipv4Address: `${four}/16` }),
    ...(six !== undefined && { ipv6Address: `${six}/96` }),
    ...(clusterId !== undefined && { routeReflectorClusterID: clusterId }),
  };
  return put('Node', name, { bgp }, labels ? { labels } : {});
}

const RR = { routeReflector: 'true' };
const noMesh = (more: object = {}): SourceUpdate =>
  put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false, ...more });
const plain = [node('master', '10.192.0.2'), node('one', '10.192.0.3'), node('two', '10.192.0.4')];
const dual = (labels: Record<string, string>): readonly SourceUpdate[] => [
  node('master', '10.192.0.2', '2001::103', labels),
  node('one', '10.192.0.3', '2001::102'),
  node('two', '10.192.0.4', '2001::104'),
];

const CLUSTERS: readonly Cluster[] = [
  {
    name: 'mesh with a listen port, without a password',
    node: 'master',
    objects: [...plain, put('BGPConfiguration', 'default', { listenPort: 177, nodeMeshMaxRestartTime: '2m30s' })],
    sessions: [
      '10.192.0.3 177 64512 mesh from 10.192.0.2 restart 150',
      '10.192.0.4 177 64512 mesh from 10.192.0.2 restart 150',
    ],
  },
  {
    name: 'mesh of nodes with reflectors among them: those are no part of it',
    node: 'one',
    objects: [
      node('master', '10.192.0.2', undefined, RR, '10.0.0.1'),
      ...plain.slice(1),
      put('BGPPeer', 'rr', { nodeSelector: 'all()', peerSelector: 'has(routeReflector)' }),
    ],
    sessions: ['10.192.0.2 179 64512 node from 10.192.0.3', '10.192.0.4 179 64512 mesh from 10.192.0.3'],
  },
  {
    name: 'nodes without IPv4 addresses have no part in the mesh of that family',
    node: 'one',
    objects: [node('master', '', 'fd5f::2'), node('one', '10.192.0.3', 'fd5f::3'), node('two', '10.192.0.4')],
    sessions: ['10.192.0.4 179 64512 mesh from 10.192.0.3', 'fd5f::2 179 64512 mesh from fd5f::3'],
  },
  {
    name: 'selectors on both sides, and a node with a listen port of its own',
    node: 'master',
    objects: [
      noMesh(),
      put('BGPConfiguration', 'node.one', { listenPort: 500 }),
      put('BGPPeer', 'p', { nodeSelector: "group=='one'", peerSelector: "group=='two'" }),
      node('master', '10.192.0.2', 'fd5f::2', { group: 'one' }),
      node('one', '10.192.0.3', 'fd5f::3', { group: 'two' }),
      node('two', '10.192.0.4', 'fd5f::4', { group: 'two' }),
    ],
    sessions: [
      '10.192.0.3 500 64512 node from 10.192.0.2',
      '10.192.0.4 179 64512 node from 10.192.0.2',
      'fd5f::3 500 64512 node from fd5f::2',
      'fd5f::4 179 64512 node from fd5f::2',
    ],
  },
  {
    name: 'global peers: the port of a node where none is named, another one where it is, no source address',
    node: 'master',
    objects: [
      noMesh({ asNumber: 64567, listenPort: 150, bindMode: 'NodeIP' }),
      put('BGPPeer', 'one', { peerIP: '10.192.0.3', asNumber: 64567, sourceAddress: 'None' }),
      put('BGPPeer', 'two', { peerIP: '10.192.0.1:166', asNumber: 64567 }),
      put('BGPPeer', 'three', { peerIP: '10.192.0.1', asNumber: 64567 }),
      node('master', '10.192.0.2'),
      node('one', '10.192.0.3'),
      node('two', '10.192.0.1'),
    ],
    sessions: [
      '10.192.0.1 150 64567 global from 10.192.0.2',
      '10.192.0.1 166 64567 global from 10.192.0.2',
      '10.192.0.3 150 64567 global',
    ],
  },
  {
    name: 'global peers outside keep the well-known port, whatever the nodes listen on',
    node: 'master',
    objects: [
      noMesh({ asNumber: 64567, listenPort: 150 }),
      put('BGPPeer', 'outside', { peerIP: '172.19.4.1', asNumber: 65001 }),
      put('BGPPeer', 'other-as', { peerIP: '10.192.0.3', asNumber: 65002 }),
      ...plain,
    ],
    sessions: ['10.192.0.3 179 65002 global from 10.192.0.2', '172.19.4.1 179 65001 global from 10.192.0.2'],
  },
  {
    name: 'a reflector found by its IPv6 address alone: peered with over IPv6, both ways, with clients',
    node: 'master',
    objects: [
      noMesh({ asNumber: 64532 }),
      put('BGPPeer', 'outside4', { peerIP: '172.19.4.87', asNumber: 64533, nodeSelector: 'has(routeReflector)' }),
      put('BGPPeer', 'outside6', { peerIP: '[ac13::57]:50', asNumber: 64533, nodeSelector: 'has(routeReflector)' }),
      put('BGPPeer', 'others', { peerIP: 'fe0a::2' }),
      node('master', '10.192.0.2', 'fe0a::2', RR, '10.0.0.1'),
      node('one', '10.192.0.3', 'fe0a::3'),
      node('two', '10.192.0.4', 'fe0a::4'),
    ],
    sessions: [
      '172.19.4.87 179 64533 node from 10.192.0.2',
      'ac13::57 50 64533 node from fe0a::2',
      'fe0a::3 179 64532 node from fe0a::2 client of 10.0.0.1',
      'fe0a::4 179 64532 node from fe0a::2 client of 10.0.0.1',
    ],
  },
  {
    name: 'the same, seen by another node: a global peer',
    node: 'one',
    objects: [
      noMesh({ asNumber: 64532 }),
      put('BGPPeer', 'others', { peerIP: 'fe0a::2' }),
      node('master', '10.192.0.2', 'fe0a::2', RR, '10.0.0.1'),
      node('one', '10.192.0.3', 'fe0a::3'),
    ],
    sessions: ['fe0a::2 179 64532 global from fe0a::3'],
  },
  {
    name: 'keepOriginalNextHop counts for external peers, and clients are reflected to',
    node: 'master',
    objects: [
      noMesh({ asNumber: 64532 }),
      put('BGPPeer', 'outside', {
        peerIP: '172.19.4.87',
        asNumber: 64533,
        nodeSelector: 'has(routeReflector)',
        keepOriginalNextHop: true,
      }),
      put('BGPPeer', 'inside', {
        peerIP: '172.19.4.88',
        asNumber: 64532,
        nodeSelector: 'has(routeReflector)',
        keepOriginalNextHop: true,
      }),
      put('BGPPeer', 'others', { nodeSelector: 'all()', peerSelector: 'has(routeReflector)' }),
      node('master', '10.192.0.2', 'fe0a::2', RR, '10.0.0.1'),
      ...plain.slice(1),
    ],
    sessions: [
      '10.192.0.3 179 64532 node from 10.192.0.2 client of 10.0.0.1',
      '10.192.0.4 179 64532 node from 10.192.0.2 client of 10.0.0.1',
      '172.19.4.87 179 64533 node from 10.192.0.2 next hop keep',
      '172.19.4.88 179 64532 node from 10.192.0.2 client of 10.0.0.1',
    ],
  },
  {
    name: 'nextHopMode counts for peers of either kind',
    node: 'master',
    objects: [
      noMesh(),
      ...dual({ rr: 'true' }),
      put('BGPPeer', 'with-reflectors', { nodeSelector: 'all()', peerSelector: "rr == 'true'" }),
      put('BGPPeer', 'a4', {
        peerIP: '10.225.0.4',
        asNumber: 65515,
        nextHopMode: 'Keep',
        nodeSelector: "rr == 'true'",
      }),
      put('BGPPeer', 'b4', {
        peerIP: '10.225.0.5',
        asNumber: 64512,
        nextHopMode: 'Self',
        nodeSelector: "rr == 'true'",
      }),
      put('BGPPeer', 'a6', { peerIP: 'ffee::10', asNumber: 65515, nextHopMode: 'Keep', nodeSelector: "rr == 'true'" }),
    ],
    sessions: [
      '10.192.0.3 179 64512 node from 10.192.0.2',
      '10.192.0.4 179 64512 node from 10.192.0.2',
      '10.225.0.4 179 65515 node from 10.192.0.2 next hop keep',
      '10.225.0.5 179 64512 node from 10.192.0.2 next hop self',
      '2001::102 179 64512 node from 2001::103',
      '2001::104 179 64512 node from 2001::103',
      'ffee::10 179 65515 node from 2001::103 next hop keep',
    ],
  },
  {
    name: 'no mirror when reverse peering is manual',
    node: 'master',
    objects: [
      noMesh(),
      ...dual({ rr: 'true' }),
      put('BGPPeer', 'p', { nodeSelector: 'all()', peerSelector: "rr == 'true'", reversePeering: 'Manual' }),
    ],
    sessions: [],
  },
  {
    name: 'TTL security goes with a selector to each of the peers',
    node: 'master',
    objects: [
      noMesh(),
      node('master', '10.192.0.2'),
      node('one', '10.192.0.3', undefined, { ttl: 'true' }),
      node('two', '10.192.0.4', undefined, { ttl: 'true' }),
      put('BGPPeer', 'p', { node: 'master', peerSelector: 'has(ttl)', ttlSecurity: 1 }),
    ],
    sessions: ['10.192.0.3 179 64512 node from 10.192.0.2 ttl 1', '10.192.0.4 179 64512 node from 10.192.0.2 ttl 1'],
  },
  {
    name: 'allowed occurrences of the own AS are a session’s, and the other end’s mirror has none',
    node: 'master',
    objects: [
      noMesh(),
      ...plain,
      put('BGPPeer', 'one', { node: 'master', peerIP: '10.192.0.3', asNumber: 64512, numAllowedLocalASNumbers: 1 }),
      put('BGPPeer', 'two', { node: 'master', peerIP: '10.192.0.4', asNumber: 64566 }),
    ],
    sessions: ['10.192.0.3 179 64512 node from 10.192.0.2 own AS 1', '10.192.0.4 179 64566 node from 10.192.0.2'],
  },
  {
    name: 'a node-specific peering of another node comes back as its mirror',
    node: 'two',
    objects: [noMesh(), ...plain, put('BGPPeer', 'p', { node: 'one', peerIP: '10.192.0.4', asNumber: 64512 })],
    sessions: ['10.192.0.3 179 64512 node from 10.192.0.4'],
  },
  {
    name: 'a peer that names a node which is not there, or has no address, is nobody’s',
    node: 'one',
    objects: [
      noMesh(),
      ...plain.slice(1),
      put('Node', 'master', {}),
      put('BGPPeer', 'gone', { node: 'gone', peerIP: '10.192.0.2', asNumber: 64512 }),
      put('BGPPeer', 'none', { nodeSelector: 'all()', peerSelector: "x == 'y'" }),
      put('BGPPeer', 'empty', {}),
    ],
    sessions: [],
  },
];

for (const { name, node: on, objects, sessions } of CLUSTERS) {
  t.test(`as Calico: ${name}`, async (t) => {
    const calculation = new Calculation({ nodename: on });
    calculation.apply(objects);
    const told = listed(calculation.desired().bgp?.peers).map(describe).sort();
    t.same(told, sessions);
  });
}

function describe(peer: DesiredPeer): string {
  const type = { global: 'global', 'node specific': 'node', 'node-to-node mesh': 'mesh', 'local workload': 'pod' }[
    peer.type
  ];
  return [
    `${peer.address} ${peer.port} ${peer.asn} ${type}`,
    peer.localAddress === undefined ? '' : `from ${peer.localAddress}`,
    peer.nextHop === 'auto' ? '' : `next hop ${peer.nextHop}`,
    peer.clusterId === undefined ? '' : `client of ${peer.clusterId}`,
    peer.ttlSecurity === undefined ? '' : `ttl ${peer.ttlSecurity}`,
    peer.allowLocalAs ? `own AS ${peer.allowLocalAs}` : '',
    peer.restartTime === undefined ? '' : `restart ${peer.restartTime}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}
