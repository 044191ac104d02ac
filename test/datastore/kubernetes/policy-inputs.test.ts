import t, { type Test } from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { Syncer, type SyncStatus, type Update } from '../../../src/datastore/index.ts';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { type KubernetesKind, kubernetesKinds } from '../../../src/model/index.ts';
import { follow } from '../../contracts/store.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';

const admin = 'policy.networking.k8s.io';
/** Where a cluster keeps each kind. */
const PLACES: Readonly<Record<KubernetesKind, readonly [resource: string, namespace?: string]>> = {
  KubernetesNetworkPolicy: ['networkpolicies.networking.k8s.io', 'web'],
  KubernetesAdminNetworkPolicy: [`adminnetworkpolicies.${admin}`],
  KubernetesBaselineAdminNetworkPolicy: [`baselineadminnetworkpolicies.${admin}`],
  KubernetesClusterNetworkPolicy: [`clusternetworkpolicies.${admin}`],
  KubernetesEndpointSlice: ['endpointslices.discovery.k8s.io', 'web'],
  KubernetesService: ['services', 'web'],
};
const place = (kind: KubernetesKind) => ({ resource: PLACES[kind][0], namespace: PLACES[kind][1] });
const policies = kubernetesKinds.filter((kind) => /Policy$/.test(kind));

t.test('policies of Kubernetes are read with all that their spec says, known or not', async (t) => {
  const { store, server } = await start(t);
  server.unknown.clear();
  const spec = { podSelector: {}, tier: 'Admin', future: { deep: [1, null, { a: 'b' }] } };
  for (const kind of policies) {
    const metadata = { name: 'p', labels: { a: 'b' }, managedFields: [{ manager: 'kubectl' }] };
    server.objects.create(place(kind), { metadata, spec });
    const { items, revision } = await store.list(kind);
    t.match(items, [{ apiVersion: 'projectcalico.org/v3', kind, metadata: { name: 'p', labels: { a: 'b' } } }]);
    t.same(items[0].spec, spec);
    t.notOk('managedFields' in items[0].metadata);
    const [, namespace] = PLACES[kind];
    t.equal(items[0].metadata.namespace, namespace);
    t.same(await store.get({ kind, name: 'p', namespace }), items[0]);
    t.equal(await store.get({ kind, name: 'none', namespace }), undefined);
    const watch = follow(store, kind, revision);
    server.objects.create(place(kind), { metadata: { name: 'second' } });
    server.objects.delete(place(kind), 'p', {});
    const events = await watch.take(2);
    t.same(
      events.map(({ type, resource }) => [type, resource.metadata.name]),
      [
        ['added', 'second'],
        ['deleted', 'p'],
      ],
    );
    t.same(events[0].resource.spec, {});
    await watch.stop();
  }
});

t.test('of an EndpointSlice there are its Service, addresses and ports, as Calico takes them', async (t) => {
  const { store, server } = await start(t);
  const base = { addressType: 'IPv4', ports: [{ name: 'http', protocol: 'TCP', port: 8080 }] };
  const of = (addresses: readonly string[], conditions = {}) => ({ addresses, conditions });
  const labels = { 'kubernetes.io/service-name': 'api' };
  const cases: readonly (readonly [what: string, slice: object, wanted: object])[] = [
    [
      'ready or not, serving or terminating',
      {
        ...base,
        endpoints: [of(['10.0.0.1'], { ready: true }), of(['10.0.0.2'], { ready: false, terminating: true })],
      },
      {
        ...{ service: 'api', addresses: ['10.0.0.1', '10.0.0.2'], ports: [{ protocol: 'TCP', port: 8080 }] },
        ...{ addressType: 'IPv4', readyNodes: [''] },
      },
    ],
    [
      'IPv6, the same address twice',
      { ...base, addressType: 'IPv6', endpoints: [of(['fd00::1', 'fd00::2']), of(['fd00::1'])] },
      { addresses: ['fd00::1', 'fd00::2'] },
    ],
    [
      'a protocol that is not said is TCP; a port without number is none',
      { ...base, ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }, { name: 'any' }, { port: null }], endpoints: [] },
      {
        ports: [
          { protocol: 'TCP', port: 80 },
          { protocol: 'UDP', port: 53 },
        ],
      },
    ],
    ['neither endpoints nor ports', { ...base, endpoints: null, ports: null }, { addresses: [], ports: [] }],
    [
      'nodes with an endpoint that is ready or says nothing of it, and does not terminate',
      {
        ...base,
        endpoints: [
          { ...of(['10.0.0.1'], { ready: true }), nodeName: 'b' },
          { ...of(['10.0.0.2'], {}), nodeName: 'a' },
          { ...of(['10.0.0.3'], { ready: null }), nodeName: 'a' },
          { ...of(['10.0.0.4'], { ready: false }), nodeName: 'c' },
          { ...of(['10.0.0.5'], { ready: true, terminating: true }), nodeName: 'd' },
          { addresses: ['10.0.0.6'], nodeName: 'e' },
        ],
      },
      { readyNodes: ['a', 'b', 'e'] },
    ],
    ['names of hosts', { ...base, addressType: 'FQDN', endpoints: [of(['a.example'])] }, { addresses: [] }],
  ];
  for (const [at, [, slice]] of cases.entries()) {
    server.objects.create(place('KubernetesEndpointSlice'), { metadata: { name: `s${at}`, labels }, ...slice });
  }
  const { items, revision } = await store.list('KubernetesEndpointSlice');
  for (const [at, [what, , wanted]] of cases.entries()) t.match(items[at].spec, wanted, what);
  t.same(
    Object.keys(items[0].spec),
    ['service', 'addresses', 'addressType', 'readyNodes', 'ports'],
    'and nothing else is kept',
  );
  const watch = follow(store, 'KubernetesEndpointSlice', revision);
  server.objects.patch(place('KubernetesEndpointSlice'), 's0', { metadata: { labels: null } });
  const [{ resource }] = await watch.take(1);
  t.equal(resource.spec.service, '', 'one that lost its Service says so');
  await watch.stop();
});

