import t from 'tap';
import { systemClock } from '../../src/base/index.ts';
import { until } from '../../src/lab/until.ts';
import { assets, needsKubernetes } from './cluster/assets.ts';
import { RealCluster } from './cluster/cluster.ts';
import { leftovers } from './cluster/leftovers.ts';
import { conditionOf, fetch, podsOf, type SeenPod, unreached } from './cluster/view.ts';
import { deployment, networkPolicy, service } from './cluster/workload.ts';

t.setTimeout(1_800_000);

t.test(
  'pods of a whole Kubernetes get their network from the DaemonSet as it is shipped',
  needsKubernetes,
  async (t) => {
    const cluster = await RealCluster.start(t, assets);
    await cluster.install();
    const delays = { timeout: 120_000 };

    await t.test('nodes have a network, and nothing was forbidden', async (t) => {
      for (const { name } of cluster.nodes)
        t.equal(await conditionOf(cluster, name, 'NetworkUnavailable'), 'False CalicoIsUp');
      for (const pod of await podsOf(cluster, 'k8s-app=vrouter', 'kube-system')) {
        t.equal(pod.restarts, 0);
        t.notMatch(await cluster.kubectl('logs', '-n', pod.namespace, pod.name), /forbidden|\b403\b/i);
      }
    });

    await t.test('pods of a Deployment, on all nodes, reach each other and their Service', async (t) => {
      await cluster.apply(deployment('web', 6), service('web'));
      await cluster.rolledOut('deployment/web');
      const pods = await podsOf(cluster, 'app=web');
      t.equal(new Set(pods.map(({ node }) => node)).size, 3);
      t.equal(new Set(pods.map(({ address }) => address)).size, 6);
      t.same(await unreached(cluster, pods), []);
      const [from] = pods;
      const clusterIp = await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
      t.match(await fetch(cluster, from, clusterIp, 80), /^web-/);
      t.match(await fetch(cluster, from, '192.0.2.2', await nodePort(cluster)), /^web-/);
    });

    await t.test('kubelet probes a pod into which policy lets nothing else', async (t) => {
      await cluster.apply(networkPolicy('none', { matchLabels: { closed: 'yes' } }));
      await cluster.apply(deployment('shut', 3, { labels: { closed: 'yes' }, probes: true }));
      await cluster.rolledOut('deployment/shut');
      const [from] = await podsOf(cluster, 'app=web');
      for (const to of await podsOf(cluster, 'app=shut')) t.equal(await fetch(cluster, from, addressOf(to)), '');
      const ingress = [
        { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ protocol: 'TCP', port: 8080 }] },
      ];
      await cluster.apply(networkPolicy('some', { matchLabels: { closed: 'yes' } }, ingress));
      for (const to of await podsOf(cluster, 'app=shut')) {
        const opened = async (): Promise<boolean> => (await fetch(cluster, from, addressOf(to))) === to.name;
        t.ok(await until(systemClock, 'the policy to let it in', opened));
        t.equal(to.restarts, 0);
      }
      await cluster.kubectl('delete', 'networkpolicy', 'none', 'some');
    });

    await t.test('fifty pods made and removed, twice, leave nothing behind', async (t) => {
      await cluster.kubectl('delete', 'deployment', 'web', 'shut');
      for (const _ of [1, 2]) {
        await cluster.apply(deployment('many', 50));
        await cluster.rolledOut('deployment/many');
        t.equal(new Set((await podsOf(cluster, 'app=many')).map(({ address }) => address)).size, 50);
        await cluster.kubectl('delete', 'deployment', 'many');
        await until(
          systemClock,
          'the pods to be gone',
          async () => (await leftovers(cluster)).length === 0,
          delays,
        ).catch(async () => t.same(await leftovers(cluster), []));
      }
      t.same(await leftovers(cluster), []);
    });
  },
);

function addressOf({ name, address }: SeenPod): string {
  if (address === undefined) throw new Error(`${name} has no address`);
  return address;
}

async function nodePort(cluster: RealCluster): Promise<number> {
  await cluster.apply(service('web', { type: 'NodePort' }));
  return Number(await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}'));
}
