import fc from 'fast-check';
import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import type { Node, ResourceOf } from '../../src/model/index.ts';
import { finalState } from './plain.ts';
import { claimed, gone, node, pool, put } from './resources.ts';
import { listed } from './tunnels.ts';

type Spec = ResourceOf<'KubernetesService'>['spec'];

const PLAIN: Spec = {
  type: 'ClusterIP',
  clusterIPs: ['10.96.0.1'],
  externalIPs: [],
  loadBalancerIPs: [],
  ipFamilies: ['IPv4'],
};
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';

const service = (name: string, spec: Partial<Spec> = {}): SourceUpdate =>
  put('KubernetesService', name, { ...PLAIN, ...spec }, { namespace: 'web' });
const slice = (
  service: string,
  readyNodes: readonly string[],
  addressType = 'IPv4',
  name = `${service}-1`,
): SourceUpdate =>
  put(
    'KubernetesEndpointSlice',
    name,
    { service, addresses: ['10.0.0.7'], ports: [], addressType, readyNodes: [...readyNodes] },
    { namespace: 'web' },
  );
const config = (spec: ResourceOf<'BGPConfiguration'>['spec']): SourceUpdate => put('BGPConfiguration', 'default', spec);
const cidrs = (...list: readonly string[]) => list.map((cidr) => ({ cidr }));

const CLUSTER = { serviceClusterIPs: cidrs('10.96.0.0/12') };
const EXTERNAL = { serviceExternalIPs: cidrs('203.0.113.0/24', '192.0.2.9/32') };
const BALANCER = { serviceLoadBalancerIPs: cidrs('198.51.100.0/24', '192.0.2.8/32') };
const ALL = { ...CLUSTER, ...EXTERNAL, ...BALANCER };
const WHOLE = ['10.96.0.0/12', '203.0.113.0/24', '198.51.100.0/24'];
const local = { externalTrafficPolicy: 'Local' };
const open = { externalTrafficPolicy: 'Cluster' };

interface Case {
  readonly what: string;
  readonly config: ResourceOf<'BGPConfiguration'>['spec'];
  readonly objects: readonly SourceUpdate[];
  readonly announced: readonly string[];
  readonly labels?: Record<string, string>;
}

