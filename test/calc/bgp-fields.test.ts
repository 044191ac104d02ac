import t from 'tap';
import { Calculation, type Desired, effectOf, type SourceUpdate } from '../../src/calc/index.ts';
import { definitionOf } from '../../src/model/index.ts';
import { shapeOf } from '../../src/model/schema.ts';
import { node, pod, put } from './resources.ts';
import { listed } from './tunnels.ts';

/*
 * Every field of BGPConfiguration and BGPPeer: a value of it, what is looked at, and what that is without and with the value.
 */

type Spec = Readonly<Record<string, unknown>>;

interface FieldCase {
  /** The value. */
  readonly is: unknown;
  /** What else the object says, in both cases. */
  readonly beside?: Spec;
  readonly look: (desired: Desired) => unknown;
  readonly without: unknown;
  readonly with: unknown;
}

const bgp = (desired: Desired) => desired.bgp!;
const peers = (desired: Desired) => listed(desired.bgp?.peers);
const problems = (desired: Desired) => bgp(desired).problems;
const announced = (desired: Desired) => bgp(desired).announce.map(({ cidr }) => cidr);
/** One property of the session with another node, or of the one that the BGPPeer asks for. */
const of = (field: string) => (desired: Desired) => (peers(desired)[0] as unknown as Spec | undefined)?.[field];
const addresses = (desired: Desired) => peers(desired).map(({ address }) => address);
const SECRET = { secretKeyRef: { name: 'bgp', key: 'mesh' } };
const RANGE = [{ cidr: '203.0.113.0/24' }];
const MARKED = [{ cidr: '10.0.0.0/8', communities: ['rack'] }];

const CONFIGURATION: Readonly<Record<string, FieldCase>> = {
  logSeverityScreen: {
    is: 'Debug',
    look: problems,
    without: [],
    with: [/logSeverityScreen has no effect: how much a daemon logs/],
  },
  nodeToNodeMeshEnabled: { is: false, look: addresses, without: ['10.0.0.2'], with: [] },
  asNumber: { is: '1.10', look: (desired) => bgp(desired).asn, without: 64512, with: 65546 },
  serviceClusterIPs: { is: RANGE, look: announced, without: [], with: ['203.0.113.0/24'] },
  serviceExternalIPs: { is: RANGE, look: announced, without: [], with: ['203.0.113.0/24'] },
  serviceLoadBalancerIPs: { is: RANGE, look: announced, without: [], with: ['203.0.113.0/24'] },
  serviceLoadBalancerAggregation: {
    ...{ is: 'Disabled', beside: { serviceLoadBalancerIPs: RANGE } },
    ...{ look: announced, without: ['203.0.113.0/24'], with: [] },
  },
  communities: {
    ...{ is: [{ name: 'rack', value: '65000:7' }], beside: { prefixAdvertisements: MARKED } },
    look: (desired) => bgp(desired).communities,
    ...{ without: [], with: [{ cidr: '10.0.0.0/8', communities: ['65000:7'] }] },
  },
  prefixAdvertisements: {
    ...{ is: MARKED, beside: { communities: [{ name: 'rack', value: '65000:7' }] } },
    look: (desired) => bgp(desired).communities.map(({ cidr }) => cidr),
    ...{ without: [], with: ['10.0.0.0/8'] },
  },
  listenPort: { is: 1790, look: (desired) => bgp(desired).listenPort, without: 179, with: 1790 },
  nodeMeshPassword: { is: SECRET, look: of('password'), without: undefined, with: 'hush' },
  nodeMeshMaxRestartTime: { is: '90s', look: of('restartTime'), without: undefined, with: 90 },
  bindMode: {
    is: 'NodeIP',
    look: (desired) => bgp(desired).listenAddresses,
    without: ['0.0.0.0', '::'],
    with: ['10.0.0.1'],
  },
  ignoredInterfaces: { is: ['eth7'], look: (desired) => bgp(desired).ignoredInterfaces, without: [], with: ['eth7'] },
  localWorkloadPeeringIPV4: {
    ...{ is: '169.254.0.179', look: (desired) => desired.workloads[0]?.peeringAddresses },
    ...{ without: undefined, with: ['169.254.0.179/32'] },
  },
  localWorkloadPeeringIPV6: {
    ...{ is: 'fd12::1', look: (desired) => desired.workloads[0]?.peeringAddresses },
    ...{ without: undefined, with: ['fd12::1/128'] },
  },
  programClusterRoutes: {
    is: 'Disabled',
    look: problems,
    without: [],
    with: [/programClusterRoutes has no effect: one process/],
  },
  ipv4NormalRoutePriority: {
    ...{ is: 10, look: (desired) => bgp(desired).localPrefs[4], without: 2147482623, with: 2147483637 },
  },
  ipv6NormalRoutePriority: {
    ...{ is: 10, look: (desired) => bgp(desired).localPrefs[6], without: 2147482623, with: 2147483637 },
  },
};

/** What each BGPPeer says unless the field under test is in the way of it. */
const NAMED = { peerIP: '192.0.2.1', asNumber: 65001 };

