import t, { type Test } from 'tap';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { affinityOwnerLabels, type Node, newResource } from '../../../src/model/index.ts';
import { follow, names, pool } from '../../contracts/store.ts';
import { ApiServer, type Objects } from '../../fakes/api-server/index.ts';

const crd = (plural: string) => ({ resource: `${plural}.crd.projectcalico.org`, namespace: undefined });
const core = (plural: string, namespace?: string) => ({ resource: plural, namespace });

t.test('a custom resource carries what users see of its metadata in an annotation', async (test) => {
  const { store, objects } = await start(test);
  const labels = { a: 'b' };
  const made = await store.create({ ...pool('p'), metadata: { name: 'p', labels, annotations: { note: 'x' } } });
  const raw = objects.get(crd('ippools'), 'p') as unknown as { apiVersion: string; metadata: Record<string, object> };
  test.equal(raw.apiVersion, 'crd.projectcalico.org/v1');
  test.same(Object.keys(raw.metadata['annotations']), ['projectcalico.org/metadata']);
  const { uid, creationTimestamp } = made.metadata;
  const seen = JSON.parse(Object.values(raw.metadata['annotations'])[0]);
  test.same(seen, { labels, annotations: { note: 'x' }, uid, creationTimestamp });
  test.not(raw.metadata['uid'], uid, "Kubernetes' own uid is another");
});

t.test('one that kubectl wrote shows its own metadata', async (test) => {
  const { store, objects } = await start(test);
  const metadata = { name: 'k', labels: { from: 'kubectl' }, annotations: { note: 'y' }, managedFields: [{}] };
  objects.create(crd('ippools'), {
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'IPPool',
    metadata,
    spec: { cidr: '10.0.0.0/16' },
  });
  const read = await store.get({ kind: 'IPPool', name: 'k' });
  test.match(read, {
    apiVersion: 'projectcalico.org/v3',
    metadata: { labels: { from: 'kubectl' }, annotations: { note: 'y' } },
  });
  test.notOk('managedFields' in read!.metadata);
  const changed = await store.update({ ...read!, spec: { ...read!.spec, disabled: true } });
  test.same(changed.metadata.labels, { from: 'kubectl' });
});

t.test("IPAM's kinds are bare: labels of their own, a text for deleted, IPAMConfig", async (test) => {
  const { store, objects } = await start(test);
  const labels = affinityOwnerLabels('n1', 'host');
  const spec = { node: 'n1', cidr: '10.0.0.0/26', type: 'host', state: 'pending', deleted: false } as const;
  await store.create(newResource('BlockAffinity', { name: 'n1-10-0-0-0-26', labels }, spec));
  await store.create(newResource('BlockAffinity', { name: 'other' }, { ...spec, node: 'n2' }));
  test.match(objects.get(crd('blockaffinities'), 'n1-10-0-0-0-26'), {
    metadata: { labels },
    spec: { deleted: 'false' },
  });
  const mine = await store.list('BlockAffinity', { labels });
  test.same(names(mine.items), ['n1-10-0-0-0-26']);
  test.same(mine.items[0].spec, spec);
  await store.create(newResource('IPAMConfiguration', { name: 'default' }, { strictAffinity: true }));
  test.match(objects.get(crd('ipamconfigs'), 'default'), { kind: 'IPAMConfig', spec: { strictAffinity: true } });
  test.match(await store.get({ kind: 'IPAMConfiguration', name: 'default' }), { kind: 'IPAMConfiguration' });
});