const CASES: readonly Case[] = [
  { what: 'nothing is configured', config: {}, objects: [service('s', local), slice('s', ['a'])], announced: [] },
  { what: 'no services', config: ALL, objects: [], announced: WHOLE },
  {
    what: 'a CIDR as it was typed, and twice',
    config: { serviceClusterIPs: cidrs('10.96.1.2/12', '10.96.0.0/12'), serviceExternalIPs: [{}] },
    objects: [],
    announced: ['10.96.0.0/12'],
  },
  {
    what: 'a node that is excluded',
    config: ALL,
    labels: { [EXCLUDED]: 'true' },
    objects: [service('s', local), slice('s', ['a'])],
    announced: [],
  },
  {
    what: 'a label that excludes nobody',
    config: ALL,
    labels: { [EXCLUDED]: 'false' },
    objects: [],
    announced: WHOLE,
  },
  { what: 'ready here, not Local', config: ALL, objects: [service('s'), slice('s', ['a'])], announced: WHOLE },
  {
    what: 'Local, ready here',
    config: ALL,
    objects: [
      service('s', { ...local, type: 'LoadBalancer', externalIPs: ['203.0.113.5'], loadBalancerIPs: ['198.51.100.5'] }),
      slice('s', ['a', 'b']),
    ],
    announced: [...WHOLE, '10.96.0.1/32', '203.0.113.5/32', '198.51.100.5/32'],
  },
  {
    what: 'Local, ready elsewhere',
    config: ALL,
    objects: [service('s', local), slice('s', ['b', ''])],
    announced: WHOLE,
  },
  { what: 'Local, without endpoints', config: ALL, objects: [service('s', local)], announced: WHOLE },
  { what: 'endpoints without a Service', config: ALL, objects: [slice('s', ['a'])], announced: WHOLE },
  {
    what: 'addresses outside the lists; cluster addresses are not asked where they are',
    config: ALL,
    objects: [
      service('s', {
        ...{
          ...local,
          clusterIPs: ['10.200.0.1'],
          externalIPs: ['198.51.100.5', 'name'],
          loadBalancerIPs: ['8.8.8.8'],
        },
      }),
      slice('s', ['a']),
    ],
    announced: [...WHOLE, '10.200.0.1/32'],
  },
  {
    what: 'cluster addresses where none are wanted',
    config: EXTERNAL,
    objects: [service('s', { ...local, externalIPs: ['203.0.113.5'] }), slice('s', ['a'])],
    announced: ['203.0.113.0/24', '203.0.113.5/32'],
  },
  {
    what: 'headless, and of a name',
    config: ALL,
    objects: [
      service('s', { ...local, clusterIPs: [] }),
      slice('s', ['a']),
      service('n', { ...local, type: 'ExternalName' }),
      slice('n', ['a']),
    ],
    announced: WHOLE,
  },
  {
    what: 'both families: each address as soon as one family has an endpoint',
    config: { serviceClusterIPs: cidrs('10.96.0.0/12', 'fd00:96::/108') },
    objects: [
      service('s', { ...local, clusterIPs: ['10.96.0.1', 'fd00:96::1'], ipFamilies: ['IPv4', 'IPv6'] }),
      slice('s', ['b'], 'IPv4'),
      slice('s', ['a'], 'IPv6', 's-2'),
    ],
    announced: ['10.96.0.0/12', 'fd00:96::/108', '10.96.0.1/32', 'fd00:96::1/128'],
  },
  {
    what: 'endpoints of a family that the Service has not',
    config: CLUSTER,
    objects: [service('s', local), slice('s', ['a'], 'IPv6')],
    announced: ['10.96.0.0/12'],
  },
  {
    what: 'a listed single address that a load balancer has, wherever the endpoints are',
    config: BALANCER,
    objects: [service('s', { ...open, type: 'LoadBalancer', loadBalancerIPs: ['192.0.2.8'] })],
    announced: ['198.51.100.0/24', '192.0.2.8/32'],
  },
  {
    what: 'a listed single address that was asked of the load balancer: what it got is announced',
    config: BALANCER,
    objects: [
      service('s', { ...open, type: 'LoadBalancer', loadBalancerIP: '192.0.2.8', loadBalancerIPs: ['198.51.100.6'] }),
    ],
    announced: ['198.51.100.0/24', '198.51.100.6/32'],
  },
  {
    what: 'a listed single external address, with all that the Service has',
    config: ALL,
    objects: [service('s', { ...open, type: 'NodePort', externalIPs: ['192.0.2.9'] })],
    announced: [...WHOLE, '10.96.0.1/32', '192.0.2.9/32'],
  },
  {
    what: 'no aggregation: each Service with a ready endpoint anywhere, and no range of load balancers',
    config: { ...BALANCER, serviceLoadBalancerAggregation: 'Disabled' },
    objects: [
      service('s', { ...open, type: 'LoadBalancer', loadBalancerIPs: ['198.51.100.5'] }),
      slice('s', ['b']),
      service('t', { ...open, type: 'LoadBalancer', loadBalancerIPs: ['198.51.100.6'] }),
      slice('t', []),
      service('u', { ...local, type: 'LoadBalancer', loadBalancerIPs: ['198.51.100.7'] }),
      slice('u', ['b']),
    ],
    announced: ['198.51.100.5/32'],
  },
];

const announced = (calculation: Calculation): readonly string[] => [
  ...(calculation.desired().bgp?.announce.keys() ?? []),
];

