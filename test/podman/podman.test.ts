import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';
import { inNamespace, mustRun } from '../../src/lab/command.ts';
import type { NodePlan } from '../../src/lab/index.ts';
import { cluster, needsRoot } from '../cluster/cluster.ts';
import { FETCH, IMAGE, makeKit } from '../containerd/containerd.ts';
import { leftovers, untilNothingIsLeft } from '../containerd/leftovers.ts';
import { conflist } from '../containerd/nodes.ts';
import { Podman } from './podman.ts';

const NETWORK = 'k8s-pod-network';
const installed = existsSync('/usr/bin/podman') && existsSync('/usr/lib/cni/portmap');
const needs = installed || process.env['CI'] ? needsRoot : { skip: 'it needs podman and the CNI plugins' };

t.test('podman gives its containers their network through vRouter', needs, async (t) => {
  const kit = await makeKit(`p${process.pid}`, { onNode: true });
  t.teardown(() => kit.remove());
  const lab = await cluster(t, { nodes: 2 });
  const start = async (node: NodePlan): Promise<Podman> => {
    const podman = await Podman.start(kit, node.name, node.namespace, conflist(node));
    t.teardown(() => podman.remove());
    return podman;
  };
  const [one, two] = lab.nodes;
  const [first, second] = await Promise.all([start(one), start(two)]);
  const nothingLeft = (t: Test): Promise<void> => untilNothingIsLeft(t, lab, () => leftovers(lab));

  await t.test('containers on different nodes reach each other, and are gone without a trace', async (t) => {
    const [a, b] = await Promise.all([run(first, 'a'), run(second, 'b')]);
    t.match(await first.must(['exec', 'a', 'ip', 'addr', 'show', 'eth0']), `inet ${a}/32`);
    t.equal((await first.run(['exec', 'a', 'ping', '-c1', '-W5', b])).code, 0);
    t.equal((await second.run(['exec', 'b', 'ping', '-c1', '-W5', a])).code, 0);
    t.type(await lab.ping(one, a), 'number', 'its own node reaches it');
    t.type(await lab.ping(two, a), 'number', 'another node, too');
    await Promise.all([remove(first, 'a'), remove(second, 'b')]);
    await nothingLeft(t);
  });

  await t.test('a published port leads to the container, through the portmap plugin in the chain', async (t) => {
    const serve = ['sh', '-c', 'echo hello > /www/index.html; exec httpd -f -p 80 -h /www'];
    await run(first, 'web', ['--publish', '8080:80'], serve);
    const url = `http://${one.address.split('/')[0]}:8080/`;
    const fetched = lab.until('the published port to answer', () =>
      mustRun(inNamespace(two.namespace, [process.execPath, '-e', FETCH, url])),
    );
    t.equal(await fetched, 'hello\n');
    await remove(first, 'web');
    await nothingLeft(t);
  });

  await t.test('a container that is restarted, one that is killed, and a name that is used again', async (t) => {
    await run(first, 'a');
    await first.must(['restart', '--time', '0', 'a']);
    t.type(await lab.ping(two, await addressOf(first, 'a')), 'number');
    await first.must(['kill', 'a']);
    await nothingLeft(t);
    await remove(first, 'a');
    t.type(await lab.ping(two, await run(first, 'a')), 'number');
    await remove(first, 'a');
    await nothingLeft(t);
  });

  await t.test('a container that is removed while the daemon is away', async (t) => {
    await run(first, 'late');
    await lab.endDaemon(one.name, 'SIGKILL');
    await remove(first, 'late');
    t.not((await leftovers(lab)).length, 0);
    await lab.startDaemon(one.name);
    await nothingLeft(t);
  });
});

/** Resolves with the container's address. */
async function run(
  podman: Podman,
  name: string,
  options: readonly string[] = [],
  command: readonly string[] = ['sleep', '3600'],
): Promise<string> {
  await podman.must(['run', '--detach', '--name', name, '--network', NETWORK, ...options, IMAGE, ...command]);
  return addressOf(podman, name);
}

function addressOf(podman: Podman, name: string): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`;
  return podman.must(['inspect', '--format', format, name]);
}

async function remove(podman: Podman, name: string): Promise<void> {
  await podman.must(['rm', '--force', '--time', '0', name]);
}