t.test('a Node says when it takes nothing for services, and when it is cordoned', async (test) => {
  const { store, objects } = await start(test);
  const now = async (spec: object, ready?: string) => {
    const conditions = [
      { type: 'NetworkUnavailable', status: 'True' },
      ...(ready ? [{ type: 'Ready', status: ready }] : []),
    ];
    objects.patch(core('nodes'), 'n1', { spec, status: { conditions } });
    return (await store.get({ kind: 'Node', name: 'n1' }))?.status;
  };
  objects.create(core('nodes'), { metadata: { name: 'n1' } });
  test.same(await now({}), {}, 'a daemon that starts or ends changes nothing');
  test.same(await now({ unschedulable: true }, 'True'), { unschedulable: true });
  test.same(await now({ unschedulable: null }, 'Unknown'), { ready: false });
  test.same(await now({}, 'True'), {});
});

t.test("a Node is Kubernetes' node with Calico's annotations; it can be changed, not made or removed", async (test) => {
  const { store, objects } = await start(test);
  objects.create(core('nodes'), {
    metadata: {
      name: 'n1',
      labels: { zone: 'a' },
      annotations: { other: 'kept', 'projectcalico.org/ASNumber': '65001' },
    },
    spec: { podCIDRs: ['10.9.0.0/24'] },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.168.0.7' },
        { type: 'ExternalIP', address: 'lb.example.com' },
        { type: 'Hostname', address: 'n1' },
      ],
    },
  });
  const node = (await store.get({ kind: 'Node', name: 'n1' }))!;
  test.match(node, { metadata: { labels: { zone: 'a' } }, status: { podCIDRs: ['10.9.0.0/24'] } });
  test.same(node.spec.orchRefs, [{ nodeName: 'n1', orchestrator: 'k8s' }]);
  test.same(node.spec.addresses, [{ type: 'InternalIP', address: '192.168.0.7' }]);
  test.same(node.spec.bgp, { asNumber: 65001 }, 'its AS number waits for an address');
  const bgp = { asNumber: 65001, ipv4Address: '192.168.0.7/24', ipv4IPIPTunnelAddr: '10.0.0.1' };
  const changed: Node = await store.update({
    ...node,
    spec: { ...node.spec, bgp, vxlanTunnelMACAddr: '66:00:00:00:00:01' },
  });
  test.same(changed.spec.bgp, bgp);
  test.match(changed.spec.addresses, [{ address: '192.168.0.7/24', type: 'CalicoNodeIP' }, {}]);
  test.match(objects.get(core('nodes'), 'n1').metadata['annotations'], {
    other: 'kept',
    'projectcalico.org/IPv4Address': '192.168.0.7/24',
    'projectcalico.org/ASNumber': '65001',
    'projectcalico.org/VXLANTunnelMACAddr': '66:00:00:00:00:01',
  });
  await test.rejects(store.update(node), { code: 'CONFLICT' });
  await store.update({ ...changed, spec: {} });
  test.same(objects.get(core('nodes'), 'n1').metadata['annotations'], { other: 'kept' });
  const refusal = { code: 'NOT_SUPPORTED', message: /operation create is not supported on Node\(n2\)/ };
  await test.rejects(store.create(newResource('Node', { name: 'n2' }, {})), refusal);
  await test.rejects(store.delete({ kind: 'Node', name: 'n1' }), { code: 'NOT_SUPPORTED' });
});