for (const { what, config: spec, objects, announced: wanted, labels } of CASES) {
  t.test(`services: ${what}`, async (t) => {
    const self = node('a', '10.0.0.1', labels ? { labels } : {});
    const calculation = new Calculation({ nodename: 'a' });
    calculation.apply([self, config(spec), ...objects]);
    t.same([...announced(calculation)].sort(), [...wanted].sort());
    const late = new Calculation({ nodename: 'a' });
    for (const update of [...objects, self, config(spec)]) {
      late.apply([update]);
      late.desired();
    }
    t.same([...announced(late)].sort(), [...wanted].sort(), 'in whatever order it is told');
    const again = new Calculation({ nodename: 'a' });
    again.apply(
      calculation.inputs().map(
        (resource): SourceUpdate => ({
          key: { kind: resource.kind, name: resource.metadata.name, namespace: resource.metadata.namespace },
          resource,
        }),
      ),
    );
    t.same([...announced(again)].sort(), [...wanted].sort(), 'and from what is remembered of it');
  });
}

t.test('a cordoned node leaves Services to the others, where one of them can serve', async (t) => {
  const cordoned = (name: string, address: string): SourceUpdate => {
    const update = node(name, address);
    return { ...update, resource: { ...(update.resource as Node), status: { unschedulable: true } } };
  };
  const calculation = new Calculation({ nodename: 'a' });
  const one = { ...open, externalIPs: ['192.0.2.9'], clusterIPs: ['10.96.0.9'] };
  const objects = [service('s', local), slice('s', ['a', 'b']), service('one', one)];
  calculation.apply([node('a', '10.0.0.1'), node('b', '10.0.0.2'), config({ ...CLUSTER, ...EXTERNAL }), ...objects]);
  const all = ['10.96.0.0/12', '203.0.113.0/24', '10.96.0.1/32', '10.96.0.9/32', '192.0.2.9/32'];
  t.same([...announced(calculation)].sort(), [...all].sort());
  calculation.apply([cordoned('a', '10.0.0.1')]);
  t.same(announced(calculation), []);
  calculation.apply([slice('s', ['a'])]);
  t.same(announced(calculation), ['10.96.0.1/32'], 'it has the last endpoint');
  calculation.apply([slice('s', ['a', 'b'])]);
  t.same(announced(calculation), [], 'another has come elsewhere');
  calculation.apply([cordoned('b', '10.0.0.2')]);
  t.same([...announced(calculation)].sort(), [...all].sort(), 'all are cordoned');
  calculation.apply([node('b', '10.0.0.2')]);
  t.same(announced(calculation), []);
  calculation.apply([node('a', '10.0.0.1')]);
  t.same([...announced(calculation)].sort(), [...all].sort());
});

t.test('cluster addresses that the environment names go before those of BGPConfiguration', async (t) => {
  const calculation = new Calculation({ nodename: 'a', clusterIPs: ['10.97.0.0/16'] });
  calculation.apply([node('a', '10.0.0.1')]);
  t.same(announced(calculation), ['10.97.0.0/16'], 'also where there is none');
  calculation.apply([config({ ...CLUSTER, ...EXTERNAL })]);
  t.same([...announced(calculation)].sort(), ['10.97.0.0/16', '203.0.113.0/24']);
  t.same(calculation.desired().services.cidrs, ['10.97.0.0/16', '192.0.2.9/32', '203.0.113.0/24']);
});

t.test('an address that two Services have is withdrawn with the last of them, and says whose it is', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  const spec = { ...local, externalIPs: ['203.0.113.5'] };
  const objects = [service('s', spec), slice('s', ['a']), service('r', spec), slice('r', ['a'])];
  calculation.apply([node('a', '10.0.0.1'), config(EXTERNAL), ...objects]);
  const why = () => calculation.desired().bgp?.announce.get('203.0.113.5/32')?.why;
  t.equal(why(), 'service web/r, web/s');
  t.ok(calculation.apply([slice('s', ['b'])]));
  t.equal(why(), 'service web/r');
  t.ok(calculation.apply([gone('KubernetesService', 'r', 'web')]));
  t.equal(why(), undefined);
});

