import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/index.ts';
import { until } from '../../src/lab/until.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { type ClusterNode, IMAGE, KubernetesCluster } from './kubernetes/cluster.ts';
import type { RunningPod } from './kubernetes/kubelet.ts';

const programs = ['containerd', 'podman'].map((name) => `/usr/bin/${name}`);
const installed = [...programs, '/usr/lib/cni/portmap'].every((path) => existsSync(path));
const needs = installed || process.env['CI'] ? needsRoot : { skip: 'it needs containerd, runc, podman, CNI plugins' };

t.setTimeout(600_000);

t.test('the DaemonSet as it is shipped gives pods their network', needs, async (t) => {
  const cluster = await KubernetesCluster.start(t);
  const [one, two] = cluster.nodes;

  await t.test('it is ready on each node once pods can be served there', async (t) => {
    for (const node of cluster.nodes) await startDaemon(t, cluster, node);
  });

  await t.test('sandboxes on different nodes reach each other, and leave nothing behind', async (t) => {
    const [a, b] = [await start(cluster, one, 'a'), await start(cluster, two, 'b')];
    t.match(a.address, /^10\.244\./);
    t.not(a.address, b.address);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      const { code, stdout } = await from.node.machine.containerd.cri.exec(from.container, [
        'ping',
        '-c1',
        '-W5',
        to.address,
      ]);
      t.equal(code, 0, stdout);
    }
    for (const { node, id } of [a, b]) await end(node, id);
    for (const node of cluster.nodes) t.same(await devices(node), []);
  });

  await t.test('a pod whose namespace is named after a process is wired too', async (t) => {
    const { machine } = one;
    await cluster.tell('pod', machine.name, 'named');
    const args = 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=named;K8S_POD_INFRA_CONTAINER_ID=c1';
    const config = JSON.stringify({ cniVersion: '1.0.0', name: 'k8s-pod-network', type: 'calico' });
    const script =
      'unshare --net sleep 60 & pid=$!; until [ "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done';
    const plugin = (command: string): string =>
      `echo '${config}' | CNI_COMMAND=${command} CNI_CONTAINERID=c1 CNI_ARGS='${args}' CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin CNI_NETNS=/proc/$pid/ns/net /opt/cni/bin/calico`;
    const steps = [script, plugin('ADD'), plugin('CHECK'), plugin('DEL'), 'kill $pid', 'ls /run/netns'];
    const said = await machine.run(['sh', '-c', steps.join('\n')]);
    t.match(said, /"sandbox":"\/proc\/\d+\/ns\/net"/);
    t.match(said, /"address":"10\.244\./);
    t.notMatch(said, /"code"|vrouter-/);
    t.same(await devices(one), []);
  });

  await t.test('the kubeconfig on the host is given the pod’s new token, and the daemon goes on with it', async (t) => {
    const { machine, kubelet } = one;
    const kubeconfig = (): Promise<string> => machine.run(['cat', '/etc/cni/net.d/calico-kubeconfig']);
    t.match(await kubeconfig(), '"token": "first"');
    await cluster.replaceToken('second');
    t.ok(await until(systemClock, 'the new token', async () => (await kubeconfig()).includes('"token": "second"')));
    const { id } = await start(cluster, one, 'later');
    await end(one, id);
    const [{ readinessProbe }] = cluster.daemonPod(one).spec.containers;
    t.ok(await kubelet.probe(readinessProbe!), 'and is ready');
  });

  await t.test('a pod that the DaemonSet replaces leaves the sandboxes’ network as it is', async (t) => {
    const a = await start(cluster, one, 'lasting');
    await one.kubelet.end(running.get(one)!);
    t.same((await devices(one)).length, 1);
    t.equal((await one.machine.containerd.cri.exec(a.container, ['ping', '-c1', '-W5', one.address])).code, 0);
    await startDaemon(t, cluster, one);
    await end(one, a.id);
    t.same(await devices(one), []);
  });
});

const running = new Map<ClusterNode, RunningPod>();

async function startDaemon(t: Test, cluster: KubernetesCluster, node: ClusterNode): Promise<void> {
  const run = await cluster.roll(node);
  running.set(node, run);
  const [{ livenessProbe }] = run.pod.spec.containers;
  t.ok(await node.kubelet.probe(livenessProbe!), `${node.machine.name} is ready, and alive`);
}

interface Started {
  readonly node: ClusterNode;
  readonly id: string;
  readonly container: string;
  readonly address: string;
}

async function start(cluster: KubernetesCluster, node: ClusterNode, name: string): Promise<Started> {
  await cluster.tell('pod', node.machine.name, name);
  const { cri } = node.machine.containerd;
  const id = await cri.runSandbox({ name });
  const container = await cri.startContainer(id, { name }, IMAGE, ['sleep', '3600']);
  return { node, id, container, address: await cri.addressOf(id) };
}

async function end({ machine }: ClusterNode, id: string): Promise<void> {
  await machine.containerd.cri.stopSandbox(id);
  await machine.containerd.cri.removeSandbox(id);
}

/** The host ends of pods. */
async function devices({ machine }: ClusterNode): Promise<string[]> {
  const links = await machine.run(['ip', '-o', 'link', 'show', 'type', 'veth']);
  return links.split('\n').filter((line) => line.includes(': cali'));
}
