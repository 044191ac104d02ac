import { readFile, writeFile } from 'node:fs/promises';
import t from 'tap';
import type { Lab, PodState } from '../../src/lab/index.ts';
import { cluster, patchPool, podsOf } from '../cluster/cluster.ts';
import { missing, startPing } from '../cluster/pinging.ts';

/** Hosts of the fabric that answer with the same subnet are two nodes of it; the pool's mode decides how they talk. */
const WAYS = {
  Never: /^via 172\.18\.0\.1\d dev eth0 proto 80$/,
  Always: /^via 172\.18\.0\.1\d dev tunl0 proto 80 onlink$/,
  CrossSubnet: /^via 172\.18\.0\.1\d dev eth0 proto 80$/,
} as const;

async function waysOut(lab: Lab, name: string): Promise<readonly string[]> {
  const lines = await lab.routes(name);
  return lines.filter((line) => line.includes(' via ')).map((line) => line.replace(/^\S+ /, ''));
}

async function untilWay(lab: Lab, mode: keyof typeof WAYS): Promise<void> {
  for (const { name } of lab.nodes) {
    await lab.until(`${mode} on ${name}`, async () => {
      const ways = await waysOut(lab, name);
      return ways.length > 0 && ways.every((way) => WAYS[mode].test(way));
    });
  }
}

async function output(lab: Lab, node: string, command: string): Promise<string> {
  return (await lab.exec(node, command.split(' '))).stdout;
}

/** Pings from a pod in the namespace of its node, so that a capture there sees both sides of the tunnel. */
async function ping(lab: Lab, from: PodState, to: PodState, ...options: string[]): Promise<number> {
  const command = ['nsenter', `--net=/run/netns/${from.namespace}`, '--', 'ping', '-n', '-c', '3', '-i', '0.2'];
  return (await lab.exec(from.node, [...command, ...options, `${to.address}`])).code;
}

/** One after another: a guest has one CPU, and reads the programs from the host the first time. */
async function twoNodes(t: Parameters<typeof cluster>[0]): Promise<Lab> {
  const lab = await cluster(t, { environment: { CALICO_IPV4POOL_IPIP: 'Always' } });
  for (let node = 0; node < 2; node++) await lab.addNode();
  await lab.addPods(1);
  await lab.untilConverged();
  return lab;
}

/** Sets what counts for the whole machine; resolves to what it was. */
async function sysctl(name: string, value: string): Promise<string> {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`;
  const before = (await readFile(path, 'utf8')).trim();
  await writeFile(path, value);
  return before;
}

t.test('IPIP Always: pods of two nodes talk through tunl0', async (t) => {
  const lab = await twoNodes(t);
  await untilWay(lab, 'Always');
  const [from, to] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[0]];
  t.ok((await lab.reachability()).complete);
  t.match(await output(lab, 'node1', 'ip link show tunl0'), /UP.* mtu 1480 /);
  t.same((await lab.status('node1')).problems, []);

  await t.test('its address is in the Node, and IPAM’s', async (t) => {
    const { stdout } = await lab.calicoctl('node1', ['get', 'node', 'node1', '-o', 'json']);
    const address: string = JSON.parse(stdout).spec.bgp.ipv4IPIPTunnelAddr;
    t.match(await output(lab, 'node1', 'ip addr show tunl0'), `inet ${address}/32`);
    t.match((await lab.calicoctl('node1', ['ipam', 'show', `--ip=${address}`])).stdout, /ipipTunnelAddress/);
  });

  await t.test('what is on the wire is protocol 4, and 1480 octets fit', async (t) => {
    const capture = ['timeout', '20', 'tcpdump', '-n', '-l', '-i', 'eth0', '-c', '1', 'ip proto 4'];
    const captured = lab.exec('node2', capture);
    let line = '';
    void captured.then(({ stdout }) => {
      line = stdout;
    });
    await lab.until('a packet to be captured', async () => {
      await ping(lab, from, to);
      return line !== '';
    });
    t.match(line, /172\.18\.0\.1\d > 172\.18\.0\.1\d/);
    t.equal(await ping(lab, from, to, '-M', 'do', '-s', `${1480 - 28}`), 0);
    t.not(await ping(lab, from, to, '-M', 'do', '-s', `${1480 - 27}`), 0);
  });

  await t.test('tunl0 is taken down, its address removed, a route deleted: all is back', async (t) => {
    const [block] = (await lab.status('node2')).blocks.map(({ cidr }) => cidr);
    for (const attack of ['ip link set tunl0 down', 'ip addr flush dev tunl0', `ip route del ${block}`]) {
      t.equal((await lab.exec('node1', attack.split(' '))).code, 0, attack);
      await lab.until(`a reply after: ${attack}`, async () => (await lab.ping(from, `${to.address}`)) !== undefined);
    }
  });

  await t.test('the mode changes under a running ping, and no reply is lost', async (t) => {
    const pings = startPing(from.namespace, `${to.address}`);
    for (const mode of ['Never', 'Always', 'CrossSubnet', 'Always'] as const) {
      await patchPool(lab, { ipipMode: mode });
      await untilWay(lab, mode);
      const seen = pings.replies.length;
      await lab.until('replies after the change', async () => pings.replies.length > seen + 10);
    }
    t.same(missing(await pings.stop()), []);
  });
});

t.test('where new namespaces have no tunl0 of the kernel’s, it is made', async (t) => {
  const setting = 'net.core.fb_tunnels_only_for_init_net';
  const before = await sysctl(setting, '2');
  t.teardown(() => sysctl(setting, before));
  const lab = await twoNodes(t);
  await untilWay(lab, 'Always');
  t.ok((await lab.reachability()).complete);
});