t.test('of a Service there is where it is reached, and nothing else', async (t) => {
  const { store, server } = await start(t);
  const nothing = { type: 'ClusterIP', clusterIPs: [], externalIPs: [], loadBalancerIPs: [], ipFamilies: [] };
  const cases: readonly (readonly [what: string, service: object, wanted: object])[] = [
    [
      'whole',
      {
        spec: {
          ...{ type: 'LoadBalancer', clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00::7'] },
          ...{ externalIPs: ['203.0.113.7'], loadBalancerIP: '198.51.100.7', ipFamilies: ['IPv4', 'IPv6'] },
          ...{ externalTrafficPolicy: 'Local', selector: { app: 'web' }, ports: [{ port: 80 }] },
        },
        status: { loadBalancer: { ingress: [{ ip: '198.51.100.7' }, { hostname: 'lb.example' }] } },
      },
      {
        ...{ type: 'LoadBalancer', clusterIPs: ['10.96.0.7', 'fd00::7'], externalIPs: ['203.0.113.7'] },
        ...{ loadBalancerIPs: ['198.51.100.7'], loadBalancerIP: '198.51.100.7', externalTrafficPolicy: 'Local' },
        ipFamilies: ['IPv4', 'IPv6'],
        ingress: [{ ip: '198.51.100.7' }, { hostname: 'lb.example' }],
      },
    ],
    [
      'of a class',
      { spec: { loadBalancerClass: 'calico' }, status: { loadBalancer: { ingress: [{ ip: '198.51.100.7' }] } } },
      { ...nothing, loadBalancerIPs: ['198.51.100.7'], loadBalancerClass: 'calico' },
    ],
    ['of an old API', { spec: { clusterIP: '10.96.0.8' } }, { ...nothing, clusterIPs: ['10.96.0.8'] }],
    ['headless', { spec: { clusterIP: 'None', clusterIPs: ['None'] } }, nothing],
    ['without a spec, with lists of null', { status: { loadBalancer: { ingress: null } } }, nothing],
    ['without a load balancer', { spec: { externalIPs: null }, status: { loadBalancer: null } }, nothing],
  ];
  for (const [at, [, service]] of cases.entries()) {
    server.objects.create(place('KubernetesService'), { metadata: { name: `s${at}` }, ...service });
  }
  const { items } = await store.list('KubernetesService');
  for (const [at, [what, , wanted]] of cases.entries()) t.same(items[at].spec, wanted, what);
  const annotations = { 'projectcalico.org/ipv4pools': '["a"]', other: 'word' };
  server.objects.create(place('KubernetesService'), { metadata: { name: 'asks', annotations } });
  const asks = await store.get({ kind: 'KubernetesService', name: 'asks', namespace: PLACES.KubernetesService[1] });
  t.same(asks?.metadata.annotations, { 'projectcalico.org/ipv4pools': '["a"]' });
});

t.test('nobody here writes them', async (t) => {
  const { store, server } = await start(t);
  server.unknown.clear();
  for (const kind of kubernetesKinds) {
    server.objects.create(place(kind), { metadata: { name: 'p' } });
    const [item] = (await store.list(kind)).items;
    const refusal = { code: 'NOT_SUPPORTED', message: new RegExp(kind) };
    await t.rejects(store.create(item), refusal);
    await t.rejects(store.update(item), refusal);
    await t.rejects(store.delete({ kind, name: 'p', namespace: PLACES[kind][1] }), refusal);
  }
});

t.test('more than a page of them is listed whole', async (t) => {
  const { store, server } = await start(t);
  for (let at = 0; at < 1001; at++) {
    server.objects.create(place('KubernetesNetworkPolicy'), { metadata: { name: `p${at}` } });
  }
  t.equal((await store.list('KubernetesNetworkPolicy')).items.length, 1001);
  const pages = server.requests.filter((line) => line === 'GET /apis/networking.k8s.io/v1/networkpolicies');
  t.equal(pages.length, 3);
});

t.test('a cluster without administrators’ policies is in sync, and they count as soon as they are there', async (t) => {
  const { known, until, server, syncer, states } = await followed(t, ['KubernetesClusterNetworkPolicy']);
  await until(() => states.at(-1) === 'in-sync');
  t.match(syncer.status(), [{ objects: 0, failure: undefined }]);
  t.equal(syncer.status()[0].age, undefined, 'it says nothing of how long the datastore has been silent');
  server.unknown.clear();
  server.objects.create(place('KubernetesClusterNetworkPolicy'), { metadata: { name: 'first' } });
  await until(() => known.has('first'));
  t.type(syncer.status()[0].age, 'number');
  server.objects.create(place('KubernetesClusterNetworkPolicy'), { metadata: { name: 'second' } });
  await until(() => known.has('second'));
  t.equal(states.at(-1), 'in-sync');
  // Somebody removes the definition, and with it the objects.
  for (const name of ['first', 'second']) server.objects.delete(place('KubernetesClusterNetworkPolicy'), name, {});
  server.unknown.add(PLACES.KubernetesClusterNetworkPolicy[0]);
  const listings = (): number => server.requests.filter((line) => /^GET .*clusternetworkpolicies$/.test(line)).length;
  const before = listings();
  await until(() => known.size === 0 && listings() > before + 2 && states.at(-1) === 'in-sync');
  t.match(syncer.status(), [{ objects: 0, failure: undefined }]);
  t.notOk(states.includes('wait', 1), 'a definition that comes or goes is no outage');
});

t.test('what the role does not allow is told by name, and waited for', async (t) => {
  const { known, until, server, syncer, states } = await followed(t, [
    'KubernetesNetworkPolicy',
    'KubernetesClusterNetworkPolicy',
  ]);
  server.unknown.clear();
  server.forbidden.add(PLACES.KubernetesClusterNetworkPolicy[0]);
  await until(() => syncer.status().some(({ failure }) => failure !== undefined));
  t.match(syncer.status()[1], {
    kind: 'KubernetesClusterNetworkPolicy',
    failure: /clusternetworkpolicies\.policy\.networking\.k8s\.io is forbidden/,
  });
  t.equal(states.at(-1), 'wait', 'without a policy that may be there nothing is known to be allowed');
  server.objects.create(place('KubernetesClusterNetworkPolicy'), { metadata: { name: 'p' } });
  server.forbidden.clear();
  await until(() => known.has('p') && states.at(-1) === 'in-sync');
});

t.test('after a compaction they are listed again', async (t) => {
  const { known, until, server, states } = await followed(t, ['KubernetesNetworkPolicy', 'KubernetesEndpointSlice']);
  for (const name of ['kept', 'goes']) server.objects.create(place('KubernetesNetworkPolicy'), { metadata: { name } });
  await until(() => states.at(-1) === 'in-sync' && known.size === 2);
  server.refuseWith = 503;
  server.cut();
  await until(() => states.at(-1) === 'wait');
  server.objects.delete(place('KubernetesNetworkPolicy'), 'goes', {});
  server.objects.create(place('KubernetesEndpointSlice'), { metadata: { name: 'slice' } });
  server.objects.compact();
  server.refuseWith = undefined;
  await until(() => known.has('slice') && !known.has('goes') && states.at(-1) === 'in-sync');
  t.same([...known].sort(), ['kept', 'slice']);
});

async function start(t: Test, clock?: VirtualClock) {
  const server = await ApiServer.start(clock === undefined ? {} : { clock });
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url }, clock);
  t.teardown(async () => {
    await store.close();
    await server.stop();
  });
  return { store, server };
}

/** A syncer in virtual time, and the names that it has told of. */
async function followed(t: Test, kinds: readonly KubernetesKind[]) {
  const clock = new VirtualClock();
  const { store, server } = await start(t, clock);
  const known = new Set<string>();
  const states: SyncStatus[] = [];
  const onUpdates = (batch: readonly Update[]): void => {
    for (const { key, resource } of batch) {
      if (resource === undefined) known.delete(key.name);
      else known.add(key.name);
    }
  };
  const onStatus = (status: SyncStatus): unknown => states.push(status);
  const syncer = new Syncer({ store, kinds, onUpdates, onStatus, clock });
  t.teardown(async () => {
    await store.close();
    await syncer.stop();
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await clock.advanceAsync(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  syncer.start();
  return { known, states, syncer, server, until };
}
