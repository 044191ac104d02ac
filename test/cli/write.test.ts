import { join } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { parseAddress } from '../../src/base/index.ts';
import { Ipam } from '../../src/ipam/index.ts';
import { newResource } from '../../src/model/index.ts';
import { Cluster, directory, node, pool } from './harness.ts';

const POOL = pool('pool-a', '10.0.0.0/16');

t.test('create fills in what Calico writes into a pool', async (t) => {
  const cluster = new Cluster();
  const ran = await cluster.run('create -f -', stringify(POOL));
  t.same(ran, { code: 0, stdout: "Successfully created 1 'IPPool' resource(s)\n", stderr: '' });
  const stored = await cluster.store.get({ kind: 'IPPool', name: 'pool-a' });
  t.match(stored?.spec, {
    cidr: '10.0.0.0/16',
    blockSize: 26,
    ipipMode: 'Never',
    vxlanMode: 'Never',
    nodeSelector: 'all()',
    allowedUses: ['Workload', 'Tunnel'],
    assignmentMode: 'Automatic',
  });
  t.ok(await cluster.store.get({ kind: 'ClusterInformation', name: 'default' }), 'the cluster knows itself');
});

t.test('create of what is there fails unless it may be skipped', async (t) => {
  const cluster = new Cluster();
  await cluster.put(POOL);
  const text = stringify(POOL);
  t.same(await cluster.run('create -f -', text), {
    code: 1,
    stdout: '',
    stderr: "failed to create 'IPPool' resource: [resource already exists: IPPool(pool-a)]\n",
  });
  t.match(await cluster.run('create --skip-exists -f -', text), {
    code: 0,
    stdout: "Successfully created 1 'IPPool' resource(s)\n",
  });
});

