import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/index.ts';
import { until } from '../../src/lab/until.ts';
import { assets, needsKubernetes } from './cluster/assets.ts';
import { RealCluster } from './cluster/cluster.ts';
import type { KubernetesNode } from './cluster/node.ts';
import { type Pings, ping } from './cluster/pings.ts';
import { pidOf } from './cluster/processes.ts';
import { podsOf, type SeenPod, unreached } from './cluster/view.ts';
import { deployment, statefulSet } from './cluster/workload.ts';

t.setTimeout(1_800_000);

const PATIENCE = { timeout: 180_000 };
const DAEMON = { kind: 'container', name: 'vrouter' } as const;

t.test('a whole Kubernetes keeps the network of its pods when parts of it fail', needsKubernetes, async (t) => {
  const cluster = await RealCluster.start(t, assets);
  await cluster.install();
  await cluster.apply(deployment('web', 3), statefulSet('db', 3));
  for (const workload of ['deployment/web', 'statefulset/db']) await cluster.rolledOut(workload);
  const nodeOf = ({ node }: SeenPod): KubernetesNode => cluster.nodes.find(({ name }) => name === node)!;
  const daemonOn = async ({ name }: KubernetesNode): Promise<SeenPod> =>
    (await podsOf(cluster, 'k8s-app=vrouter', 'kube-system')).find(({ node }) => node === name)!;

  /** Every pod reaches every other. */
  const untilAllReach = async (): Promise<true> =>
    until(
      systemClock,
      'all pods to reach each other',
      async () => {
        const pods = await podsOf(cluster, 'app in (web,db)');
        const problems = await unreached(cluster, pods);
        if (problems.length > 0) throw new Error(problems.join('\n'));
        return pods.length === 6;
      },
      PATIENCE,
    );

  await t.test('a pod of a StatefulSet that is made anew at once is reached', async (t) => {
    for (const _ of [1, 2, 3]) {
      const before = await podsOf(cluster, 'app=db');
      await cluster.kubectl('delete', 'pod', 'db-0', 'db-1', 'db-2', '--force', '--grace-period=0');
      const made = async (): Promise<boolean> => {
        const pods = await podsOf(cluster, 'app=db');
        return pods.length === 3 && pods.every(({ uid, isReady }) => isReady && before.every((old) => old.uid !== uid));
      };
      await until(systemClock, 'the pods to be made anew', made, PATIENCE);
      t.ok(await untilAllReach());
    }
  });

  await t.test('a pod whose pause process was killed is reached', async (t) => {
    for (const pod of await podsOf(cluster, 'app=db')) {
      process.kill(await pidOf(nodeOf(pod), pod.name, { kind: 'sandbox' }), 'SIGKILL');
      const madeAnew = async (): Promise<boolean> => {
        const now = (await podsOf(cluster, 'app=db')).find(({ name }) => name === pod.name);
        return now?.isReady === true && now.restarts > pod.restarts;
      };
      await until(systemClock, 'its sandbox to be made anew', madeAnew, PATIENCE);
    }
    t.ok(await untilAllReach());
  });

  await t.test('containerd is started anew', async (t) => {
    const [{ machine }] = cluster.nodes;
    await machine.containerd.end();
    await machine.containerd.startWithoutNetwork();
    await cluster.kubectl('delete', 'pod', '-l', 'app=db', '--wait=false');
    t.ok(await untilAllReach());
  });

  await t.test('no packet is lost while a daemon is killed and started again', async (t) => {
    const [from, to] = await podsOf(cluster, 'app=web');
    const daemon = await daemonOn(nodeOf(from));
    const pings = await ping(cluster, from, to);
    process.kill(await pidOf(nodeOf(from), daemon.name, DAEMON), 'SIGKILL');
    const restarted = async (): Promise<boolean> => {
      const now = await daemonOn(nodeOf(from));
      return now.isReady && now.restarts > daemon.restarts;
    };
    t.ok(await until(systemClock, 'the daemon to be ready again', restarted, PATIENCE));
    await answered(t, pings);
  });

  await t.test('the DaemonSet is rolled out anew, and no packet is lost', async (t) => {
    const [from, to] = await podsOf(cluster, 'app=web');
    const pings = await ping(cluster, from, to);
    await cluster.kubectl('rollout', 'restart', '-n', 'kube-system', 'daemonset/vrouter');
    await cluster.rolledOut('daemonset/vrouter', 'kube-system');
    await answered(t, pings);
  });

  await t.test('a rollout to an image that does not exist stops at the first node', async (t) => {
    const daemonSet = ['-n', 'kube-system', 'daemonset/vrouter'];
    const ready = async (): Promise<number> =>
      (await podsOf(cluster, 'k8s-app=vrouter', 'kube-system')).filter(({ isReady }) => isReady).length;
    await cluster.kubectl('set', 'image', ...daemonSet, 'vrouter=localhost/none:1');
    await until(systemClock, 'a node to be without daemon', async () => (await ready()) === 2, PATIENCE);
    t.ok(await untilAllReach());
    t.equal(await ready(), 2);
    await cluster.kubectl('rollout', 'undo', ...daemonSet);
    await cluster.rolledOut('daemonset/vrouter', 'kube-system');
    t.equal(await ready(), 3);
  });

  await t.test('a node that is started anew has a network again', async (t) => {
    const [, , node] = cluster.nodes;
    const before = await podsOf(cluster, 'app in (web,db)');
    await node.reboot();
    const again = async (): Promise<boolean> => {
      const pods = await podsOf(cluster, 'app in (web,db)');
      return before.every(({ uid, node: at, restarts }) => {
        const now = pods.find((pod) => pod.uid === uid);
        return at !== node.name || (now?.isReady === true && now.restarts > restarts);
      });
    };
    await until(systemClock, 'its pods to run again', again, PATIENCE);
    t.ok(await untilAllReach());
  });

  await t.test('a Node that is deleted and registered anew by kubelet is reached', async (t) => {
    const [, node] = cluster.nodes;
    await cluster.kubectl('delete', 'node', node.name);
    await node.kubelet.end();
    node.kubelet.start();
    const registered = async (): Promise<boolean> => {
      const [uid, address] = ['{.metadata.uid}', '{.metadata.annotations.projectcalico\\.org/IPv4Address}'];
      const said = await cluster.kubectl('get', 'node', node.name, '-o', `jsonpath=${uid} ${address}`);
      return said.endsWith(`${node.address}/24`);
    };
    await until(systemClock, 'the node to have its address', registered, PATIENCE);
    await cluster.kubectl('wait', '--for=condition=Ready', `node/${node.name}`, '--timeout=600s');
    t.ok(await untilAllReach());
  });
});

async function answered(t: Test, pings: Pings): Promise<void> {
  const { sent, answered } = await pings.count();
  // The last may be under way.
  t.ok(sent - answered <= 1, `${answered} of ${sent} are answered`);
}
