import t from 'tap';
import { parseAddress } from '../../src/base/index.ts';
import { Ipam } from '../../src/ipam/index.ts';
import { type KindName, kindNames } from '../../src/model/index.ts';
import { Cluster, node, pool } from './harness.ts';

async function filled(): Promise<Cluster> {
  const cluster = new Cluster();
  const spec = { clusterGUID: 'abc', calicoVersion: '', datastoreReady: true };
  await cluster.put({ kind: 'ClusterInformation', metadata: { name: 'default' }, spec });
  await cluster.put(pool('pool-a', '10.0.0.0/24', { blockSize: 26 }));
  await cluster.put(pool('pool-6', 'fd00::/64'));
  await cluster.put(node('n1'));
  await cluster.put(node('old', { orchRefs: [{ nodeName: 'new', orchestrator: 'k8s' }] }));
  const felix = { defaultEndpointToHostAction: 'DROP', iptablesMangleAllowAction: 'RETURN', netlinkTimeout: '5s' };
  await cluster.put({ kind: 'FelixConfiguration', metadata: { name: 'node.old' }, spec: felix });
  await cluster.put({ kind: 'NetworkSet', metadata: { name: 's', namespace: 'a' }, spec: { nets: ['192.0.2.0/24'] } });
  await cluster.put({ kind: 'NetworkPolicy', metadata: { name: 'knp.default.x', namespace: 'a' }, spec: {} });
  await cluster.run('ipam configure --strictaffinity=false');
  const ipam = new Ipam({ store: cluster.store, clock: cluster.clock });
  const handle = (name: string) => ({
    hostname: name,
    handleId: `ipip-tunnel-addr-${name}`,
    attributes: { node: name },
  });
  await ipam.assignIp(parseAddress('10.0.0.1'), handle('n1'));
  await ipam.assignIp(parseAddress('10.0.0.65'), handle('old'));
  await ipam.assignIp(parseAddress('fd00::1'), { hostname: 'old', handleId: 'k8s-pod-network.1' });
  return cluster;
}

/** All that two stores should have in common. */
async function contents(cluster: Cluster): Promise<Record<string, unknown>> {
  const kinds = kindNames.filter((kind: KindName) => kind !== 'ClusterInformation');
  const entries = await Promise.all(
    kinds.map(async (kind) => {
      const { items } = await cluster.store.list(kind);
      return [kind, items.map(({ metadata: { name, namespace }, spec }) => ({ name, namespace, spec }))] as const;
    }),
  );
  return Object.fromEntries(entries);
}

t.test('what export prints, import puts into another datastore', async (t) => {
  const from = await filled();
  t.match(await from.run('datastore migrate export'), { code: 1, stderr: /^datastore is not locked\./ });
  t.same(await from.run('datastore migrate lock'), { code: 0, stdout: 'Datastore locked.\n', stderr: '' });
  const { code, stdout: text } = await from.run('datastore migrate export');
  t.equal(code, 0);
  t.equal(text.split('===\n').length, 3);

  const to = new Cluster();
  const ran = await to.run('datastore migrate import -f -', text);
  t.same(ran, {
    code: 0,
    stdout:
      'Datastore locked.\nSuccessfully applied 9 resource(s)\nImporting IPAM resources\n' +
      'Successfully applied 10 IPAM resource(s)\n' +
      'Datastore information successfully imported. Please refer to the datastore migration documentation for next steps.\n',
    stderr: '',
  });
  const [before, after] = [await contents(from), await contents(to)];
  t.same(after['NetworkPolicy'], [], 'policies of Kubernetes come from Kubernetes');
  t.match(after['Node'], [{ name: 'n1' }, { name: 'new' }]);
  const words = { defaultEndpointToHostAction: 'Drop', iptablesMangleAllowAction: 'Return', netlinkTimeout: '5s' };
  t.match(after['FelixConfiguration'], [{ name: 'node.new', spec: words }]);
  t.same(JSON.parse(asText(after['IPAMBlock'])), JSON.parse(asText(before['IPAMBlock']).replaceAll('old', 'new')));
  t.same(
    JSON.parse(asText(after['BlockAffinity'])),
    JSON.parse(asText(before['BlockAffinity']).replaceAll('old', 'new')),
  );
  t.same(JSON.parse(asText(after['IPAMHandle'])), JSON.parse(asText(before['IPAMHandle']).replaceAll('old', 'new')));
  t.same(after['IPAMConfiguration'], before['IPAMConfiguration']);
  const cluster = await to.store.get({ kind: 'ClusterInformation', name: 'default' });
  t.match(cluster?.spec, { clusterGUID: 'abc', datastoreReady: false });
  t.match(await to.run('ipam show --ip=10.0.0.65'), { stdout: /Handle ID: ipip-tunnel-addr-new/ });
  t.same(await to.run('datastore migrate unlock'), { code: 0, stdout: 'Datastore unlocked.\n', stderr: '' });
});