t.test('apply creates and then replaces; replace needs something to replace', async (t) => {
  const cluster = new Cluster();
  const text = stringify(node('n1', { bgp: { ipv4Address: '192.0.2.1/24' } }));
  t.match(await cluster.run('replace -f -', text), {
    code: 1,
    stderr: /^failed to replace 'Node' resource: \[resource does not exist: Node\(n1\)/,
  });
  t.match(await cluster.run('apply -f -', text), { code: 0, stdout: "Successfully applied 1 'Node' resource(s)\n" });
  const changed = text.replace('192.0.2.1', '192.0.2.9');
  t.match(await cluster.run('apply -f -', changed), { code: 0 });
  t.equal((await cluster.store.get({ kind: 'Node', name: 'n1' }))?.spec.bgp?.ipv4Address, '192.0.2.9/24');
  t.match(await cluster.run('replace -f -', text), { code: 0, stdout: "Successfully replaced 1 'Node' resource(s)\n" });
});

t.test('what get prints, apply takes, and a version that is out of date is refused', async (t) => {
  const cluster = new Cluster();
  await cluster.put(POOL);
  const { stdout: list } = await cluster.run('get ippool -o yaml');
  t.match(await cluster.run('apply -f -', list), { code: 0, stdout: "Successfully applied 1 'IPPool' resource(s)\n" });
  t.match(await cluster.run('apply -f -', list), { code: 1, stderr: /update conflict: IPPool\(pool-a\)/ });
  const { stdout: json } = await cluster.run('get ippool pool-a -o json');
  t.match(await cluster.run('replace -f -', json), { code: 0 });
});

for (const verb of ['apply', 'replace']) {
  t.test(`${verb} replaces labels and annotations as it does the spec, and nothing else of the metadata`, async (t) => {
    const cluster = new Cluster();
    const before = { labels: { gone: 'yes', changed: 'a' }, annotations: { note: 'old' }, finalizers: ['f'] };
    await cluster.put(pool('p', '10.0.0.0/16', { natOutgoing: true }, before));
    const stored = await cluster.store.get({ kind: 'IPPool', name: 'p' });
    await cluster.run(`${verb} -f -`, stringify(pool('p', '10.0.0.0/16', {}, { labels: { changed: 'b' }, uid: 'x' })));
    const replaced = await cluster.store.get({ kind: 'IPPool', name: 'p' });
    t.same(replaced?.metadata.labels, { changed: 'b' });
    t.equal(replaced?.metadata.annotations, undefined);
    t.equal(replaced?.spec.natOutgoing, undefined);
    for (const field of ['uid', 'creationTimestamp', 'finalizers']) {
      t.same(replaced?.metadata[field], stored?.metadata[field], field);
    }
    await cluster.run(`${verb} -f -`, stringify(pool('p', '10.0.0.0/16')));
    t.equal((await cluster.store.get({ kind: 'IPPool', name: 'p' }))?.metadata.labels, undefined);
  });
}

t.test('patch merges labels and annotations, label changes one', async (t) => {
  const cluster = new Cluster();
  await cluster.put(pool('p', '10.0.0.0/16', {}, { labels: { a: '1', b: '2' } }));
  await cluster.run(['patch', 'pool', 'p', '-p', '{"metadata":{"labels":{"b":"3","c":"4"}}}']);
  await cluster.run('label pool p a --remove');
  t.same((await cluster.store.get({ kind: 'IPPool', name: 'p' }))?.metadata.labels, { b: '3', c: '4' });
});

t.test('several documents, lists and directories are taken in their order', async (t) => {
  const cluster = new Cluster();
  const path = await directory(t, {
    'a.yaml': `${stringify(POOL)}---\n# nothing here\n---\n${stringify(node('n1'))}`,
    'b.json': JSON.stringify({ kind: 'NodeList', apiVersion: 'projectcalico.org/v3', items: [node('n2'), node('n3')] }),
    'c.txt': 'not a manifest',
  });
  t.same(await cluster.run(['create', '-f', path]), {
    code: 0,
    stdout: 'Successfully created 4 resource(s)\n',
    stderr: '',
  });
  t.same(await cluster.run(['delete', '-f', join(path, 'b.json')]), {
    code: 0,
    stdout: "Successfully deleted 2 'Node' resource(s)\n",
    stderr: '',
  });
});

t.test('a failure in the middle tells how far it came', async (t) => {
  const cluster = new Cluster();
  const text = [POOL, pool('pool-b', '10.0.128.0/17')].map((object) => stringify(object)).join('---\n');
  t.same(await cluster.run('create -f -', text), {
    code: 1,
    stdout: "Partial success: created the first 1 out of 2 'IPPool' resources:\n",
    stderr:
      "hit error: [error with field IPPool.Spec.CIDR = '10.0.128.0/17' " +
      '(IPPool(pool-b) CIDR overlaps with IPPool(pool-a) CIDR 10.0.0.0/16)]\n',
  });
});

t.test('delete by name', async (t) => {
  const cluster = new Cluster();
  await cluster.put(POOL);
  await cluster.put(node('n1'));
  t.match(await cluster.run('delete ippools pool-a'), {
    code: 0,
    stdout: "Successfully deleted 1 'IPPool' resource(s)\n",
  });
  t.match(await cluster.run('delete ippool pool-a'), {
    code: 1,
    stderr: /^failed to delete 'IPPool' resource: resource does not exist: IPPool\(pool-a\)/,
  });
  t.match(await cluster.run('delete -s ippool pool-a'), { code: 0 });
  t.match(await cluster.run('delete node n1 n2'), {
    code: 1,
    stdout: "Successfully deleted 1 'Node' resource(s)\n",
    stderr: /Node\(n2\)/,
  });
});

t.test("a pool's CIDR and block size stay what they are", async (t) => {
  const cluster = new Cluster();
  await cluster.run('create -f -', stringify(POOL));
  t.match(await cluster.run('apply -f -', stringify(pool('pool-a', '10.1.0.0/16'))), {
    code: 1,
    stderr: /IPPool CIDR cannot be modified/,
  });
  t.match(await cluster.run('apply -f -', stringify(pool('pool-a', '10.0.0.0/16', { blockSize: 28 }))), {
    code: 1,
    stderr: /IPPool BlockSize cannot be modified/,
  });
});

t.test('the cluster information is read only', async (t) => {
  const cluster = new Cluster();
  const text = stringify({
    apiVersion: 'projectcalico.org/v3',
    kind: 'ClusterInformation',
    metadata: { name: 'default' },
  });
  for (const verb of ['create', 'apply', 'replace', 'delete']) {
    t.match(await cluster.run(`${verb} -f -`, text), {
      code: 1,
      stderr: /operation .* is not supported on ClusterInformation/,
    });
  }
});

t.test('a status outlives a manifest that has none', async (t) => {
  const cluster = new Cluster();
  await cluster.put({ ...node('n1'), status: { podCIDRs: ['10.9.0.0/24'] } });
  await cluster.run('apply -f -', stringify(node('n1', { bgp: { ipv4Address: '192.0.2.1/24' } })));
  const stored = await cluster.store.get({ kind: 'Node', name: 'n1' });
  t.match(stored, { status: { podCIDRs: ['10.9.0.0/24'] }, spec: { bgp: { ipv4Address: '192.0.2.1/24' } } });
});

t.test('a pool that goes lets go of its blocks and leaves the addresses with their owners', async (t) => {
  const cluster = new Cluster();
  await cluster.put(POOL);
  const ipam = new Ipam({ store: cluster.store, clock: cluster.clock });
  await ipam.assignIp(parseAddress('10.0.0.1'), { hostname: 'n1', handleId: 'h' });
  await ipam.ensureBlock({ hostname: 'n2', num4: 1 });
  const old = stringify(pool('pool-a', '10.0.0.0/16', {}, { resourceVersion: '999' }));
  t.match(await cluster.run('delete -f -', old), { code: 1, stderr: /update conflict: IPPool\(pool-a\)/ });
  t.match(await cluster.run('delete pool pool-a'), { code: 0 });
  t.same((await cluster.store.list('IPPool')).items, []);
  t.same((await cluster.store.list('BlockAffinity')).items, []);
  const blocks = (await cluster.store.list('IPAMBlock')).items;
  t.same(
    blocks.map(({ spec }) => [spec.cidr, spec.affinity]),
    [['10.0.0.0/26', undefined]],
  );
});

const REFUSED_POOLS: readonly (readonly [spec: object, says: string])[] = [
  [{}, 'IPPool.Spec.CIDR (IPPool CIDR must be specified)'],
  [{ cidr: '10.0.1.0/33' }, "IPPool.Spec.CIDR = '10.0.1.0/33' (IPPool CIDR must be a valid subnet)"],
  [{ cidr: 'fd5f::2::1/32' }, "IPPool.Spec.CIDR = 'fd5f::2::1/32' (IPPool CIDR must be a valid subnet)"],
  [{ cidr: '10.0.0.5/16' }, "IPPool.Spec.CIDR = '10.0.0.0/16' (IPPool CIDR is not strictly masked)"],
  [
    { cidr: '10.0.250.0/32' },
    "IPPool.Spec.CIDR = '10.0.250.0/32' (IP pool size is too small for use with Calico IPAM. " +
      'It must be equal to or greater than the block size.)',
  ],
  [{ cidr: '10.0.0.0/8', blockSize: 8 }, "IPPool.Spec.BlockSize = '8' (IPv4 block size must be between 20 and 32)"],
  [{ cidr: 'fd00::/64', blockSize: 64 }, "IPPool.Spec.BlockSize = '64' (IPv6 block size must be between 116 and 128)"],
  [
    { cidr: '10.0.0.0/16', ipipMode: 'Always', vxlanMode: 'Always' },
    "IPPool.Spec.VXLANMode = 'Always' (Cannot enable both VXLAN and IPIP on the same IPPool)",
  ],
  [
    { cidr: 'fd00::/64', ipipMode: 'Always' },
    "IPPool.Spec.IPIPMode = 'Always' (IPIP is not supported on an IPv6 IP pool)",
  ],
  [
    { cidr: '169.254.5.0/24' },
    "IPPool.Spec.CIDR = '169.254.5.0/24' (IPPool CIDR overlaps with IPv4 Link Local range 169.254.0.0/16)",
  ],
];

for (const [spec, says] of REFUSED_POOLS) {
  t.test(`a pool is refused: ${says}`, async (t) => {
    const cluster = new Cluster();
    const text = stringify({ apiVersion: 'projectcalico.org/v3', kind: 'IPPool', metadata: { name: 'p' }, spec });
    for (const verb of ['create', 'apply', 'validate']) {
      t.same(await cluster.run(`${verb} -f -`, text), {
        code: 1,
        stdout: '',
        stderr: `failed to ${verb} 'IPPool' resource: [error with field ${says}]\n`,
      });
    }
  });
}

t.test('a pool does not change the size of blocks that are in use', async (t) => {
  const cluster = new Cluster();
  await cluster.put(POOL);
  const ipam = new Ipam({ store: cluster.store, clock: cluster.clock });
  await ipam.assignIp(parseAddress('10.0.0.1'), { hostname: 'n1', handleId: 'h' });
  await cluster.run('delete pool pool-a');
  t.match(await cluster.run('create -f -', stringify(pool('other', '10.0.0.0/16', { blockSize: 28 }))), {
    code: 1,
    stderr: /BlockSize = '28' \(IPPool blocksSize conflicts with existing allocations that use a different blockSize\)/,
  });
  t.match(await cluster.run('create -f -', stringify(pool('other', '10.0.0.0/16', { blockSize: 26 }))), { code: 0 });
});

t.test('a node goes with all that is only there for its sake', async (t) => {
  const cluster = new Cluster();
  await cluster.put(pool('p', '10.0.0.0/16', { blockSize: 26 }));
  await cluster.put(node('n1', { ipv4VXLANTunnelAddr: '10.0.0.2' }));
  await cluster.put(node('n10'));
  const ipam = new Ipam({ store: cluster.store, clock: cluster.clock });
  await ipam.assignIp(parseAddress('10.0.0.1'), { hostname: 'n1', handleId: 'pod' });
  await ipam.assignIp(parseAddress('10.0.0.2'), { hostname: 'n1', handleId: 'tunnel' });
  await ipam.assignIp(parseAddress('10.0.1.1'), { hostname: 'n10', handleId: 'other' });
  for (const host of ['n1', 'n10']) {
    const identity = { node: host, orchestrator: 'k8s', pod: 'web', endpoint: 'eth0', interfaceName: 'cali1' };
    const spec = { ...identity, ipNetworks: ['10.0.0.1/32'] };
    const metadata = { name: `${host}-k8s-web-eth0`, namespace: 'a' };
    await cluster.put({ kind: 'WorkloadEndpoint', metadata, spec: host === 'n1' ? spec : { ...spec, ipNetworks: [] } });
    await cluster.put({
      kind: 'BGPPeer',
      metadata: { name: `peer-${host}` },
      spec: { node: host, peerIP: '192.0.2.1', asNumber: 64512 },
    });
    await cluster.put({
      kind: 'HostEndpoint',
      metadata: { name: `hep-${host}` },
      spec: { node: host, interfaceName: '*' },
    });
    await cluster.put({ kind: 'FelixConfiguration', metadata: { name: `node.${host}` }, spec: {} });
  }
  t.match(await cluster.run('delete node n1'), { code: 0, stdout: "Successfully deleted 1 'Node' resource(s)\n" });
  for (const kind of ['Node', 'WorkloadEndpoint', 'BGPPeer', 'HostEndpoint', 'FelixConfiguration'] as const) {
    const { items } = await cluster.store.list(kind);
    t.match(items, [{ metadata: { name: /n10/ } }], kind);
  }
  const blocks = (await cluster.store.list('IPAMBlock')).items.map(({ spec }) => [spec.cidr, spec.affinity]);
  t.same(blocks, [['10.0.1.0/26', 'host:n10']]);
  t.match(await cluster.run('delete node n1'), { code: 1, stderr: /resource does not exist: Node\(n1\)/ });
});

t.test('a node that is called as its host is, in capitals, can be changed, but not made', async (t) => {
  const cluster = new Cluster();
  const file = 'apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: HOST-1, labels: {a: b}}\n';
  const refused = { code: 1, stderr: /Metadata\.Name = 'HOST-1'/ };
  for (const verb of ['create', 'apply', 'replace']) t.match(await cluster.run(`${verb} -f -`, file), refused, verb);
  await cluster.store.create(newResource('Node', { name: 'HOST-1' }, {}));
  for (const line of ['apply -f -', 'replace -f -', 'label node HOST-1 c=d']) {
    t.match(await cluster.run(line, file), { code: 0 }, line);
  }
  const patched = await cluster.run(['patch', 'node', 'HOST-1', '-p', '{"spec":{"bgp":{"asNumber":64513}}}']);
  t.match(patched, { code: 0 });
  t.match(await cluster.store.get({ kind: 'Node', name: 'HOST-1' }), {
    metadata: { labels: { a: 'b', c: 'd' } },
    spec: { bgp: { asNumber: 64513 } },
  });
  t.match(await cluster.run('replace -f -', `${file}spec: {bgp: {asNumber: -1}}\n`), { code: 1 });
});

t.test('the settings of the controllers are stored with what Calico fills in', async (t) => {
  const cluster = new Cluster();
  const file = 'apiVersion: projectcalico.org/v3\nkind: KubeControllersConfiguration\nmetadata: {name: default}\n';
  const spec = 'spec: {controllers: {node: {}, loadBalancer: {}}}\n';
  t.match(await cluster.run('apply -f -', file + spec), { code: 0 });
  t.same((await cluster.store.get({ kind: 'KubeControllersConfiguration', name: 'default' }))?.spec, {
    controllers: { node: { leakGracePeriod: '15m0s' }, loadBalancer: { assignIPs: 'AllServices' } },
    prometheusMetricsPort: 9094,
  });
});
