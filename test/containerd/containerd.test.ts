import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { inNamespace, mustRun } from '../../src/lab/command.ts';
import { type KindName, newResource } from '../../src/model/index.ts';
import { needsRoot } from '../cluster/cluster.ts';
import { FETCH, IMAGE } from './containerd.ts';
import type { Sandbox } from './cri.ts';
import { untilNothingIsLeft, withStore } from './leftovers.ts';
import { conflist, type RuntimeNode, type Runtimes, runtimes, SOMAXCONN } from './nodes.ts';

/** Sandboxes that come and go in the churn; more on demand: `SANDBOXES=200 node test/containerd/containerd.test.ts`. */
const CHURN = Number(process.env['SANDBOXES'] ?? 16);
const AT_ONCE = 8;
/** Sandboxes that are under way when the daemon is killed. */
const UNDER_WAY = 5;

const installed = existsSync('/usr/bin/containerd') && existsSync('/usr/lib/cni/portmap');
const needs = installed || process.env['CI'] ? needsRoot : { skip: 'it needs containerd, runc and the CNI plugins' };

t.test('containerd gives its sandboxes their network through vRouter', needs, async (t) => {
  const cluster = await runtimes(t, 2);
  const [first, second] = cluster.nodes;
  const nothingLeft = (t: Test): Promise<void> => untilNothingIsLeft(t, cluster.lab, cluster.left);

  await t.test('containers on different nodes reach each other, and are gone without a trace', async (t) => {
    const [a, b] = await Promise.all([start(first, { name: 'a' }), start(second, { name: 'b' })]);
    t.match(a.address, /^10\.244\./);
    t.match((await first.containerd.cri.exec(a.container, ['ip', 'addr', 'show', 'eth0'])).stdout, `${a.address}/32`);
    const tuned = await first.containerd.cri.exec(a.container, ['cat', '/proc/sys/net/core/somaxconn']);
    t.equal(tuned.stdout, `${SOMAXCONN}\n`, 'the tuning plugin has had its turn in the chain');
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      t.equal((await from.node.containerd.cri.exec(from.container, ['ping', '-c1', '-W5', to.address])).code, 0);
    }
    for (const { node, id } of [a, b]) await end(node, id);
    await nothingLeft(t);
  });

  await t.test('a host port leads to the container, through the portmap plugin in the chain', async (t) => {
    const hostPorts = [{ hostPort: 8080, containerPort: 80 }];
    const serve = ['sh', '-c', 'echo hello > /www/index.html; exec httpd -f -p 80 -h /www'];
    const { id } = await start(first, { name: 'web', hostPorts }, serve);
    const url = `http://${first.node.address.split('/')[0]}:8080/`;
    const fetched = cluster.lab.until('the host port to answer', () =>
      mustRun(inNamespace(second.node.namespace, [process.execPath, '-e', FETCH, url])),
    );
    t.equal(await fetched, 'hello\n');
    await end(first, id);
    await nothingLeft(t);
  });

  await t.test(
    'a pod’s bandwidth is limited as its annotations say, by the bandwidth plugin in the chain',
    async (t) => {
      const annotations = { 'kubernetes.io/ingress-bandwidth': '1M', 'kubernetes.io/egress-bandwidth': '2M' };
      const { id } = await start(first, { name: 'slow', annotations });
      const limits = (): Promise<string> =>
        mustRun(['ip', 'netns', 'exec', first.node.namespace, 'tc', 'qdisc', 'show']);
      t.match(await limits(), /qdisc tbf .* dev cali.* rate 1Mbit/);
      t.match(await limits(), /qdisc tbf .* dev bwp.* rate 2Mbit/);
      await end(first, id);
      t.notMatch(await limits(), /tbf/);
      await nothingLeft(t);
    },
  );

  await t.test('two families', async (t) => {
    const pool = newResource('IPPool', { name: 'six' }, { cidr: 'fd44::/64' });
    await withStore(cluster.lab, (store) => store.create(pool));
    await reconfigure(first, { ipam: { type: 'calico-ipam', assign_ipv4: 'true', assign_ipv6: 'true' } });
    const { id, container } = await start(first, { name: 'dual' });
    const { stdout } = await first.containerd.cri.exec(container, ['ip', 'addr', 'show', 'eth0']);
    t.match(stdout, /inet 10\.244\.\d+\.\d+\/32/);
    const [, six] = /inet6 (fd44:\S+)\/128/.exec(stdout) ?? [];
    t.type(await cluster.lab.ping(first.node, six), 'number');
    await end(first, id);
    await nothingLeft(t);
    await reconfigure(first);
  });

  await t.test('addresses by host-local out of the node’s own pod CIDR are announced each by itself', async (t) => {
    const pool = newResource('IPPool', { name: 'pod-cidrs' }, { cidr: '10.77.0.0/16' });
    await withStore(cluster.lab, async (store) => {
      await store.create(pool);
      const node = await store.get({ kind: 'Node', name: first.node.name });
      await store.update<'Node'>({ ...node!, status: { podCIDRs: ['10.77.3.0/24'] } });
    });
    const dataDir = t.testdir();
    await reconfigure(first, { ipam: { type: 'host-local', subnet: 'usePodCidr', dataDir } });
    const [a, b] = await Promise.all([start(first, { name: 'a' }), start(second, { name: 'b' })]);
    t.match(a.address, /^10\.77\.3\./);
    t.equal((await second.containerd.cri.exec(b.container, ['ping', '-c1', '-W5', a.address])).code, 0);
    t.ok(existsSync(join(dataDir, 'k8s-pod-network', a.address)), 'host-local has written it down');
    for (const { node, id } of [a, b]) await end(node, id);
    t.notOk(existsSync(join(dataDir, 'k8s-pod-network', a.address)), 'and has it back');
    await nothingLeft(t);
    await reconfigure(first);
  });

  await t.test('ctr run --cni', async (t) => {
    // runc knows containers by their names on the whole machine.
    const name = `one-${process.pid}`;
    const { stdout, stderr, code } = await first.containerd.ctr(['run', '--rm', '--cni', IMAGE, name, 'ip', 'addr']);
    t.equal(code, 0, stderr);
    t.match(stdout, /inet 10\.244\.\d+\.\d+\/32 scope global eth0/);
    await nothingLeft(t);
  });

  await t.test('a restart of containerd does not disturb its sandboxes', async (t) => {
    const a = await start(first, { name: 'a' });
    await first.containerd.end();
    t.type(await cluster.lab.ping(second.node, a.address), 'number');
    await first.containerd.start();
    t.same(await first.containerd.cri.sandboxes(), [a.id]);
    t.type(await cluster.lab.ping(second.node, a.address), 'number');
    await end(first, a.id);
    await nothingLeft(t);
  });

  for (const [moment, kind] of [
    ['an address was taken', 'IPAMHandle'],
    ['an endpoint was written', 'WorkloadEndpoint'],
  ] as const) {
    await t.test(`the daemon is killed when ${moment}, and comes back`, async (t) => {
      const sandboxes = Array.from({ length: UNDER_WAY }, (_, index) => ({ name: `k${index}` }));
      const started = Promise.all(sandboxes.map((sandbox) => runStubbornly(cluster, first, sandbox)));
      await untilCount(cluster, kind, (count) => count > 0);
      await restartDaemon(cluster, first);
      const ids = await started;
      for (const id of ids) {
        const address = await first.containerd.cri.addressOf(id);
        t.type(await cluster.lab.ping(second.node, address), 'number', address);
      }

      const ended = Promise.all(ids.map((id) => end(first, id)));
      await untilCount(cluster, kind, (count) => count < UNDER_WAY);
      await restartDaemon(cluster, first);
      await ended;
      await nothingLeft(t);
    });
  }

  await t.test('sandboxes that end while the daemon is away are cleaned up when it is back', async (t) => {
    const { id } = await start(first, { name: 'late' });
    await cluster.lab.endDaemon(first.node.name, 'SIGKILL');
    await end(first, id);
    t.same(await first.containerd.cri.sandboxes(), [], 'the runtime does not wait for it');
    t.not((await cluster.left()).length, 0);
    await cluster.lab.startDaemon(first.node.name);
    await nothingLeft(t);
  });

  await t.test(`${CHURN} sandboxes come and go`, async (t) => {
    const waiting = Array.from({ length: CHURN }, (_, index) => ({ name: `churn${index}` }));
    const addresses = new Set<string>();
    const work = async (node: RuntimeNode): Promise<void> => {
      for (let sandbox = waiting.pop(); sandbox !== undefined; sandbox = waiting.pop()) {
        const id = await node.containerd.cri.runSandbox(sandbox);
        addresses.add(await node.containerd.cri.addressOf(id));
        await end(node, id);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => work(cluster.nodes[index % 2])));
    t.ok(addresses.size > 1);
    await nothingLeft(t);
  });
});

