import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { readConfig } from '../../src/daemon/config.ts';
import { register } from '../../src/daemon/registration.ts';
import { MemoryStore, type Store } from '../../src/datastore/index.ts';
import { newResource } from '../../src/model/index.ts';
import type { Kernel } from '../../src/netlink/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';

async function kernel(addresses: Readonly<Record<string, string>> = { eth0: '172.31.1.5/24' }): Promise<Kernel> {
  const machine = new FakeMachine();
  machine.addNamespace('/host');
  const made = machine.kernel('/host');
  for (const [dev, address] of Object.entries(addresses)) {
    await made.linkAdd({ kind: 'dummy', name: dev });
    await made.linkSet(dev, { up: true });
    await made.addressAdd({ dev, address });
  }
  return made;
}

const store = (): Store => new MemoryStore({ clock: new VirtualClock() });

async function registered(env: Record<string, string> = {}, options: { store?: Store; kernel?: Kernel } = {}) {
  const config = await readConfig({ NODENAME: 'n1', ...env });
  const into = options.store ?? store();
  const node = await register({ config, store: into, kernel: options.kernel ?? (await kernel()), log: silentLog });
  return { node, store: into };
}

t.test('a new node has its detected address with the length of its interface’s prefix', async (t) => {
  const { node } = await registered();
  t.same(node.spec.bgp, { ipv4Address: '172.31.1.5/24' });
});

t.test('the first start makes the cluster’s singletons and the default pool', async (t) => {
  const { store } = await registered({ CALICO_IPV4POOL_CIDR: '10.244.0.0/16' });
  t.match((await store.get({ kind: 'ClusterInformation', name: 'default' }))?.spec, {
    datastoreReady: true,
    clusterGUID: /^[0-9a-f]{32}$/,
  });
  t.ok(await store.get({ kind: 'FelixConfiguration', name: 'default' }));
  t.ok(await store.get({ kind: 'BGPConfiguration', name: 'default' }));
  t.same((await store.get({ kind: 'IPPool', name: 'default-ipv4-ippool' }))?.spec, {
    blockSize: 26,
    cidr: '10.244.0.0/16',
    ipipMode: 'Always',
    natOutgoing: true,
    nodeSelector: 'all()',
  });
});

t.test('what calicoctl made before the first node is filled in, and a lock is respected', async (t) => {
  const into = store();
  await into.create(
    newResource('ClusterInformation', { name: 'default' }, { clusterGUID: 'abc', datastoreReady: false }),
  );
  await registered({ CLUSTER_TYPE: 'k8s,bgp' }, { store: into });
  await registered({ CLUSTER_TYPE: 'bgp' }, { store: into });
  t.match((await into.get({ kind: 'ClusterInformation', name: 'default' }))?.spec, {
    clusterGUID: 'abc',
    datastoreReady: false,
    clusterType: 'k8s,bgp',
    calicoVersion: /^v\d/,
  });
});

t.test('a second start changes nothing', async (t) => {
  const first = await registered();
  const versions = async () => (await first.store.list('Node')).revision;
  const before = await versions();
  await registered({}, { store: first.store });
  t.equal(await versions(), before);
});

t.test('the default range avoids one that the host is in', async (t) => {
  const { store } = await registered({}, { kernel: await kernel({ eth0: '192.168.7.2/24', eth1: '172.16.3.1/24' }) });
  t.equal((await store.get({ kind: 'IPPool', name: 'default-ipv4-ippool' }))?.spec.cidr, '172.17.0.0/16');
});

t.test('there is no default pool when there is one already, or none is wanted', async (t) => {
  const full = store();
  await full.create(newResource('IPPool', { name: 'mine' }, { cidr: '10.9.0.0/16' }));
  await registered({}, { store: full });
  t.equal((await full.list('IPPool')).items.length, 1);
  for (const env of [{ NO_DEFAULT_POOLS: 'true' }, { CALICO_IPV4POOL_CIDR: 'none' }]) {
    const { store } = await registered(env);
    t.equal((await store.list('IPPool')).items.length, 0);
  }
});

t.test('a node with IPv6 gets an IPv6 pool of unique local addresses', async (t) => {
  const { node, store } = await registered({ IP6: 'fd12::7/64' });
  t.equal(node.spec.bgp?.ipv6Address, 'fd12::7/64');
  t.match((await store.get({ kind: 'IPPool', name: 'default-ipv6-ippool' }))?.spec, {
    cidr: /^fd.*::\/48$/,
    blockSize: 122,
  });
});

t.test('settings win over what the Node says; without them what it says stays', async (t) => {
  const first = await registered({ IP: '172.31.1.5', AS: '64999' });
  t.same(first.node.spec.bgp, { asNumber: 64999, ipv4Address: '172.31.1.5/24' });
  const second = await registered({}, { store: first.store, kernel: await kernel({ eth0: '10.5.5.5/24' }) });
  t.equal(second.node.spec.bgp?.ipv4Address, '172.31.1.5/24');
  const third = await registered(
    { IP: 'autodetect' },
    { store: first.store, kernel: await kernel({ eth0: '10.5.5.5/24' }) },
  );
  t.same(third.node.spec.bgp, { asNumber: 64999, ipv4Address: '10.5.5.5/24' });
});

t.test('what others keep in the Node stays', async (t) => {
  const into = store();
  const bgp = { ipv4Address: '172.31.1.5/24', routeReflectorClusterID: '1.0.0.1' };
  await into.create(
    newResource('Node', { name: 'n1', labels: { rack: '7' } }, { bgp, orchRefs: [{ orchestrator: 'k8s' }] }),
  );
  const { node } = await registered({ AS: '1.10' }, { store: into });
  t.match(node, {
    metadata: { labels: { rack: '7' } },
    spec: { orchRefs: [{ orchestrator: 'k8s' }], bgp: { asNumber: 65546, routeReflectorClusterID: '1.0.0.1' } },
  });
});

t.test('an address that another node has is refused, unless the check is off', async (t) => {
  const into = store();
  await into.create(newResource('Node', { name: 'n0' }, { bgp: { ipv4Address: '172.31.1.5/16' } }));
  await t.rejects(registered({}, { store: into }), {
    code: 'ADDRESS_IN_USE',
    message: "Calico node 'n0' is already using the IPv4 address 172.31.1.5",
  });
  await t.resolves(registered({ DISABLE_NODE_IP_CHECK: 'true' }, { store: into }));
});

const METHODS: readonly (readonly [method: string, address: string])[] = [
  ['first-found', '10.3.0.1/24'],
  ['interface=eth0', '10.1.0.1/24'],
  ['interface=nothing,eth.*', '10.3.0.1/24'],
  ['skip-interface=eth2', '10.2.0.1/24'],
  ['cidr=10.2.0.0/16', '10.2.0.1/24'],
];
for (const [method, address] of METHODS) {
  t.test(`${method} finds ${address}`, async (t) => {
    const host = await kernel({ eth0: '10.1.0.1/24', eth1: '10.2.0.1/24', eth2: '10.3.0.1/24', cali1: '10.4.0.1/32' });
    const { node } = await registered({ IP_AUTODETECTION_METHOD: method }, { kernel: host });
    t.equal(node.spec.bgp?.ipv4Address, address);
  });
}

t.test('when nothing is found, the error says what there is', async (t) => {
  await t.rejects(registered({ IP_AUTODETECTION_METHOD: 'interface=ens.*' }), {
    code: 'NO_ADDRESS',
    message: /interface=ens\.\*.*eth0 172\.31\.1\.5\/24/,
  });
});