t.test(
  'a route reflector passes on what is inside the external ranges, also where it announces none itself',
  async (t) => {
    const reflected = (more: Parameters<typeof node>[2]) => {
      const calculation = new Calculation({ nodename: 'a' });
      calculation.apply([node('a', '10.0.0.1', more), config(ALL)]);
      return calculation.desired().bgp?.reflected;
    };
    const all = ['203.0.113.0/24', '192.0.2.9/32', '198.51.100.0/24', '192.0.2.8/32'];
    t.same(reflected({ clusterId: '10.0.0.1' }), all);
    t.same(reflected({ clusterId: '10.0.0.1', labels: { [EXCLUDED]: 'true' } }), all);
    t.equal(reflected({}), undefined);
  },
);

t.test('what a node announces of its pods goes before', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([node('a', '10.0.0.1'), pool('p', '10.244.0.0/16'), ...claimed('a', '10.244.0.0/26')]);
  calculation.apply([config({ serviceExternalIPs: cidrs('10.244.0.0/26') })]);
  t.match(listed(calculation.desired().bgp?.announce), [{ cidr: '10.244.0.0/26', why: 'own block' }]);
});

t.test('Services wake a node only where they are announced, and endpoints only where they decide', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([node('a', '10.0.0.1')]);
  calculation.desired();
  t.notOk(calculation.apply([service('s', local), service('open'), slice('s', ['b'])]), 'none are announced');
  t.ok(calculation.apply([config(CLUSTER)]));
  t.same(announced(calculation), ['10.96.0.0/12']);
  t.notOk(calculation.apply([slice('open', ['a'])]), 'its range covers it');
  t.ok(calculation.apply([slice('s', ['a', 'b'])]));
  t.same(announced(calculation), ['10.96.0.0/12', '10.96.0.1/32']);
  const before = calculation.desired();
  calculation.apply([slice('s', ['a', 'c'])]);
  t.equal(calculation.desired().bgp, before.bgp, 'another node’s endpoints are its own');
  t.ok(calculation.apply([service('more', { clusterIPs: ['10.96.0.9'] })]));
  t.equal(calculation.desired().bgp, before.bgp);
});

/** The specification: everything → what is announced of services, by looking at everything each time. */
function plain(state: readonly SourceUpdate[]): readonly string[] {
  const of = <Kind extends 'Node' | 'BGPConfiguration' | 'KubernetesService' | 'KubernetesEndpointSlice'>(kind: Kind) =>
    state.filter(({ key }) => key.kind === kind).map(({ resource }) => resource as ResourceOf<Kind>);
  const self = of('Node').find(({ metadata }) => metadata.name === 'a');
  const [{ spec } = { spec: {} as ResourceOf<'BGPConfiguration'>['spec'] }] = of('BGPConfiguration');
  if (self === undefined || self.metadata.labels?.[EXCLUDED] === 'true') return [];
  const list = (all: readonly { cidr?: string | undefined }[] | undefined) => (all ?? []).map(({ cidr = '' }) => cidr);
  const [cluster, external, balancer] = [
    list(spec.serviceClusterIPs),
    list(spec.serviceExternalIPs),
    list(spec.serviceLoadBalancerIPs),
  ];
  const isApart = spec.serviceLoadBalancerAggregation === 'Disabled';
  const told = new Set([...cluster, ...external.filter(wide), ...(isApart ? [] : balancer.filter(wide))]);
  for (const { metadata, spec: one } of cluster.length + external.length + balancer.length === 0
    ? []
    : of('KubernetesService')) {
    if (one.clusterIPs.length === 0) continue;
    const behind = of('KubernetesEndpointSlice').filter(
      (slice) => slice.spec.service === metadata.name && one.ipFamilies.includes(slice.spec.addressType ?? ''),
    );
    const isLocal = one.externalTrafficPolicy === 'Local';
    const ready = behind.some(({ spec: { readyNodes = [] } }) =>
      isLocal ? readyNodes.includes('a') : isApart && readyNodes.length > 0,
    );
    const single = [
      ...one.externalIPs.filter((address) => external.includes(`${address}/32`)),
      ...(one.type === 'LoadBalancer' ? one.loadBalancerIPs.filter((at) => balancer.includes(`${at}/32`)) : []),
    ];
    if (!ready && !(one.externalTrafficPolicy === 'Cluster' && single.length > 0)) continue;
    const inside = (address: string, ranges: readonly string[]): boolean =>
      ranges.some((range) => range === `${address}/32` || range.slice(0, 8) === address.slice(0, 8));
    for (const address of [
      ...(cluster.length > 0 ? one.clusterIPs : []),
      ...one.externalIPs.filter((at) => inside(at, external)),
      ...one.loadBalancerIPs.filter((at) => inside(at, balancer)),
    ])
      told.add(`${address}/32`);
  }
  return [...told].sort();
}

