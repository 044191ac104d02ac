import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { readConfig } from '../../src/daemon/config.ts';
import { checkedStore, MemoryStore, type Store } from '../../src/datastore/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { keepNode, register, untilRegistered } from '../../src/keeping/registration.ts';
import { type Node, newResource } from '../../src/model/index.ts';
import type { Kernel } from '../../src/netlink/index.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
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

interface Options {
  readonly store?: Store;
  readonly kernel?: Kernel;
  readonly datastoreType?: string;
}

async function registered(env: Record<string, string> = {}, options: Options = {}) {
  const config = await readConfig({ NODENAME: 'n1', ...env });
  const into = options.store ?? store();
  const parts = { ...options, config, store: into, kernel: options.kernel ?? (await kernel()), log: silentLog };
  const node = await register(parts);
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
    ipipMode: 'Never',
    natOutgoing: true,
    nodeSelector: 'all()',
  });
});

t.test('what calicoctl made before the first node is filled in, and a lock is respected', async (t) => {
  const into = store();
  const key = { kind: 'ClusterInformation', name: 'default' } as const;
  const spec = { clusterGUID: 'abc', datastoreReady: false };
  const locked = await into.create(newResource('ClusterInformation', { name: 'default' }, spec));
  await t.rejects(registered({ CLUSTER_TYPE: 'k8s,bgp' }, { store: into }), { code: 'LOCKED' });
  t.same((await into.get(key))?.spec, spec);
  await into.update({ ...locked, spec: { clusterGUID: 'abc' } });
  await registered({ CLUSTER_TYPE: 'k8s,bgp' }, { store: into });
  await registered({ CLUSTER_TYPE: 'bgp' }, { store: into });
  t.match((await into.get(key))?.spec, {
    clusterGUID: 'abc',
    datastoreReady: true,
    clusterType: 'k8s,bgp',
    calicoVersion: /^v\d/,
  });
});

t.test('on the Kubernetes datastore the cluster’s type says so, once', async (t) => {
  const into = store();
  await into.create(newResource('ClusterInformation', { name: 'default' }, { clusterType: 'prePopulated' }));
  const options = { store: into, datastoreType: 'kubernetes' };
  await registered({ CLUSTER_TYPE: 'theType' }, options);
  await registered({ CLUSTER_TYPE: 'theType,prePopulated' }, options);
  const found = await into.get({ kind: 'ClusterInformation', name: 'default' });
  t.equal(found?.spec.clusterType, 'prePopulated,theType,kdd');
});

t.test('the Node says which Kubernetes node it is, beside what others say', async (t) => {
  const into = store();
  const other = { nodeName: 'x', orchestrator: 'other' };
  const orchRefs = [{ nodeName: 'former', orchestrator: 'k8s' }, other];
  await into.create(newResource('Node', { name: 'n1' }, { orchRefs }));
  const first = await registered({ CALICO_K8S_NODE_REF: 'node1' }, { store: into });
  const right = [other, { nodeName: 'node1', orchestrator: 'k8s' }];
  t.same(first.node.spec.orchRefs, right);
  const again = await registered({ CALICO_K8S_NODE_REF: 'node1' }, { store: into });
  t.equal(again.node.metadata.resourceVersion, first.node.metadata.resourceVersion);
  const untold = await registered({}, { store: into });
  t.same(untold.node.spec.orchRefs, right);
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

t.test('a pool with a CIDR of the settings is made whatever addresses the node has', async (t) => {
  const cidrs = async (env: Readonly<Record<string, string>>, into = store()): Promise<readonly string[]> => {
    await registered(env, { store: into });
    return (await into.list('IPPool')).items.map(({ spec }) => spec.cidr);
  };
  t.same(await cidrs({ CALICO_IPV6POOL_CIDR: 'fdff:ffff:ffff:ffff:ffff::/80' }), [
    '192.168.0.0/16',
    'fdff:ffff:ffff:ffff:ffff::/80',
  ]);
  t.same(await cidrs({ IP: 'none', CALICO_IPV4POOL_CIDR: '172.16.0.0/24' }), ['172.16.0.0/24']);
  t.same(await cidrs({ IP: 'none' }), []);
  const strange = store();
  await strange.create(newResource('IPPool', { name: 'a' }, { cidr: 'nowhere' }));
  t.same(await cidrs({}, strange), ['nowhere', '192.168.0.0/16'], 'a pool that nobody can read is no pool');
  for (const spec of [{ CIDR: '10.9.0.0/16' }, { cidr: '10.9.0.1/16' }]) {
    const given = store();
    await given.create(newResource('IPPool', { name: 'a' }, spec as never));
    t.equal((await cidrs({}, given)).length, 1, JSON.stringify(spec));
  }
});

t.test('a cluster that kubeadm set up has the ranges for pods that it was given, and is told of', async (t) => {
  const made = async (env: Readonly<Record<string, string>>, names: Readonly<Record<string, string>>) => {
    const configMaps = { get: async (name: string) => (name in names ? { text: names[name] } : undefined) };
    const into = Object.assign(store(), { configMaps });
    await registered(env, { store: into });
    const pools = (await into.list('IPPool')).items.map(({ spec }) => spec.cidr);
    const { clusterType } = (await into.get({ kind: 'ClusterInformation', name: 'default' }))?.spec ?? {};
    return { pools, clusterType };
  };
  const both = { 'kubeadm-config': 'podSubnet: 10.56.0.0/16,fd00:56::/48' };
  t.same(await made({}, both), { pools: ['10.56.0.0/16', 'fd00:56::/48'], clusterType: 'kubeadm' });
  const set = { CALICO_IPV4POOL_CIDR: '10.9.0.0/16', CALICO_IPV6POOL_CIDR: 'none', CLUSTER_TYPE: 'k8s' };
  t.same(await made(set, both), { pools: ['10.9.0.0/16'], clusterType: 'k8s,kubeadm' }, 'what is set goes first');
  const silent = { 'kubeadm-config': 'dnsDomain: cluster.local', 'full-cluster-state': '' };
  t.same(await made({}, silent), { pools: ['192.168.0.0/16'], clusterType: 'kubeadm,rancher' });
  t.same(await made({ NO_DEFAULT_POOLS: 'true' }, both), { pools: [], clusterType: 'kubeadm' });
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
    message: /^Calico node 'n0' is already using the IPv4 address 172\.31\.1\.5: .*calicoctl delete node n0/,
  });
  await t.resolves(registered({ DISABLE_NODE_IP_CHECK: 'true' }, { store: into }));
});

