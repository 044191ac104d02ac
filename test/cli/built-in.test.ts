import t from 'tap';
import { stringify } from 'yaml';
import { Cluster, node, pool } from './harness.ts';

const API = 'apiVersion: projectcalico.org/v3';

function object(kind: string, metadata: object, spec: object = {}): string {
  return stringify({ apiVersion: 'projectcalico.org/v3', kind, metadata, spec });
}

t.test('the profile that lets everything through is always there, and nobody changes it', async (t) => {
  const cluster = new Cluster();
  t.match(await cluster.run('get profiles -o yaml'), {
    code: 0,
    stdout: new RegExp(
      `^${API}\nitems:\n- ${API}\n  kind: Profile\n  metadata:\n    name: projectcalico-default-allow\n` +
        '    resourceVersion: "0"\n  spec:\n    egress:\n    - action: Allow\n      destination: {}\n      source: {}\n' +
        '    ingress:\n    - action: Allow\n      destination: {}\n      source: {}\nkind: ProfileList\n',
    ),
  });
  t.match(await cluster.run('get profile projectcalico-default-allow'), { code: 0 });
  const text = object('Profile', { name: 'projectcalico-default-allow' });
  t.match(await cluster.run('create -f -', text), { stderr: /resource already exists: projectcalico-default-allow/ });
  for (const verb of ['apply', 'replace']) {
    t.match(await cluster.run(`${verb} -f -`, text), { code: 1, stderr: /operation Update is not supported on/ });
  }
  t.match(await cluster.run('delete profile projectcalico-default-allow'), { code: 1, stderr: /cannot be deleted/ });
});

t.test('the first write makes the cluster and its tiers, in the order in which they apply', async (t) => {
  const cluster = new Cluster();
  t.equal((await cluster.run('get tiers')).stdout, 'NAME   ORDER   \n\n');
  await cluster.run('create -f -', stringify(node('n1')));
  await cluster.run('create -f -', object('Tier', { name: 'first' }, { order: 0 }));
  await cluster.run('create -f -', object('Tier', { name: 'last' }));
  t.equal(
    (await cluster.run('get tiers')).stdout,
    'NAME            ORDER   \nfirst           0       \nkube-admin      1000    \ndefault         1e+06   \n' +
      'kube-baseline   1e+07   \nlast            <nil>   \n\n',
  );
  const information = await cluster.store.get({ kind: 'ClusterInformation', name: 'default' });
  t.same(Object.keys(information?.spec ?? {}).sort(), ['clusterGUID', 'datastoreReady'], 'no version that nobody runs');
  t.match(information?.spec.clusterGUID, /^[a-f0-9]{32}$/);
  const kubernetes = new Cluster({ env: { DATASTORE_TYPE: 'kubernetes' } });
  await kubernetes.run('create -f -', stringify(node('n1')));
  t.match((await kubernetes.run('get clusterinfo')).stdout, /^default {3}[a-f0-9]{32} {3}kdd .*true/m);
});

t.test('a policy needs its tier, and a tier that has policies stays', async (t) => {
  const cluster = new Cluster();
  const policy = object('GlobalNetworkPolicy', { name: 'sec.a' }, { tier: 'sec' });
  t.match(await cluster.run('create -f -', policy), { code: 1, stderr: /resource does not exist: Tier\(sec\)/ });
  await cluster.run('create -f -', object('Tier', { name: 'sec' }));
  t.match(await cluster.run('create -f -', policy), { code: 0 });
  t.match(await cluster.run('delete tier sec'), { code: 1, stderr: /Cannot delete a non-empty tier/ });
  await cluster.run('delete gnp sec.a');
  t.match(await cluster.run('delete tier sec'), { code: 0 });
  t.match(await cluster.run('delete tier default'), {
    code: 1,
    stderr: /not supported on default: Cannot delete default/,
  });
});

t.test('policies of Kubernetes are managed there', async (t) => {
  const cluster = new Cluster();
  const text = object('NetworkPolicy', { name: 'knp.default.x' });
  const unsupported = /is not supported on .*kubernetes network policies must be managed through the kubernetes API/;
  t.match(await cluster.run('create -f -', text), { code: 1, stderr: unsupported });
  t.match(await cluster.run('apply -f -', text), { code: 1, stderr: /resource does not exist/ });
  t.match(await cluster.run('replace -f -', text), { code: 1, stderr: /resource does not exist/ });
  t.match(await cluster.run('delete -f -', text), { code: 1, stderr: unsupported });
  await cluster.put({ kind: 'NetworkPolicy', metadata: { name: 'knp.default.x', namespace: 'default' }, spec: {} });
  t.match(await cluster.run('apply -f -', text), { code: 1, stderr: unsupported });
  t.match(await cluster.run(['patch', 'np', 'knp.default.x', '-p', '{"spec":{"order":1}}']), { stderr: unsupported });
  t.match(await cluster.run('label np knp.default.x a=b'), { code: 1, stderr: unsupported });
  t.match(await cluster.run('delete np knp.default.x'), { code: 1, stderr: unsupported });
});

t.test('the name and the labels of an endpoint are those that its spec makes', async (t) => {
  const cluster = new Cluster();
  const spec = {
    node: 'node-1',
    orchestrator: 'k8s',
    pod: 'web',
    endpoint: 'eth0',
    interfaceName: 'cali1',
    ipNetworks: ['192.0.2.1/32'],
  };
  const named = (name: string): string =>
    object(
      'WorkloadEndpoint',
      { name, namespace: 'a', labels: { app: 'x', 'projectcalico.org/namespace': 'b' } },
      spec,
    );
  t.match(await cluster.run('create -f -', named('wrong')), {
    code: 1,
    stderr: /error with field Name = 'wrong' \(.*expected name node--1-k8s-web-eth0\)/,
  });
  t.match(await cluster.run('create -f -', object('WorkloadEndpoint', { namespace: 'a' }, { ...spec, pod: '' })), {
    stderr: /error with field pod = '' \(field should be assigned\)/,
  });
  t.match(await cluster.run('create -f -', object('WorkloadEndpoint', { namespace: 'a' }, spec)), { code: 0 });
  const key = { kind: 'WorkloadEndpoint', namespace: 'a', name: 'node--1-k8s-web-eth0' } as const;
  const own = { 'projectcalico.org/namespace': 'a', 'projectcalico.org/orchestrator': 'k8s' };
  t.same((await cluster.store.get(key))?.metadata.labels, own);
  t.match(await cluster.run('apply -f -', named(key.name)), { code: 0 });
  t.same((await cluster.store.get(key))?.metadata.labels, { ...own, app: 'x' });
});

t.test('a single object of all namespaces there is not', async (t) => {
  const cluster = new Cluster();
  await cluster.put(pool('p', '10.0.0.0/16'));
  t.match(await cluster.run('get networkset x -A'), {
    code: 1,
    stderr: /cannot use --all-namespace flag for getting a single resource/,
  });
});