t.test('labels and annotations of a Node are kept beside those of Kubernetes, which come first', async (test) => {
  const { store, objects } = await start(test);
  const [labels, annotations, inherited] = ['labels', 'annotations', 'kube-labels'].map(
    (word) => `projectcalico.org/${word}`,
  );
  objects.create(core('nodes'), {
    metadata: { name: 'n1', labels: { zone: 'a', arch: 'x' }, annotations: { other: 'kept' } },
  });
  const node = (await store.get({ kind: 'Node', name: 'n1' }))!;
  test.same(node.metadata.labels, { zone: 'a', arch: 'x' });
  test.same(node.metadata.annotations, { [inherited]: '{"arch":"x","zone":"a"}' });
  const change = (more: object, notes: object): Node => ({
    ...node,
    metadata: {
      ...node.metadata,
      labels: { ...node.metadata.labels, ...more },
      annotations: { ...node.metadata.annotations, ...notes },
    },
  });
  const changed = await store.update<'Node'>(change({ rr: 'true', zone: 'b' }, { owner: 'me' }));
  test.same(changed.metadata.labels, { rr: 'true', zone: 'a', arch: 'x' }, 'what is Kubernetes’ stays as it is');
  test.same(changed.metadata.annotations, { owner: 'me', [inherited]: '{"arch":"x","zone":"a"}' });
  const stored = objects.get(core('nodes'), 'n1').metadata;
  test.same(stored['labels'], { zone: 'a', arch: 'x' });
  test.same(stored['annotations'], { other: 'kept', [labels]: '{"rr":"true"}', [annotations]: '{"owner":"me"}' });
  const again = await store.update<'Node'>({ ...changed, spec: { bgp: { asNumber: 64513 } } });
  test.same(again.metadata, { ...changed.metadata, resourceVersion: again.metadata.resourceVersion }, 'another field');
  test.same((await store.list('Node', { labels: { rr: 'true' } })).items.length, 1);
  const { rr: _, ...without } = again.metadata.labels!;
  const gone = await store.update<'Node'>({ ...again, metadata: { ...again.metadata, labels: without } });
  test.same(gone.metadata.labels, { zone: 'a', arch: 'x' });
  test.notOk(labels in (objects.get(core('nodes'), 'n1').metadata['annotations'] as object));
});

t.test(
  'floating IPs and source prefixes are the pod’s annotations; what can not be read there is left out',
  async (test) => {
    const { store, objects } = await start(test);
    const annotated = (name: string, floatingIPs: string, allowedSourcePrefixes: string): unknown =>
      objects.create(core('pods', 'web'), {
        metadata: {
          name,
          annotations: {
            'cni.projectcalico.org/floatingIPs': floatingIPs,
            'cni.projectcalico.org/allowedSourcePrefixes': allowedSourcePrefixes,
          },
        },
        spec: { nodeName: 'n' },
        status: { podIPs: [{ ip: '10.0.0.9' }] },
      });
    annotated('a', '["203.0.113.7","2001:db8::7","x"]', '["192.0.2.0/24","y"]');
    annotated('b', 'nonsense', '{}');
    const { items } = await store.list('WorkloadEndpoint');
    test.same(items[0].spec.ipNATs, [{ internalIP: '10.0.0.9', externalIP: '203.0.113.7' }]);
    test.same(items[0].spec.allowSpoofedSourcePrefixes, ['192.0.2.0/24']);
    test.match(items[1].spec, {
      ipNATs: undefined,
      allowSpoofedSourcePrefixes: undefined,
      ipNetworks: ['10.0.0.9/32'],
    });
  },
);

t.test('a pod’s limits are its annotations, also those that change while it runs', async (test) => {
  const { store, objects } = await start(test);
  const qos = 'qos.projectcalico.org/';
  const annotations = {
    'kubernetes.io/egress-bandwidth': '2M',
    [`${qos}ingressPacketRate`]: '1k',
    [`${qos}egressBurst`]: 'much',
  };
  objects.create(core('pods', 'web'), { metadata: { name: 'a', annotations }, spec: { nodeName: 'n' } });
  const { items, revision } = await store.list('WorkloadEndpoint');
  test.same(items[0].spec.qosControls, {
    egressBandwidth: 2_000_000,
    egressBurst: 4_294_967_296,
    ingressPacketRate: 1000,
    ingressPacketBurst: 5,
  });
  test.match(items[0].metadata.annotations, { [`${qos}egressBurst`]: 'much' }, 'for what is wrong to be told');
  const watch = follow(store, 'WorkloadEndpoint', revision);
  objects.patch(core('pods', 'web'), 'a', {
    metadata: { annotations: { 'kubernetes.io/egress-bandwidth': null, [`${qos}ingressPacketRate`]: '2k' } },
  });
  const [seen] = await watch.take(1);
  test.same(seen.resource.spec.qosControls, { ingressPacketRate: 2000, ingressPacketBurst: 5 });
  await watch.stop();
});