const PEER: Readonly<Record<string, FieldCase>> = {
  node: { is: 'b', beside: NAMED, look: addresses, without: ['192.0.2.1'], with: [] },
  nodeSelector: { is: "rack == '2'", beside: NAMED, look: addresses, without: ['192.0.2.1'], with: [] },
  peerIP: { is: '[fd00::9]:1179', beside: { asNumber: 65001 }, look: addresses, without: [], with: ['fd00::9'] },
  asNumber: { is: 65002, beside: { peerIP: '192.0.2.1' }, look: of('asn'), without: 64512, with: 65002 },
  localASNumber: { is: 65009, beside: NAMED, look: of('localAsn'), without: undefined, with: 65009 },
  peerSelector: { is: "rack == '2'", look: addresses, without: [], with: ['10.0.0.2'] },
  localWorkloadSelector: {
    is: 'all()',
    beside: { asNumber: 65401 },
    look: of('passive'),
    without: undefined,
    with: true,
  },
  keepOriginalNextHop: { is: true, beside: NAMED, look: of('nextHop'), without: 'auto', with: 'keep' },
  nextHopMode: { is: 'Self', beside: NAMED, look: of('nextHop'), without: 'auto', with: 'self' },
  password: { is: SECRET, beside: NAMED, look: of('password'), without: undefined, with: 'hush' },
  sourceAddress: { is: 'None', beside: NAMED, look: of('localAddress'), without: '10.0.0.1', with: undefined },
  maxRestartTime: { is: '2m', beside: NAMED, look: of('restartTime'), without: undefined, with: 120 },
  keepaliveTime: { is: '7s', beside: NAMED, look: of('keepaliveTime'), without: undefined, with: 7 },
  numAllowedLocalASNumbers: { is: 2, beside: NAMED, look: of('allowLocalAs'), without: undefined, with: 2 },
  ttlSecurity: { is: 1, beside: NAMED, look: of('ttlSecurity'), without: undefined, with: 1 },
  reachableBy: { is: '10.0.0.254', beside: NAMED, look: of('reachableBy'), without: undefined, with: '10.0.0.254' },
  failureDetectionMode: { is: 'BFD', beside: NAMED, look: of('failureDetection'), without: undefined, with: 'any' },
  filters: { is: ['f'], beside: NAMED, look: of('filters'), without: [], with: ['f'] },
  reversePeering: {
    ...{ is: 'Manual', beside: { node: 'b', peerIP: '10.0.0.1', asNumber: 64512 } },
    ...{ look: addresses, without: ['10.0.0.2'], with: [] },
  },
};

/** What node `a` is to be in a cluster with another node and a pod. */
function desired(objects: readonly SourceUpdate[]): Desired {
  const calculation = new Calculation({ nodename: 'a' });
  const own = pod('a', 'p', '10.244.1.2', { ipNetworks: ['10.244.1.2/32', 'fd00:1::2/128'] });
  const nodes = [node('a', '10.0.0.1', { labels: { rack: '1' } }), node('b', '10.0.0.2', { labels: { rack: '2' } })];
  calculation.apply([...nodes, own, ...objects]);
  calculation.setSecret('bgp', { mesh: 'hush' });
  return calculation.desired();
}

const withPods = put('BGPPeer', 'pods', { localWorkloadSelector: 'all()', asNumber: 65401 });
const MESHLESS = put('BGPConfiguration', 'default', {
  nodeToNodeMeshEnabled: false,
  localWorkloadPeeringIPV4: '169.254.0.1',
});

t.test('a port of 0 is none, a negative or unreadable duration no duration', async (t) => {
  const of = (spec: Spec) => desired([put('BGPConfiguration', 'default', spec as never)]);
  const restart = (nodeMeshMaxRestartTime: string) => peers(of({ nodeMeshMaxRestartTime }))[0]?.restartTime;
  t.equal(bgp(of({ listenPort: 0 })).listenPort, 179);
  t.equal(restart('-90s'), undefined);
  t.equal(restart('1m.5s'), 60.5);
});

const TABLES = {
  BGPConfiguration: {
    cases: CONFIGURATION,
    world: (field: string, spec: Spec) =>
      desired([
        put('BGPConfiguration', 'default', spec as never),
        ...(field.startsWith('localWork') ? [withPods] : []),
      ]),
  },
  BGPPeer: {
    cases: PEER,
    world: (_: string, spec: Spec) => desired([MESHLESS, put('BGPPeer', 'peer', spec as never)]),
  },
} as const;

for (const kind of ['BGPConfiguration', 'BGPPeer'] as const) {
  const { cases, world } = TABLES[kind];
  t.test(`every field of ${kind} has its effect, or the status says why not`, async (t) => {
    t.same(Object.keys(cases).sort(), Object.keys(shapeOf(definitionOf(kind).spec) ?? {}).sort(), 'the table is whole');
    for (const [field, { is, beside = {}, look, without, with: after }] of Object.entries(cases)) {
      t.same(look(world(field, beside)), without, `${field}: without it`);
      const found = look(world(field, { ...beside, [field]: is }));
      const isTold = look === problems;
      if (isTold) t.match(found, after, `${field}: the status`);
      else t.same(found, after, `${field}: with it`);
      t.equal(effectOf(kind, field)?.kind, isTold ? 'no effect' : 'acted on', `${field}: as the table of effects says`);
    }
  });
}