t.test('two nodes that were given each other’s addresses both come up: each gives up its own stale one', async (t) => {
  const into = store();
  const stale = { n1: '10.240.0.11/16', n2: '10.240.0.12/16' };
  for (const [name, ipv4Address] of Object.entries(stale)) {
    await into.create(newResource('Node', { name }, { bgp: { ipv4Address, asNumber: 64999 } }));
  }
  const start = async (NODENAME: string, address: string) =>
    registered({ NODENAME, IP: 'autodetect' }, { store: into, kernel: await kernel({ eth0: address }) });
  await t.rejects(start('n1', stale.n2), { code: 'ADDRESS_IN_USE' });
  t.same((await into.get({ kind: 'Node', name: 'n1' }))?.spec.bgp, { asNumber: 64999 });
  t.equal((await start('n2', stale.n1)).node.spec.bgp?.ipv4Address, stale.n1);
  t.equal((await start('n1', stale.n2)).node.spec.bgp?.ipv4Address, stale.n2);
});

t.test(
  'a Node that said nothing but its stale address says nothing of BGP then, and keeps one that is right',
  async (t) => {
    const into = store();
    await into.create(newResource('Node', { name: 'n0' }, { bgp: { ipv4Address: '172.31.1.5/24' } }));
    await into.create(newResource('Node', { name: 'n1' }, { bgp: { ipv4Address: '172.31.1.9/24' } }));
    await t.rejects(registered({ IP: 'autodetect' }, { store: into }), { code: 'ADDRESS_IN_USE' });
    t.same((await into.get({ kind: 'Node', name: 'n1' }))?.spec, {});
    t.equal((await into.get({ kind: 'Node', name: 'n0' }))?.spec.bgp?.ipv4Address, '172.31.1.5/24');
  },
);

t.test('IP=none detects nothing and loses nothing', async (t) => {
  const into = store();
  const bgp = { asNumber: 64999, ipv4Address: '10.9.9.9/24', routeReflectorClusterID: '1.0.0.1' };
  await into.create(newResource('Node', { name: 'n1' }, { bgp }));
  t.same((await registered({ IP: 'none' }, { store: into })).node.spec.bgp, bgp);
  const { node } = await registered({ IP: 'none' });
  t.equal(node.spec.bgp, undefined);
  t.same((await registered({ IP: 'none', AS: '64513' })).node.spec.bgp, { asNumber: 64513 });
});

t.test('at a start without any address on the host the known one stands; later that is a problem', async (t) => {
  const [into, bare] = [store(), await kernel({})];
  const bgp = { ipv4Address: '172.31.1.5/24', ipv6Address: 'fd00::5/64' };
  await into.create(newResource('Node', { name: 'n1' }, { bgp }));
  const env = { IP: 'autodetect', IP6: 'autodetect' };
  const { node } = await registered(env, { store: into, kernel: bare });
  t.same(node.spec.bgp, bgp);
  const config = await readConfig({ NODENAME: 'n1', ...env });
  await t.rejects(keepNode({ config, store: into, kernel: bare, log: silentLog }), { code: 'NO_ADDRESS' });
  await t.rejects(registered(env, { kernel: bare }), { code: 'NO_ADDRESS' }, 'there is none that could stand');
});