t.test('a pod on a node, with a network of its own, is a workload endpoint', async (test) => {
  const { store, objects } = await start(test);
  const pod = (name: string, spec: object, status: object = {}): unknown =>
    objects.create(core('pods', 'web'), { metadata: { name, labels: { app: name } }, spec, status });
  pod('on-host', { nodeName: 'my-node', hostNetwork: true });
  pod('waiting', {});
  pod('done', { nodeName: 'my-node' }, { phase: 'Succeeded', podIPs: [{ ip: '10.0.0.9' }] });
  pod('my-app', {
    nodeName: 'my-node',
    serviceAccountName: 'robot',
    containers: [{ ports: [{ containerPort: 80 }, { name: 'http', containerPort: 8080 }] }],
  });
  const { items, revision } = await store.list('WorkloadEndpoint');
  test.same(names(items), ['my--node-k8s-done-eth0', 'my--node-k8s-my--app-eth0']);
  test.same(items[0].spec.ipNetworks, [], 'what has ended has no address');
  const [, app] = items;
  test.match(app, {
    metadata: {
      namespace: 'web',
      labels: { app: 'my-app', 'projectcalico.org/namespace': 'web', 'projectcalico.org/serviceaccount': 'robot' },
    },
    spec: { pod: 'my-app', profiles: ['kns.web', 'ksa.web.robot'], interfaceName: /^cali[0-9a-f]{11}$/ },
  });
  test.same(app.spec.ports, [{ name: 'http', protocol: 'TCP', port: 8080 }]);
  const watch = follow(store, 'WorkloadEndpoint', revision);
  const addressed = await store.update({
    ...app,
    spec: { ...app.spec, containerID: 'abc', ipNetworks: ['10.0.0.5/32'] },
  });
  test.same(addressed.spec.ipNetworks, ['10.0.0.5/32']);
  test.match(objects.get(core('pods', 'web'), 'my-app').metadata['annotations'], {
    'cni.projectcalico.org/podIP': '10.0.0.5/32',
    'cni.projectcalico.org/podIPs': '10.0.0.5/32',
    'cni.projectcalico.org/containerID': 'abc',
  });
  await store.delete({ kind: 'WorkloadEndpoint', name: app.metadata.name, namespace: 'web' });
  test.match(objects.get(core('pods', 'web'), 'my-app').metadata['annotations'], { 'cni.projectcalico.org/podIP': '' });
  const seen = await watch.take(2);
  test.same(
    seen.map(({ type, resource }) => [type, resource.spec.ipNetworks]),
    [
      ['modified', ['10.0.0.5/32']],
      ['modified', []],
    ],
  );
  await watch.stop();
});

