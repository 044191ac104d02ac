import t from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { blocksOf, cluster, needsRoot, patchPool, podsOf } from './cluster.ts';
import { missing, startPing } from './pinging.ts';

const DEVICE = 'vxlan.calico';

/** The node's routes to the blocks of the others, without the block itself: `via … dev …`. */
async function waysOut(lab: Lab, name: string): Promise<readonly string[]> {
  const lines = await lab.routes(name);
  return lines.filter((line) => line.includes(' via ')).map((line) => line.replace(/^\S+ /, ''));
}

async function output(lab: Lab, node: string, command: string): Promise<string> {
  return (await lab.exec(node, command.split(' '))).stdout;
}

t.test('VXLAN Always: three nodes, every pod reaches every pod through the tunnels', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 3, pods: 2, environment: { CALICO_IPV4POOL_VXLAN: 'Always' } });
  const { complete, rtts } = await lab.reachability();
  t.ok(complete, JSON.stringify(rtts));

  for (const { name } of lab.nodes) {
    const ways = await waysOut(lab, name);
    t.equal(ways.length, 2);
    for (const way of ways) t.match(way, /^via 10\.244\.\S+ dev vxlan\.calico proto 80 onlink$/);
    const link = await output(lab, name, `ip -d link show ${DEVICE}`);
    t.match(link, /vxlan id 4096 local 172\.18\.0\.1\d dev eth0 .*dstport 4789 nolearning/);
    t.match(link, /mtu 1450 /);
    t.equal((await output(lab, name, `bridge fdb show dev ${DEVICE}`)).match(/ dst 172\.18\.0\.1\d /g)?.length, 2);
    t.equal((await output(lab, name, `ip neigh show dev ${DEVICE}`)).match(/ PERMANENT/g)?.length, 2);
  }

  await t.test('the tunnel’s address is in the Node, and IPAM’s', async (t) => {
    const { stdout } = await lab.calicoctl('node1', ['get', 'node', 'node2', '-o', 'json']);
    const address: string = JSON.parse(stdout).spec.ipv4VXLANTunnelAddr;
    t.match(await output(lab, 'node2', `ip addr show ${DEVICE}`), `inet ${address}/32`);
    const shown = await lab.calicoctl('node1', ['ipam', 'show', `--ip=${address}`]);
    t.match(shown.stdout, /vxlanTunnelAddress/);
  });

  await t.test('what was sent is VXLAN, and a pod’s largest packet fits', async (t) => {
    const [from, to] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node3')[0]];
    const before = sentBy(await output(lab, 'node1', `ip -s link show ${DEVICE}`));
    const ping = await lab.exec('node1', [
      ...['nsenter', `--net=/run/netns/${from.namespace}`, '--'],
      ...['ping', '-n', '-c', '3', '-i', '0.05', '-M', 'do', '-s', `${1450 - 28}`, `${to.address}`],
    ]);
    t.equal(ping.code, 0, ping.stdout);
    t.ok(sentBy(await output(lab, 'node1', `ip -s link show ${DEVICE}`)) >= before + 3);
  });

  await t.test('somebody deletes the device, an entry, a route: all is back within seconds', async (t) => {
    const [from, to] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[0]];
    const [block] = await blocksOf(lab, 'node2');
    const fdb = /^(\S+) dst 172\.18\.0\.12/m.exec(await output(lab, 'node1', `bridge fdb show dev ${DEVICE}`))?.[1];
    const neighbor = /^(\S+) lladdr/m.exec(await output(lab, 'node1', `ip neigh show dev ${DEVICE}`))?.[1];
    for (const attack of [
      `ip link delete ${DEVICE}`,
      `ip link set ${DEVICE} down`,
      // One entry: `ip neigh flush` would go on until none comes back, and here they do.
      `ip neigh del ${neighbor} dev ${DEVICE}`,
      `bridge fdb del ${fdb} dev ${DEVICE} dst 172.18.0.12`,
      `ip route del ${block}`,
    ]) {
      const { code, stderr } = await lab.exec('node1', attack.split(' '));
      t.equal(code, 0, stderr);
      await lab.until(`a reply after: ${attack}`, async () => (await lab.ping(from, `${to.address}`)) !== undefined);
    }
    // What was refused while the device was away has its next attempt within a quarter of a second.
    await lab.until('no problem left', async () => (await lab.status('node1')).problems.length === 0);
  });

  await t.test('a restart changes nothing and loses no reply', async (t) => {
    const before = await lab.routes('node1');
    const index = (await output(lab, 'node1', `ip -o link show ${DEVICE}`)).split(':')[0];
    const ping = startPing(podsOf(lab, 'node1')[0].namespace, `${podsOf(lab, 'node2')[0].address}`);
    await lab.until('replies', async () => ping.replies.length > 10);
    await lab.endDaemon('node1', 'SIGKILL');
    await lab.startDaemon('node1');
    await lab.untilConverged();
    const seen = ping.replies.length;
    await lab.until('replies after the restart', async () => ping.replies.length > seen + 20);
    t.same(missing(await ping.stop()), []);
    t.same(await lab.routes('node1'), before);
    t.match(index, /^\d+$/);
    t.match(await output(lab, 'node1', `ip -o link show ${DEVICE}`), new RegExp(`^${index}: `));
  });

  await t.test('each entry is explained', async (t) => {
    const node = process.execPath;
    const main = new URL('../../src/main.ts', import.meta.url).pathname;
    const { stdout } = await lab.exec('node1', [node, main, 'status', 'tunnels', '-o', 'json']);
    const entries = JSON.parse(stdout) as { text: string; present: boolean; why: string }[];
    t.equal(entries.length, 5);
    t.ok(entries.every(({ present }) => present));
    t.match(entries[0], { text: /^vxlan\.calico vxlan id 4096/, why: 'pool default-ipv4-ippool: vxlanMode Always' });
  });

  await t.test('CrossSubnet: nodes of one subnet talk directly, and back, without losing a reply', async (t) => {
    const ping = startPing(podsOf(lab, 'node1')[0].namespace, `${podsOf(lab, 'node2')[0].address}`);
    await lab.until('replies', async () => ping.replies.length > 10);
    for (const [mode, way] of [
      ['CrossSubnet', /^via 172\.18\.0\.1\d dev eth0 proto 80 onlink$/],
      ['Always', /dev vxlan\.calico proto 80 onlink$/],
    ] as const) {
      await patchPool(lab, { vxlanMode: mode });
      for (const { name } of lab.nodes) {
        await lab.until(`${mode} on ${name}`, async () => (await waysOut(lab, name)).every((line) => way.test(line)));
      }
      const seen = ping.replies.length;
      await lab.until('replies after the change', async () => ping.replies.length > seen + 10);
    }
    t.same(missing(await ping.stop()), []);
    t.ok((await lab.reachability()).complete);
  });

  await t.test('Never: BGP carries the routes, addresses go back, and then the device', async (t) => {
    const ping = startPing(podsOf(lab, 'node1')[0].namespace, `${podsOf(lab, 'node2')[0].address}`);
    await lab.until('replies', async () => ping.replies.length > 10);
    await patchPool(lab, { vxlanMode: 'Never' });
    for (const { name } of lab.nodes) {
      await lab.until(
        `the device of ${name} to go`,
        async () => !(await output(lab, name, 'ip link')).includes(DEVICE),
      );
      for (const way of await waysOut(lab, name)) t.match(way, /^via 172\.18\.0\.1\d dev eth0 proto 80$/);
    }
    t.same(missing(await ping.stop()), []);
    const { stdout } = await lab.calicoctl('node1', ['get', 'nodes', '-o', 'json']);
    t.notMatch(stdout, /VXLANTunnelAddr/);
  });

  await t.test('Always again: BGP’s routes stay until the tunnels have theirs, and no reply is lost', async (t) => {
    const ping = startPing(podsOf(lab, 'node1')[0].namespace, `${podsOf(lab, 'node2')[0].address}`);
    await lab.until('replies', async () => ping.replies.length > 10);
    await patchPool(lab, { vxlanMode: 'Always' });
    for (const { name } of lab.nodes) {
      await lab.until(`tunnels on ${name}`, async () => {
        const ways = await waysOut(lab, name);
        return ways.length === 2 && ways.every((way) => /dev vxlan\.calico proto 80 onlink$/.test(way));
      });
    }
    const seen = ping.replies.length;
    await lab.until('replies after the change', async () => ping.replies.length > seen + 10);
    t.same(missing(await ping.stop()), []);
  });
});

t.test('VXLAN without BGP: pods reach each other by what IPAM knows alone', needsRoot, async (t) => {
  const environment = { CALICO_NETWORKING_BACKEND: 'vxlan', CALICO_IPV4POOL_VXLAN: 'Always' };
  const lab = await cluster(t, { nodes: 2, pods: 1, environment });
  t.equal((await lab.status('node1')).bgp, undefined);
  t.equal(await output(lab, 'node1', 'ss -Hlnt sport = :179'), '', 'nobody listens for BGP');
  t.ok((await lab.reachability()).complete);
  for (const way of await waysOut(lab, 'node1')) t.match(way, /dev vxlan\.calico proto 80 onlink$/);
});

/** Packets that the device has sent, from `ip -s link`. */
function sentBy(text: string): number {
  return Number(/TX:.*\n\s+\d+\s+(\d+)/.exec(text)?.[1]);
}
