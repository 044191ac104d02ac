import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import type { Node, ResourceOf } from '../../src/model/index.ts';
import { node, put } from './resources.ts';

type Spec = ResourceOf<'KubernetesService'>['spec'];

const PLAIN: Spec = {
  type: 'ClusterIP',
  clusterIPs: ['10.96.0.1'],
  externalIPs: [],
  loadBalancerIPs: [],
  ipFamilies: ['IPv4'],
};
const LOCAL = { externalTrafficPolicy: 'Local' } as const;
const ALL = {
  serviceClusterIPs: [{ cidr: '10.96.0.0/12' }],
  serviceExternalIPs: [{ cidr: '203.0.113.0/24' }, { cidr: '192.0.2.9/32' }],
  serviceLoadBalancerIPs: [{ cidr: '198.51.100.0/24' }],
};

interface Given {
  readonly spec: Partial<Spec>;
  readonly ready?: readonly string[];
  readonly config?: ResourceOf<'BGPConfiguration'>['spec'];
  readonly labels?: Record<string, string>;
  readonly isCordoned?: boolean;
}

/** The lines about the one Service, at node a: address, what is announced of it, why. */
function told({ spec, ready = [], config = ALL, labels, isCordoned }: Given): readonly (readonly unknown[])[] {
  const self = node('a', '192.0.2.1', labels && { labels });
  const cordoned = { ...self, resource: { ...self.resource, status: { unschedulable: true } } as Node } as SourceUpdate;
  const slice = { service: 's', addresses: [], ports: [], addressType: 'IPv4', readyNodes: [...ready] };
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([
    isCordoned ? cordoned : self,
    node('b', '192.0.2.2'),
    put('BGPConfiguration', 'default', config),
    put('KubernetesService', 's', { ...PLAIN, ...spec }, { namespace: 'web' }),
    put('KubernetesEndpointSlice', 's-1', slice, { namespace: 'web' }),
  ]);
  return calculation.advertised().map(({ service, address, announced, why }) => {
    t.equal(service, 'web/s');
    return [address, announced, why];
  });
}

t.test('a cluster address goes out inside its range, and by itself where it is Local and served here', async (t) => {
  t.match(told({ spec: {}, ready: ['b'] }), [
    ['10.96.0.1', '10.96.0.0/12', /inside a range of serviceClusterIPs .*; by itself not: only what is Local/],
  ]);
  t.match(told({ spec: LOCAL, ready: ['a', 'b'] }), [
    ['10.96.0.1', '10.96.0.1/32', 'Local, and an endpoint is ready here; nodes with one: a, b'],
  ]);
  t.match(told({ spec: LOCAL, ready: ['b', 'c'] }), [
    ['10.96.0.1', '10.96.0.0/12', /by itself not: Local, and no endpoint is ready here; nodes with one: b, c$/],
  ]);
  t.match(told({ spec: LOCAL }), [['10.96.0.1', '10.96.0.0/12', /no endpoint is ready here; none is anywhere$/]]);
});

t.test('external and load balancers’ addresses go out where a range has them', async (t) => {
  const addresses = { externalIPs: ['203.0.113.7', '192.0.2.9', '192.0.2.77'], loadBalancerIPs: ['198.51.100.3'] };
  const spec = { ...addresses, type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' };
  t.match(told({ spec, ready: ['b'] }).slice(1), [
    ['203.0.113.7', '203.0.113.7/32', 'one of its addresses is a range of its own'],
    ['192.0.2.9', '192.0.2.9/32', 'one of its addresses is a range of its own'],
    ['192.0.2.77', undefined, 'in no range of serviceExternalIPs (BGPConfiguration default)'],
    ['198.51.100.3', '198.51.100.3/32', 'one of its addresses is a range of its own'],
  ]);
  t.match(
    told({ spec: { loadBalancerIPs: ['198.51.100.3'] }, config: { serviceClusterIPs: ALL.serviceClusterIPs } })[1],
    ['198.51.100.3', undefined, 'serviceLoadBalancerIPs (BGPConfiguration default) lists no range'],
  );
});

t.test('a node that leaves Services to others says so', async (t) => {
  const label = { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' };
  t.match(told({ spec: LOCAL, ready: ['a'], labels: label }), [['10.96.0.1', undefined, /this node has the label/]]);
  t.match(told({ spec: LOCAL, ready: ['a', 'b'], isCordoned: true }), [
    ['10.96.0.1', undefined, 'this node is cordoned, and others can serve it; nodes with one: a, b'],
  ]);
  t.match(told({ spec: LOCAL, ready: ['a'], isCordoned: true }), [
    ['10.96.0.1', '10.96.0.1/32', 'Local, and an endpoint is ready here; nodes with one: a'],
  ]);
});

t.test('what is said agrees with what is announced', async (t) => {
  const many = Array.from({ length: 12 }, (_, at) => `n${at + 10}`);
  t.match(told({ spec: LOCAL, ready: many })[0][2], /n10, n11, n12, n13, n14, n15, n16, n17 and 4 more$/);
  t.same(told({ spec: { clusterIPs: ['None'] } }), [], 'headless');
  t.match(told({ spec: LOCAL, config: {} }), [['10.96.0.1', undefined, /lists no range$/]]);
});