t.test('import looks at the datastore first, at the file last', async (t) => {
  const etcd = new Cluster({ env: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'http://192.0.2.1:2379' } });
  t.same(await etcd.run('datastore migrate import -f /nowhere'), {
    code: 1,
    stdout: '',
    stderr: 'invalid datastore type: etcdv3 to import to for datastore migration. Datastore type must be kubernetes\n',
  });
  t.match(await (await filled()).run('datastore migrate import -f /nowhere'), { code: 1, stderr: /found existing/ });
  t.match(await new Cluster().run('datastore migrate import -f /nowhere'), {
    code: 1,
    stdout: 'Datastore locked.\n',
    stderr: /^error while reading migration file: /,
  });
  const kubernetes = new Cluster({ env: { DATASTORE_TYPE: 'kubernetes' } });
  await kubernetes.run('datastore migrate lock');
  t.match(await kubernetes.run('datastore migrate export'), {
    code: 1,
    stderr: /^invalid datastore type: kubernetes to export from .* Datastore type must be etcdv3\n$/,
  });
});

t.test('names of policies lose the prefix of older versions, once', async (t) => {
  const cluster = new Cluster();
  const policy = (kind: string, name: string, spec: object = {}, metadata: object = {}) =>
    cluster.put({ kind, metadata: { name, ...metadata }, spec });
  await policy('GlobalNetworkPolicy', 'default.legacy', {}, { labels: { a: 'b' } });
  await policy('GlobalNetworkPolicy', 'bare', { tier: 'default' });
  await policy('GlobalNetworkPolicy', 'sec.stale', { tier: 'sec' });
  await policy('NetworkPolicy', 'default.legacy', { order: 5 }, { namespace: 'ns1' });
  await policy('NetworkPolicy', 'default.there', {}, { namespace: 'ns1' });
  await policy('NetworkPolicy', 'there', {}, { namespace: 'ns1' });
  const done = (count: number) => ({
    code: 0,
    stdout: `Policy name migration complete, migrated ${count} policies.\n`,
    stderr: '',
  });
  t.same(await cluster.run('datastore migrate-policy-names'), done(3));
  const names = async (kind: KindName): Promise<readonly string[]> =>
    (await cluster.store.list(kind)).items.map(({ metadata }) => metadata.name).sort();
  t.same(await names('GlobalNetworkPolicy'), ['bare', 'legacy', 'sec.stale']);
  t.same(await names('NetworkPolicy'), ['legacy', 'there']);
  const moved = await cluster.store.get({ kind: 'NetworkPolicy', name: 'legacy', namespace: 'ns1' });
  t.equal(moved?.spec.order, 5);
  t.same(await cluster.run('datastore migrate-policy-names'), done(0));
});

t.test('import refuses what it can not do', async (t) => {
  const full = await filled();
  t.match(await full.run('datastore migrate import -f -', 'a\n===\nb\n===\nc\n'), {
    code: 1,
    stderr: /^datastore already has Calico resources: found existing Calico IPPool resource\./,
  });
  t.match(await new Cluster().run('datastore migrate import -f -', 'a: 1\n'), {
    code: 1,
    stderr: /improperly formatted/,
  });
  t.match(await new Cluster().run('datastore migrate import -f -', '\n===\n{}\n===\n{}\n'), { code: 1 });
  const cluster = '{"kind":"ClusterInformation","metadata":{"name":"default"}}';
  const broken = `\n===\n${cluster}\n===\n{"blocks":[{"Key":"/calico/ipam/v2/assignment/ipv4/block/x","Value":{}}]}\n`;
  t.match(await new Cluster().run('datastore migrate import -f -', broken), {
    code: 1,
    stderr: /^failed to read IPAM resources/,
  });
});

function asText(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner));
}