t.test('a Node with an AS number gets its address at the first start', async (t) => {
  const into = store();
  await into.create(newResource('Node', { name: 'n1' }, { bgp: { asNumber: 64513 } }));
  t.same((await registered({}, { store: into })).node.spec.bgp, { asNumber: 64513, ipv4Address: '172.31.1.5/24' });
});

t.test('an address that comes later is waited for, and so is one that another node still has', async (t) => {
  const [clock, into, host] = [new VirtualClock(), store(), await kernel({})];
  await into.create(newResource('Node', { name: 'n0' }, { bgp: { ipv4Address: '172.31.1.5/24' } }));
  const reasons: string[] = [];
  const config = await readConfig({ NODENAME: 'n1', IP: 'autodetect' });
  const { signal } = new AbortController();
  const registered = untilRegistered(
    { config, store: into, kernel: host, log: silentLog },
    { clock, signal, told: (reason) => void reasons.push(reason) },
  );
  const told = async (reason: RegExp): Promise<void> => {
    while (!reason.test(reasons.at(-1) ?? '')) await clock.advanceAsync(1000);
  };
  await told(/^no IPv4 address .*IP_AUTODETECTION_METHOD/);
  await host.linkAdd({ kind: 'dummy', name: 'eth0' });
  await host.linkSet('eth0', { up: true });
  await host.addressAdd({ dev: 'eth0', address: '172.31.1.5/24' });
  await told(/^Calico node 'n0' is already using/);
  await into.delete({ kind: 'Node', name: 'n0' });
  for (let i = 0; i < 10; i++) await clock.advanceAsync(1000);
  t.equal((await registered).spec.bgp?.ipv4Address, '172.31.1.5/24');
});

t.test('a Node that kubelet has not made yet is waited for', async (t) => {
  const [clock, server] = [new VirtualClock(), await ApiServer.start()];
  t.teardown(() => server.stop());
  const into = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  t.teardown(() => into.close());
  const reasons: string[] = [];
  const registered = untilRegistered(
    { config: await readConfig({ NODENAME: 'n1' }), store: into, kernel: await kernel(), log: silentLog },
    { clock, signal: new AbortController().signal, told: (reason) => void reasons.push(reason) },
  );
  while (reasons.length === 0) await setImmediate();
  t.match(reasons[0], /kubelet registers nodes\. Does it run/);
  server.objects.create({ resource: 'nodes', namespace: undefined }, { metadata: { name: 'n1' } });
  let node: Node | undefined;
  void registered.then((made) => (node = made));
  while (node === undefined) {
    clock.advance(1000);
    await setImmediate();
  }
  t.equal(node.spec.bgp?.ipv4Address, '172.31.1.5/24');
});

t.test('what could not be read back is not written, whoever asks for it', async (t) => {
  const checked = checkedStore(store());
  const wrong = newResource('Node', { name: 'n1' }, { bgp: { asNumber: 4294967296 } });
  await t.rejects(checked.create(wrong), { code: 'VALIDATION', message: /BGP\.ASNumber/ });
  const { metadata } = await checked.create(newResource('Node', { name: 'n1' }, {}));
  await t.rejects(checked.update({ ...wrong, metadata }), { code: 'VALIDATION', message: /BGP\.ASNumber/ });
});

t.test('what others have stored wrong keeps nobody from writing what is right beside it', async (t) => {
  const inner = store();
  const stored = await inner.create(newResource('Node', { name: 'n1' }, { ipv4VXLANTunnelAddr: 'nonsense' }));
  const checked = checkedStore(inner);
  await t.resolves(checked.update({ ...stored, spec: { ...stored.spec, bgp: { asNumber: 64512 } } }));
});

t.test('names that others have given are written as they are: a host in capitals, a container of ctr', async (t) => {
  const checked = checkedStore(store());
  const endpoint = { interfaceName: 'cali1', containerID: 'k8s.io-my_pod' };
  await t.resolves(checked.create(newResource('WorkloadEndpoint', { name: 'w', namespace: 'n' }, endpoint)));
  await t.resolves(checked.create(newResource('Node', { name: 'HOST-1' }, {})));
  const nowhere = newResource('WorkloadEndpoint', { name: 'x', namespace: 'n' }, { containerID: 'a.b' });
  await t.rejects(checked.create(nowhere), { code: 'VALIDATION', message: /InterfaceName/ });
});
