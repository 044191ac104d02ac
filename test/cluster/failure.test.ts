import { readFile } from 'node:fs/promises';
import t from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { blocksOf, cluster, hasRoute, needsRoot, podsOf, untilNoRoute } from './cluster.ts';
import { missing, startPing } from './pinging.ts';

t.test('a node dies: its routes stay until the hold timer says so, then go', needsRoot, async (t) => {
  const lab = await cluster(t, {
    nodes: 3,
    pods: 1,
    environment: { VROUTER_BGP_HOLD_TIME: '3', VROUTER_BGP_RESTART_TIME: '1' },
  });
  const blocks = await blocksOf(lab, 'node3');
  await lab.setCable('node3', false);
  await lab.endDaemon('node3', 'SIGKILL');
  for (const name of ['node1', 'node2']) await untilNoRoute(lab, name, blocks);
  const peer = (await lab.status('node1')).bgp?.peers.find(({ address }) => address === '172.18.0.13');
  t.not(peer?.state, 'up');
  const log = await readFile(lab.node('node1').log, 'utf8');
  t.ok(
    log.split('\n').some((line) => line.includes('172.18.0.13') && /hold timer/i.test(line)),
    'the log says why',
  );

  await t.test('and when it comes back, so do they', async (t) => {
    await lab.setCable('node3', true);
    await lab.startDaemon('node3');
    await lab.untilConverged();
    t.ok((await lab.reachability()).complete);
  });
});

t.test('a daemon is killed and restarted under a running ping: no reply is lost', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 3, pods: 1 });
  const [from] = podsOf(lab, 'node1');
  const [to] = podsOf(lab, 'node2');
  for (const victim of ['node2', 'node1']) {
    const ping = startPing(from.namespace, `${to.address}`);
    await lab.until('replies', async () => ping.replies.length > 10);
    await lab.endDaemon(victim, 'SIGKILL');
    await lab.startDaemon(victim);
    await lab.untilConverged();
    const seen = ping.replies.length;
    await lab.until('replies after the restart', async () => ping.replies.length > seen + 20);
    const replies = await ping.stop();
    t.same(missing(replies), [], `${victim}: ${replies.length} replies`);
  }
});

t.test('a daemon is told to stop: routes stay, and pods keep talking', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 1 });
  const before = await lab.routes('node1');
  await lab.endDaemon('node1', 'SIGTERM');
  t.same(await lab.routes('node1'), before);
  t.ok((await lab.reachability()).complete);
  await lab.startDaemon('node1');
  await lab.untilConverged();
  t.same(await lab.routes('node1'), before);
});

t.test(
  'the uplink of a node is taken out and put back: routes follow, its own pods never notice',
  needsRoot,
  async (t) => {
    const lab = await cluster(t, { nodes: 2, pods: 2, dualStack: true });
    const [from, neighbour] = podsOf(lab, 'node1');
    const node = lab.node('node1');
    const ip = async (...commands: readonly string[]): Promise<void> => {
      for (const command of commands) {
        const { code, stderr } = await lab.exec('node1', ['ip', ...command.split(' ')]);
        t.equal(code, 0, stderr);
      }
    };
    const before = await Promise.all(lab.families.map((family) => lab.routes('node1', family)));
    const addresses = [`addr add ${node.address} dev eth0`, `addr add ${node.address6} dev eth0 nodad`];
    const { fabric } = lab.record.plan;
    // A network card keeps its MAC, wherever it is plugged in.
    const mac = /link\/ether (\S+)/.exec((await lab.exec('node1', ['ip', 'link', 'show', 'eth0'])).stdout)?.[1];
    const ping = startPing(from.namespace, `${neighbour.address}`);
    await lab.until('replies', async () => ping.replies.length > 10);
    for (const outage of [
      ['link set eth0 down', 'link set eth0 up', addresses[1]],
      [
        'link delete eth0',
        `-n ${fabric} link add to-node1 type veth peer name eth0 address ${mac} netns ${node.namespace}`,
        `-n ${fabric} link set to-node1 master br0 up`,
        ...addresses,
        'link set eth0 up',
      ],
    ]) {
      await ip(...outage);
      for (const [index, family] of lab.families.entries()) {
        await lab.until(`IPv${family} routes after ${outage[0]}`, async () => {
          const now = await lab.routes('node1', family);
          return now.toSorted().join('\n') === before[index].toSorted().join('\n');
        });
        await lab.until(`all to be reached by IPv${family}`, async () => (await lab.reachability(family)).complete);
      }
      await lab.until('no problem left', async () => (await lab.status('node1')).problems.length === 0);
    }
    t.same(missing(await ping.stop()), [], 'between pods of the node nothing was lost');
  },
);

t.test('a pod that vanished while the daemon was down leaves nothing behind', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 2 });
  const [pod] = podsOf(lab, 'node1');
  await lab.endDaemon('node1', 'SIGKILL');
  await addStaleRoute(lab, 'node1', '10.244.250.0/26');
  await lab.forgetPod(pod);
  await lab.startDaemon('node1');
  await lab.untilConverged();
  await lab.until('the stale route to go', async () => !(await hasRoute(lab, 'node1', '10.244.250.0/26')));
  t.ok((await lab.reachability()).complete);
});

/** A route such as a former life of the daemon left: its protocol number, but nobody announces it now. */
async function addStaleRoute(lab: Lab, node: string, prefix: string): Promise<void> {
  const ours = (await lab.routes(node)).find((line) => line.includes(' via '));
  const protocol = /proto (\S+)/.exec(ours ?? '')?.[1] ?? '';
  const { address } = lab.node('node2');
  await lab.exec(node, ['ip', 'route', 'add', prefix, 'via', address.split('/')[0], 'proto', protocol]);
}
