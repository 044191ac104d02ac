import { execFileSync } from 'node:child_process';
import t from 'tap';
import { Cluster } from './kubernetes-cluster.ts';
import { needsBird, startRouter } from './router.ts';

t.setTimeout(3_600_000);

const RANGE = '203.0.113.0/24';
const CLUSTER = '10.96.0.0/12';
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';

t.test('a router of the data centre is told where Services are, as they come, move and go', needsBird, async (t) => {
  const cluster = await Cluster.start(t);
  const router = await startRouter(t, cluster.namespace('node2'));
  const put = (resource: string, namespace: string, object: object): Promise<string> =>
    cluster.ask('put', resource, namespace, JSON.stringify(object));
  const calico = (kind: string, name: string, spec: object): Promise<string> =>
    put(`${kind.toLowerCase()}s.crd.projectcalico.org`, '-', {
      ...{ apiVersion: 'crd.projectcalico.org/v1', kind, metadata: { name }, spec },
    });
  const endpoints = (...ready: readonly (readonly [node: string, ready: boolean])[]): Promise<string> =>
    put('endpointslices.discovery.k8s.io', 'default', {
      metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      ...{ addressType: 'IPv4', ports: [] },
      endpoints: ready.map(([nodeName, isReady], at) => ({
        ...{ addresses: [`10.244.9.${at + 1}`], nodeName, conditions: { ready: isReady } },
      })),
    });
  const told = (what: string, prefixes: readonly string[]): Promise<void> =>
    cluster.until(what, async () => {
      const known = router.routes();
      return known.length === prefixes.length && prefixes.every((prefix) => known.includes(prefix));
    });

  await calico('BGPPeer', 'router', { node: 'node1', peerIP: '192.0.2.9:1790', asNumber: 65001 });
  await calico('BGPConfiguration', 'default', {
    ...{ serviceClusterIPs: [{ cidr: CLUSTER }], serviceExternalIPs: [{ cidr: RANGE }] },
    ...{ communities: [{ name: 'outside', value: '64512:77' }] },
    prefixAdvertisements: [{ cidr: RANGE, communities: ['outside'] }],
  });
  await told('the ranges, whole', [CLUSTER, RANGE]);
  t.match(router.ask('show', 'route', 'all', RANGE), /\(64512,77\)/, 'with the communities of their prefix');
  t.notMatch(router.ask('show', 'route', 'all', CLUSTER), /64512,77/);

  await put('services', 'default', {
    metadata: { name: 'web' },
    spec: {
      ...{ type: 'NodePort', clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ipFamilies: ['IPv4'] },
      ...{ externalIPs: ['203.0.113.7', '8.8.8.8'], externalTrafficPolicy: 'Local' },
    },
  });
  await endpoints(['node2', true], ['node1', false]);
  await cluster.until('the other node learns where it is', async () => {
    const { bgp } = await cluster.status('node1');
    return bgp?.peers.some(({ state }) => state === 'up') ?? false;
  });
  t.same(router.routes().sort(), [CLUSTER, RANGE].sort(), 'no endpoint is ready on this node');

  const whole = [CLUSTER, RANGE, '10.96.0.7/32', '203.0.113.7/32'];
  await endpoints(['node2', true], ['node1', true]);
  await told('an endpoint is ready here', whole);
  t.match(router.ask('show', 'route', 'all', '203.0.113.7/32'), /\(64512,77\)/);
  t.notMatch(cluster.routes('node2'), /203\.0\.113|10\.96\./, 'the other node’s kernel is told of none');
  t.notMatch(cluster.routes('node1'), /203\.0\.113|10\.96\./);

  await endpoints(['node2', true], ['node1', false]);
  await told('the last endpoint here has ended', [CLUSTER, RANGE]);
  await endpoints(['node1', true]);
  await told('it is back', whole);
  await put('nodes', '-', { metadata: { name: 'node1', labels: { [EXCLUDED]: 'true' } } });
  await told('the node has no part in it', []);
  await put('nodes', '-', { metadata: { name: 'node1', labels: { [EXCLUDED]: null } } });
  await told('and has again', whole);
  await cluster.ask('remove', 'services', 'default', 'web');
  await told('the Service is gone', [CLUSTER, RANGE]);
  await calico('BGPConfiguration', 'default', {
    serviceExternalIPs: null,
    communities: null,
    prefixAdvertisements: null,
  });
  await told('and one range', [CLUSTER]);

  await calico('FelixConfiguration', 'default', { localSubnetL2Reachability: 'PodsAndLoadBalancers' });
  await calico('BGPConfiguration', 'default', { serviceExternalIPs: [{ cidr: '192.0.2.64/28' }] });
  await put('services', 'default', {
    metadata: { name: 'near' },
    spec: {
      ...{ type: 'ClusterIP', clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.8'], ipFamilies: ['IPv4'] },
      externalIPs: ['192.0.2.70'],
    },
  });
  const answers = (name: 'node1' | 'node2'): boolean =>
    execFileSync('ip', ['-n', cluster.namespace(name), 'neigh', 'show', 'proxy'], { encoding: 'utf8' }).includes(
      '192.0.2.70 dev eth0 proxy proto 80',
    );
  await cluster.until('a node answers for it on the subnet', async () => answers('node1') || answers('node2'));
  const [owner, other] = answers('node1') ? (['node1', 'node2'] as const) : (['node2', 'node1'] as const);
  t.notOk(answers(other));
  await put('nodes', '-', { metadata: { name: owner, labels: { [EXCLUDED]: 'true' } } });
  await cluster.until('the other one takes over', async () => answers(other));
  t.notOk(answers(owner));
});