interface Started {
  readonly node: RuntimeNode;
  readonly id: string;
  readonly container: string;
  readonly address: string;
}

async function start(node: RuntimeNode, sandbox: Sandbox, command = ['sleep', '3600']): Promise<Started> {
  const { cri } = node.containerd;
  const id = await cri.runSandbox(sandbox);
  const container = await cri.startContainer(id, sandbox, IMAGE, command);
  return { node, id, container, address: await cri.addressOf(id) };
}

/** As kubelet does: a sandbox that could not be had is asked for again. The plugin itself waits ten seconds for a daemon. */
function runStubbornly({ lab }: Runtimes, { containerd }: RuntimeNode, sandbox: Sandbox): Promise<string> {
  return lab.until(`sandbox ${sandbox.name}`, () => containerd.cri.runSandbox(sandbox));
}

async function end({ containerd }: RuntimeNode, id: string): Promise<void> {
  await containerd.cri.stopSandbox(id);
  await containerd.cri.removeSandbox(id);
}

/** containerd reads its network's configuration when it starts. */
async function reconfigure({ node, containerd }: RuntimeNode, calico: object = {}): Promise<void> {
  await containerd.end();
  containerd.configure(conflist(node, calico));
  await containerd.start();
}

async function restartDaemon({ lab }: Runtimes, { node }: RuntimeNode): Promise<void> {
  await lab.endDaemon(node.name, 'SIGKILL');
  await lab.startDaemon(node.name);
}

async function untilCount({ lab }: Runtimes, kind: KindName, enough: (count: number) => boolean): Promise<void> {
  await withStore(lab, (store) =>
    lab.until(`the number of ${kind}s to change`, async () => enough((await store.list(kind)).items.length)),
  );
}