const wide = (cidr: string): boolean => !cidr.endsWith('/32');

const name = fc.constantFrom('s', 't', 'u');
const addresses = (...all: readonly string[]) => fc.subarray([...all]);
const ranges = (...all: readonly string[]) => fc.subarray([...all]).map((some) => cidrs(...some));
const update = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        name,
        type: fc.constantFrom('ClusterIP', 'LoadBalancer'),
        clusterIPs: addresses('10.96.0.1', '10.96.0.2'),
        externalIPs: addresses('203.0.113.5', '192.0.2.9', '9.9.9.9'),
        loadBalancerIPs: addresses('198.51.100.5', '192.0.2.8', '203.0.113.5'),
        ipFamilies: fc.constantFrom(['IPv4'], ['IPv4', 'IPv6']),
        externalTrafficPolicy: fc.constantFrom('Local', 'Cluster', ''),
      })
      .map(({ name, externalTrafficPolicy, ...spec }) =>
        service(name, { ...spec, ...(externalTrafficPolicy !== '' && { externalTrafficPolicy }) }),
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(name, fc.constantFrom('s', 't', 'u', ''), fc.subarray(['a', 'b', '']), fc.constantFrom('IPv4', 'IPv6'))
      .map(([at, of, ready, family]) => slice(of, ready, family, `slice-${at}`)),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        serviceClusterIPs: ranges('10.96.0.0/12'),
        serviceExternalIPs: ranges('203.0.113.0/24', '192.0.2.9/32'),
        serviceLoadBalancerIPs: ranges('198.51.100.0/24', '192.0.2.8/32'),
        serviceLoadBalancerAggregation: fc.constantFrom('Enabled' as const, 'Disabled' as const),
      })
      .map(config),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((out) => node('a', '10.0.0.1', out ? { labels: { [EXCLUDED]: 'true' } } : {})),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      name.map((one) => gone('KubernetesService', one, 'web')),
      name.map((one) => gone('KubernetesEndpointSlice', `slice-${one}`, 'web')),
      fc.constant(gone('BGPConfiguration', 'default')),
    ),
  },
);

t.test('any history of services in any batching gives what the specification gives for its end', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.array(update, { maxLength: 4 }), { maxLength: 14 }), (batches) => {
      const calculation = new Calculation({ nodename: 'a' });
      const history = [[node('a', '10.0.0.1')], ...batches];
      let desired = calculation.desired();
      for (const batch of history) if (calculation.apply(batch)) desired = calculation.desired();
      t.same([...desired.bgp!.announce.keys()].sort(), plain(finalState(history.flat())));
      return t.passing();
    }),
    { numRuns: 500 },
  );
});
