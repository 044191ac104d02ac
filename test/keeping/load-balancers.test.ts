import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { Syncer } from '../../src/datastore/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { audit, readAuditInput } from '../../src/ipam/index.ts';
import { IpamKeeping } from '../../src/keeping/ipam-keeping.ts';
import { type IPPoolSpec, newResource } from '../../src/model/index.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
import type { StoredObject } from '../fakes/api-server/objects.ts';

const SERVICES = { resource: 'services', namespace: 'default' };
const SETTINGS = { kind: 'KubeControllersConfiguration', name: 'default' } as const;
const NAMES = 'projectcalico.org/loadBalancerIPs';

type ServiceBody = StoredObject & {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly object[] };
    readonly conditions?: readonly { readonly type: string; readonly reason?: string }[];
  };
};

/** A cluster with an API server, and a daemon's IPAM for each node that is started. */
async function bench(t: Test) {
  const server = await ApiServer.start();
  const clock = new VirtualClock();
  const open = () => new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  const store = open();
  const ends: (() => Promise<void>)[] = [];
  t.teardown(async () => {
    for (const end of ends.reverse()) await end();
    await store.close();
    await server.stop();
  });
  const node = (nodename: string) => {
    const own = open();
    const keeping = new IpamKeeping({ nodename, store: own, clock, log: silentLog, ledger: 'none' });
    const syncer = new Syncer({
      ...{ store: own, kinds: IpamKeeping.kinds, clock },
      onUpdates: (batch) => keeping.apply(batch),
      onStatus: (status) => status === 'in-sync' && keeping.begin(),
    });
    syncer.start();
    let hasEnded = false;
    const stop = async (): Promise<void> => {
      if (hasEnded) return;
      hasEnded = true;
      await syncer.stop();
      await keeping.stop();
      await own.close();
    };
    ends.push(stop);
    return { keeping, store: own, stop };
  };
  const pool = (name: string, cidr: string, spec: Partial<IPPoolSpec> = {}): Promise<unknown> =>
    store.create(newResource('IPPool', { name }, { cidr, allowedUses: ['LoadBalancer'], ...spec }));
  const service = (
    name: string,
    { annotations, spec = {} }: { readonly annotations?: object; readonly spec?: object } = {},
  ): StoredObject =>
    server.objects.create(SERVICES, {
      metadata: { name, namespace: 'default', ...(annotations && { annotations }) },
      spec: { type: 'LoadBalancer', clusterIP: '10.96.0.7', ipFamilies: ['IPv4'], ...spec },
      status: { loadBalancer: {} },
    });
  const body = (name: string) => server.objects.get(SERVICES, name) as ServiceBody;
  const ingress = (name: string): string =>
    (body(name).status?.loadBalancer?.ingress ?? []).map((one) => Object.values(one).join()).join(' ');
  const allocated = async (): Promise<readonly string[]> =>
    audit(await readAuditInput(store)).allocations.map(
      ({ address, attributes }) => `${address} ${attributes['namespace']}/${attributes['service']}`,
    );
  /** Time goes by until it is so. */
  const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    for (let turn = 0; turn < 3000; turn++) {
      if (await isSo()) return;
      if (turn % 20 === 0) await clock.advanceAsync(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.fail(`in vain: ${what}`);
  };
  const shows = (name: string, text: string): Promise<void> =>
    until(`${name} shows ${text} (${ingress(name)})`, () => ingress(name) === text);
  const change = (name: string, patch: object): StoredObject =>
    server.objects.patch(SERVICES, name, patch as Record<string, unknown>);
  return { server, clock, store, node, pool, service, body, ingress, allocated, until, shows, change };
}

t.test('a Service gets an address, keeps it, and gives it back at its end', async (t) => {
  const it = await bench(t);
  await it.pool('lb', '203.0.113.0/30', { blockSize: 30 });
  await it.pool('six', 'fd00:1::/126', { blockSize: 126 });
  const { keeping } = it.node('n1');
  it.service('web');
  await it.shows('web', '203.0.113.0');
  t.match(await it.store.list('IPAMBlock'), { items: [{ spec: { affinity: 'virtual:load-balancer' } }] });
  const [handle] = (await it.store.list('IPAMHandle')).items;
  t.match(handle.spec.handleID, /^lb-[A-Za-z0-9]{36,43}$/);
  t.match((await it.store.list('IPAMBlock')).items[0].spec.attributes[0], {
    secondary: { namespace: 'default', service: 'web', type: 'LoadBalancer' },
  });
  t.test('the audit knows it, and whoever has an address and no Service', async (t) => {
    const found = async () => {
      const { findings, allocations } = audit(await readAuditInput(it.store));
      return [
        findings.map(({ code, subject }) => `${code} ${subject}`),
        allocations.map(({ owners }) => owners.join()),
      ];
    };
    t.strictSame(await found(), [[], ['default/web']]);
    const attributes = { service: 'gone', namespace: 'default' };
    await keeping.ipam.autoAssign({ hostname: 'x', handleId: 'lb-x', use: 'LoadBalancer', num4: 1, attributes });
    t.strictSame(await found(), [['LEAKED_ADDRESS 203.0.113.1'], ['default/web', '']]);
    await it.until('it is taken back', async () => (await it.allocated()).length === 1);
  });
  t.test('both families, in its order', async () => {
    it.service('dual', { spec: { ipFamilies: ['IPv6', 'IPv4'] } });
    await it.shows('dual', 'fd00:1:: 203.0.113.2');
  });
  t.test('one of the families goes', async (t) => {
    it.change('dual', { spec: { ipFamilies: ['IPv4'] } });
    await it.shows('dual', '203.0.113.2');
    await it.until('the other is free', async () => (await it.allocated()).length === 2);
    t.strictSame(await it.allocated(), ['203.0.113.0 default/web', '203.0.113.2 default/dual']);
  });
  t.test('somebody changes the status', async () => {
    it.change('web', { status: { loadBalancer: { ingress: [{ ip: '8.8.8.8' }] } } });
    await it.shows('web', '203.0.113.0');
  });
  t.test('it becomes another type', async (t) => {
    it.change('dual', { spec: { type: 'ClusterIP' }, status: { loadBalancer: null } });
    await it.until('it is free', async () => (await it.allocated()).length === 1);
    t.equal(it.ingress('dual'), '');
  });
  t.test('it is made anew under its name: that is another one', async (t) => {
    const { revision } = it.server.objects;
    it.server.objects.delete(SERVICES, 'web', {});
    it.service('web');
    await it.shows('web', '203.0.113.3');
    await it.until('the first is free', async () => (await it.allocated()).join() === '203.0.113.3 default/web');
    t.not(it.server.objects.revision, revision);
  });
  t.test('it goes', async (t) => {
    it.server.objects.delete(SERVICES, 'web', {});
    await it.until('nothing is given out', async () => (await it.allocated()).length === 0);
    t.strictSame((await it.store.list('IPAMHandle')).items, []);
    t.strictSame(audit(await readAuditInput(it.store)).findings, []);
    t.strictSame(keeping.problems(), []);
    t.strictSame(keeping.remarks(), []);
  });
});

t.test('an address by name: who is first has it, and two never share it', async (t) => {
  const it = await bench(t);
  await it.pool('lb', '203.0.113.0/29', { blockSize: 29 });
  const { keeping } = it.node('n1');
  it.service('first', { annotations: { [NAMES]: '["203.0.113.5"]' } });
  await it.shows('first', '203.0.113.5');
  it.service('second', { annotations: { [NAMES]: '["203.0.113.5"]' } });
  await it.until('it is told why not', () => keeping.remarks().length === 1);
  t.match(keeping.remarks(), [
    {
      about: { kind: 'KubernetesService', namespace: 'default', name: 'second' },
      reason: 'AddressTaken',
      message:
        'Service(default/second): 203.0.113.5 belongs to Service(default/first), and no two Services share an address',
    },
  ]);
  t.match(keeping.problems(), [/default\/second.*203\.0\.113\.5 belongs to/]);
  t.equal(it.ingress('second'), '');
  await it.store.remarks.remark({ ...keeping.remarks()[0], node: 'n1' });
  const [event] = it.server.objects.list({ resource: 'events', namespace: 'default' });
  t.match(event, { involvedObject: { kind: 'Service', apiVersion: 'v1', name: 'second' }, reason: 'AddressTaken' });
  it.change('first', { metadata: { annotations: { [NAMES]: '["203.0.113.6"]' } } });
  await it.shows('first', '203.0.113.6');
  await it.shows('second', '203.0.113.5');
  await it.until('nothing is wrong any more', () => keeping.problems().length === 0 && keeping.remarks().length === 0);
  it.change('second', { metadata: { annotations: { [NAMES]: 'what' } } });
  await it.until('who can be read?', () => keeping.remarks().length === 1);
  t.match(keeping.remarks(), [{ reason: 'InvalidAnnotation' }]);
  t.equal(it.ingress('second'), '203.0.113.5', 'and it keeps what it has');
});

t.test('the pool is full: who waits gets the next that is free', async (t) => {
  const it = await bench(t);
  const { keeping } = it.node('n1');
  it.service('a', { spec: { loadBalancerClass: 'calico' } });
  await it.until('there is no pool', () => keeping.remarks()[0]?.reason === 'NoPool');
  await it.pool('lb', '203.0.113.0/32', { blockSize: 32 });
  await it.shows('a', '203.0.113.0');
  it.service('b');
  await it.until('no address is left', () => keeping.remarks()[0]?.reason === 'NoAddress');
  it.server.objects.delete(SERVICES, 'a', {});
  await it.shows('b', '203.0.113.0');
  t.strictSame(await it.allocated(), ['203.0.113.0 default/b']);
});

t.test('others’ Services are left alone, also when they become others’', async (t) => {
  const it = await bench(t);
  await it.pool('lb', '203.0.113.0/29', { blockSize: 29 });
  it.node('n1');
  const theirs = { loadBalancer: { ingress: [{ hostname: 'lb.example' }] } };
  it.service('metal', { spec: { loadBalancerClass: 'metallb' } });
  it.change('metal', { status: theirs });
  it.service('web');
  it.service('ours', { spec: { loadBalancerClass: 'calico' } });
  await it.until('both have one', () => it.ingress('web') !== '' && it.ingress('ours') !== '');
  t.equal(it.ingress('metal'), 'lb.example');
  const ours = it.ingress('ours');
  it.change('web', { status: { loadBalancer: { ingress: [{ ip: it.ingress('web') }, { ip: '192.0.2.9' }] } } });
  const found = await it.store.get(SETTINGS);
  await it.store.update({
    ...found!,
    spec: { ...found!.spec, controllers: { loadBalancer: { assignIPs: 'RequestedServicesOnly' } } },
  });
  await it.until('ours is taken from it', async () => (await it.allocated()).length === 1);
  t.equal(it.ingress('web').includes('203.0.113.'), false);
  t.strictSame(await it.allocated(), [`${ours} default/ours`]);
});

t.test(
  'the leader goes in the middle: the next one ends what it began, and nobody gets a second address',
  async (t) => {
    const it = await bench(t);
    await it.pool('lb', '203.0.113.0/26');
    const first = it.node('n1');
    await it.until('it leads', () => first.keeping.leads);
    for (let at = 0; at < 12; at++) it.service(`s${at}`);
    // Its writes of statuses fail from the third on: it assigns, and can't tell.
    await it.until('it has begun', () => it.ingress('s1') !== '');
    const { services } = first.store;
    Object.assign(services, { setIngress: () => Promise.reject(new Error('gone')) });
    await it.until('all are assigned', async () => (await it.allocated()).length === 12);
    const before = await it.allocated();
    const second = it.node('n2');
    await first.stop();
    await it.until('the other leads', () => second.keeping.leads);
    for (let at = 0; at < 12; at++) await it.until(`s${at}`, () => it.ingress(`s${at}`) !== '');
    t.strictSame(await it.allocated(), before);
    t.equal(new Set(Array.from({ length: 12 }, (_, at) => it.ingress(`s${at}`))).size, 12);
  },
);

t.test('two that lead at once, and what one of them left twice', async (t) => {
  const it = await bench(t);
  await it.pool('lb', '203.0.113.0/26');
  const { keeping } = it.node('n1');
  it.service('web');
  await it.until('it has one', () => it.ingress('web') !== '');
  const shown = it.ingress('web');
  const handleId = (await it.store.list('IPAMHandle')).items[0].spec.handleID;
  const attributes = { namespace: 'default', service: 'web', type: 'LoadBalancer' };
  await keeping.ipam.autoAssign({ hostname: 'load-balancer', handleId, use: 'LoadBalancer', num4: 1, attributes });
  await it.until('one is given back', async () => (await it.allocated()).length === 1);
  t.equal(it.ingress('web'), shown, 'and what is shown stays');
});

t.test('what changes at the same moment is looked at again', async (t) => {
  const it = await bench(t);
  await it.pool('lb', '203.0.113.0/26');
  const { store } = it.node('n1');
  const write = store.services.setIngress;
  let conflicts = 0;
  Object.assign(store.services, {
    setIngress: (...given: Parameters<typeof write>) => {
      if (conflicts++ === 0) it.change('web', { metadata: { labels: { changed: 'meanwhile' } } });
      return write(...given);
    },
  });
  it.service('web');
  await it.until('it is shown', () => it.ingress('web') !== '');
  t.ok(conflicts > 1);
  t.match(it.body('web'), { metadata: { labels: { changed: 'meanwhile' } } });
  t.equal((await it.allocated()).length, 1);
});

t.test('its status says whether anybody outside learns where it is', async (t) => {
  const it = await bench(t);
  await it.pool('lb', '203.0.113.0/26');
  it.node('n1');
  it.service('web');
  it.change('web', { status: { conditions: [{ type: 'Theirs', status: 'True' }] } });
  const said = () => it.body('web').status?.conditions ?? [];
  const reason = (): string => said().find(({ type }) => type.endsWith('/Advertised'))?.reason ?? '';
  await it.until('nobody does', () => reason() === 'NotInRanges');
  t.match(said(), [{ type: 'Theirs' }, { status: 'False', message: /^203\.0\.113\.\d+: in no range/ }]);
  const ranges = { serviceLoadBalancerIPs: [{ cidr: '203.0.113.0/24' }] };
  await it.store.create(newResource('BGPConfiguration', { name: 'default' }, ranges));
  await it.until('by BGP', () => reason() === 'InRanges');
  t.match(said(), [{ type: 'Theirs' }, { status: 'True', message: /told to BGP peers$/ }]);
  const version = it.body('web').metadata.resourceVersion;
  await it.clock.advanceAsync(20_000);
  t.equal(it.body('web').metadata.resourceVersion, version, 'and is written once');
  await it.store.delete({ kind: 'BGPConfiguration', name: 'default' });
  const felix = { localSubnetL2Reachability: 'PodsAndLoadBalancers' } as const;
  await it.store.create(newResource('FelixConfiguration', { name: 'default' }, felix));
  await it.until('on the subnets', () => reason() === 'OnSubnets');
  t.match(said(), [{ type: 'Theirs' }, { status: 'True', message: /told on the nodes' subnets$/ }]);
});