t.test('a pod’s addresses are what CNI wrote, whatever its status still tells of', async (test) => {
  const { store, objects } = await start(test);
  const ip = 'cni.projectcalico.org/podIP';
  const old = { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], startTime: '2020-01-01T00:00:00Z' };
  const later = { ...old, startTime: '2999-01-01T00:00:00Z' };
  const mirror = { 'kubernetes.io/config.mirror': 'x' };
  const cases: readonly (readonly [string, object, object, readonly string[]])[] = [
    ['no word of CNI', {}, later, ['10.0.0.1/32', 'fd00::1/128']],
    ['a sandbox made anew', { [ip]: '10.0.0.2/32', [`${ip}s`]: '10.0.0.2/32' }, later, ['10.0.0.2/32']],
    [
      'of two families',
      { [ip]: '10.0.0.2/32', [`${ip}s`]: '10.0.0.2/32,fd00::2' },
      later,
      ['10.0.0.2/32', 'fd00::2/128'],
    ],
    ['only the older annotation', { [ip]: '10.0.0.2' }, later, ['10.0.0.2/32']],
    ['between DEL and ADD', { [ip]: '', [`${ip}s`]: '' }, later, []],
    ['a status that was a former pod’s', {}, old, []],
    ['the same with its own address', { [ip]: '10.0.0.2/32' }, old, ['10.0.0.2/32']],
    ['a static pod, older than its mirror', mirror, old, ['10.0.0.1/32', 'fd00::1/128']],
    [
      'an annotation that nobody can read',
      { [ip]: 'nonsense', [`${ip}s`]: ',' },
      later,
      ['10.0.0.1/32', 'fd00::1/128'],
    ],
    ['one that can be read in part', { [`${ip}s`]: '10.0.0.2/32, x' }, later, ['10.0.0.2/32']],
    ['finished', { [ip]: '10.0.0.2/32' }, { ...later, phase: 'Failed' }, []],
  ];
  for (const [at, [, annotations, status]] of cases.entries()) {
    const metadata = { name: `p${at}`, annotations };
    objects.create(core('pods', 'web'), { metadata, spec: { nodeName: 'n' }, status });
  }
  for (const [at, [what, , , wanted]] of cases.entries()) {
    const read = await store.get({ kind: 'WorkloadEndpoint', name: `n-k8s-p${at}-eth0`, namespace: 'web' });
    test.same(read?.spec.ipNetworks, wanted, what);
  }
});

t.test('what pods and namespaces ask of CNI is shown, and what CNI wrote there is not', async (test) => {
  const { store, objects } = await start(test);
  const asked = { 'cni.projectcalico.org/ipv4pools': '["a"]' };
  const annotations = { ...asked, 'cni.projectcalico.org/podIP': '10.0.0.5/32', other: 'x' };
  objects.create(core('namespaces'), { metadata: { name: 'web', annotations } });
  objects.create(core('pods', 'web'), { metadata: { name: 'a', annotations }, spec: { nodeName: 'n' } });
  test.same((await store.list('WorkloadEndpoint')).items[0].metadata.annotations, asked);
  test.same((await store.get({ kind: 'Profile', name: 'kns.web' }))?.metadata.annotations, asked);
});

t.test('namespaces and service accounts are profiles, listed and watched as one', async (test) => {
  const { store, objects } = await start(test);
  objects.create(core('namespaces'), { metadata: { name: 'web', labels: { team: 'x' } } });
  objects.create(core('serviceaccounts', 'web'), { metadata: { name: 'robot', labels: { r: '1' } } });
  const { items, revision } = await store.list('Profile');
  test.same(names(items), ['kns.web', 'ksa.web.robot', 'projectcalico-default-allow']);
  test.match(items[0].spec, {
    ingress: [{ action: 'Allow' }],
    labelsToApply: { 'pcns.team': 'x', 'pcns.projectcalico.org/name': 'web' },
  });
  test.same(items[1].spec, { labelsToApply: { 'pcsa.r': '1', 'pcsa.projectcalico.org/name': 'robot' } });
  for (const { metadata } of items) test.ok(await store.get({ kind: 'Profile', name: metadata.name }), metadata.name);
  const watch = follow(store, 'Profile', revision);
  objects.create(core('serviceaccounts', 'web'), { metadata: { name: 'second' } });
  const [first] = await watch.take(1);
  await watch.stop();
  objects.create(core('namespaces'), { metadata: { name: 'db' } });
  const again = follow(store, 'Profile', first.revision);
  test.same(names((await again.take(1)).map((event) => event.resource)), ['kns.db'], 'its revision is that of both');
  await again.stop();
  await test.rejects(store.delete({ kind: 'Profile', name: 'kns.web' }), { code: 'NOT_SUPPORTED' });
});

async function start(test: Test): Promise<{ store: KubernetesStore; objects: Objects }> {
  const server = await ApiServer.start();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  test.teardown(async () => {
    await store.close();
    await server.stop();
  });
  return { store, objects: server.objects };
}
