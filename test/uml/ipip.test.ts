import { readFile, writeFile } from 'node:fs/promises';
import t, { type Test } from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { blocksOf, patchPool, podsOf } from '../cluster/cluster.ts';
import { missing, startPing } from '../cluster/pinging.ts';
import {
  BY_VXLAN,
  DIRECT,
  nodesWithPods,
  onTheWire,
  output,
  ping,
  TUNNELLED,
  untilAll,
  ways,
} from './encapsulation.ts';
import { watch } from './watching.ts';

/** On one subnet, how a pool's mode makes nodes talk. */
const WAYS = { Never: DIRECT, Always: TUNNELLED, CrossSubnet: DIRECT } as const;
const VXLAN = { ipipMode: 'Never', vxlanMode: 'Always' } as const;
const IPIP = { ipipMode: 'Always', vxlanMode: 'Never' } as const;
/** VXLAN's way to a node of the same subnet. */
const NEAR = /^via 172\.18\.\d\.1\d dev eth0 proto 80 onlink$/;
/** From one encapsulation straight to the other. */
const SWITCHES = [
  [VXLAN, BY_VXLAN],
  [IPIP, TUNNELLED],
  [{ ...VXLAN, vxlanMode: 'CrossSubnet' }, NEAR],
  [IPIP, TUNNELLED],
  [VXLAN, BY_VXLAN],
  [{ ...IPIP, ipipMode: 'CrossSubnet' }, DIRECT],
  [VXLAN, BY_VXLAN],
] as const;

/** Whether a namespace has a `tunl0` before any daemon was in it. */
async function startsWithTunnel(lab: Lab): Promise<boolean> {
  const { name } = await lab.addHost();
  return (await lab.exec(name, ['ip', 'link', 'show', 'tunl0'])).code === 0;
}

/** Sets what counts for the whole machine; resolves to what it was. */
async function sysctl(name: string, value: string): Promise<string> {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`;
  const before = (await readFile(path, 'utf8')).trim();
  await writeFile(path, value);
  return before;
}

/** From one encapsulation straight to the other and back, under a running ping. */
async function straight(t: Test, lab: Lab): Promise<void> {
  const [from, to] = ['node1', 'node2'].map((name) => podsOf(lab, name)[0]);
  const [block] = await blocksOf(lab, 'node2');
  const changes = await watch(t, lab, 'node1', ['ip', '-4', 'monitor', 'route']);
  const pings = startPing(from.namespace, `${to.address}`);
  const more = async (): Promise<void> => {
    const seen = pings.replies.length;
    await lab.until('replies after the change', async () => pings.replies.length > seen + 10);
  };
  for (const [modes, way] of SWITCHES) {
    await patchPool(lab, modes);
    await untilAll(lab, way);
    await more();
  }
  await t.test('a node whose daemon is away is sent to by VXLAN until it is back', async (t) => {
    await lab.endDaemon('node2');
    await patchPool(lab, IPIP);
    await lab.until('tunl0 of node1', async () => {
      const { stdout } = await lab.calicoctl('node1', ['get', 'node', 'node1', '-o', 'json']);
      return JSON.parse(stdout).spec.bgp.ipv4IPIPTunnelAddr !== undefined;
    });
    await more();
    t.match((await ways(lab, 'node1')).get(block), BY_VXLAN);
    await lab.startDaemon('node2');
    await untilAll(lab, TUNNELLED);
    await more();
    await lab.until(
      'VXLAN to be gone',
      async () => !(await output(lab, 'node1', 'ip -br link')).includes('vxlan.calico'),
    );
    const { stdout } = await lab.calicoctl('node1', ['get', 'nodes', '-o', 'json']);
    t.notMatch(stdout, 'ipv4VXLANTunnelAddr');
    await more();
  });
  t.same(missing(await pings.stop()), []);
  const ofBlock = changes.filter(({ line }) => line.includes(block)).map(({ line }) => line);
  t.ok(ofBlock.length >= SWITCHES.length, 'each change is a route');
  t.same(
    ofBlock.filter((line) => line.startsWith('Deleted ')),
    [],
    'that takes the place of the one before',
  );
}

t.test('IPIP Always: pods of two nodes talk through tunl0', async (t) => {
  const lab = await nodesWithPods(t, 2, 'Always');
  await untilAll(lab, TUNNELLED);
  const [from, to] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[0]];
  t.ok((await lab.reachability()).complete);
  t.same((await lab.status('node1')).problems, []);
  t.ok(await startsWithTunnel(lab), 'the kernel had made a tunl0 by itself');

  await t.test('its address is in the Node, and IPAM’s', async (t) => {
    const { stdout } = await lab.calicoctl('node1', ['get', 'node', 'node1', '-o', 'json']);
    const address: string = JSON.parse(stdout).spec.bgp.ipv4IPIPTunnelAddr;
    t.match(await output(lab, 'node1', 'ip addr show tunl0'), `inet ${address}/32`);
    t.match((await lab.calicoctl('node1', ['ipam', 'show', `--ip=${address}`])).stdout, /ipipTunnelAddress/);
  });

  await t.test('what is on the wire is the pods’ packet in one of protocol 4', async (t) => {
    const inner = `${from.address} > ${to.address}: ICMP echo request`;
    t.match(await onTheWire(lab, 'node2', from, to), `IP 172.18.0.11 > 172.18.0.12: IP ${inner}`);
  });

  await t.test('the tunnel and the pods have twenty octets less than the cable, and that much fits', async (t) => {
    t.match(await output(lab, 'node1', 'ip link show eth0'), / mtu 1500 /);
    t.match(await output(lab, 'node1', 'ip link show tunl0'), /UP.* mtu 1480 /);
    t.match(await output(lab, 'node1', `ip -n ${from.namespace} link show eth0`), / mtu 1480 /);
    const header = 20 + 8;
    t.equal(await ping(lab, from, to, '-M', 'do', '-s', `${1480 - header}`), 0);
    t.not(await ping(lab, from, to, '-M', 'do', '-s', `${1480 - header + 1}`), 0);
  });

  await t.test('tunl0 is taken down, its address removed, a route deleted: all is back', async (t) => {
    const [block] = (await lab.status('node2')).blocks.map(({ cidr }) => cidr);
    for (const attack of ['ip link set tunl0 down', 'ip addr flush dev tunl0', `ip route del ${block}`]) {
      t.equal((await lab.exec('node1', attack.split(' '))).code, 0, attack);
      await lab.until(`a reply after: ${attack}`, async () => (await lab.ping(from, `${to.address}`)) !== undefined);
      await lab.until('the address', async () => (await output(lab, 'node1', 'ip addr show tunl0')).includes('inet '));
    }
  });

  await t.test('from a host that is no node, nothing comes out of tunl0', async (t) => {
    const { name } = await lab.addHost();
    const dropped = /meta l4proto (?:4|ipencap) ip saddr != @all-hosts-net counter packets 1 /;
    const filter = (): Promise<string> => output(lab, 'node1', 'nft list chain ip vrouter-encapsulation input');
    t.notMatch(await filter(), dropped);
    for (const command of ['link set tunl0 up', `route add ${from.address} via 172.18.0.11 dev tunl0 onlink`]) {
      t.equal((await lab.exec(name, ['ip', ...command.split(' ')])).code, 0, command);
    }
    await lab.exec(name, ['ping', '-n', '-c', '1', '-W', '1', `${from.address}`]);
    t.match(await filter(), dropped);
  });

  await t.test('no pod makes a packet for a tunnel, whosever address it claims', async (t) => {
    const dropped = async (): Promise<string | undefined> => {
      const rules = await output(lab, 'node1', 'nft list chain ip vrouter-encapsulation forward');
      return /iifname "cali\*" meta l4proto (?:4|ipencap) counter packets (\d+) /.exec(rules)?.[1];
    };
    const far = '10.244.99.9';
    const inPod = async (command: string): Promise<void> => {
      t.equal((await lab.exec('node1', ['ip', '-n', from.namespace, ...command.split(' ')])).code, 0, command);
    };
    t.equal(await dropped(), '0');
    await inPod(`link add forged type ipip local ${from.address} remote 172.18.0.12`);
    for (const command of ['link set forged up', `route add ${far} dev forged`]) await inPod(command);
    await lab.exec('node1', ['ip', 'netns', 'exec', from.namespace, 'ping', '-n', '-c', '1', '-W', '1', far]);
    t.equal(await dropped(), '1');
    await inPod('link delete forged');
  });

  await t.test('the mode changes under a running ping, and no reply is lost', async (t) => {
    const [block] = await blocksOf(lab, 'node2');
    const changes = await watch(t, lab, 'node1', ['ip', '-4', 'monitor', 'route']);
    const pings = startPing(from.namespace, `${to.address}`);
    for (const mode of ['Never', 'Always', 'CrossSubnet', 'Always'] as const) {
      await patchPool(lab, { ipipMode: mode });
      await untilAll(lab, WAYS[mode]);
      const seen = pings.replies.length;
      await lab.until('replies after the change', async () => pings.replies.length > seen + 10);
    }
    t.same(missing(await pings.stop()), []);
    const ofBlock = changes.filter(({ line }) => line.includes(block)).map(({ line }) => line);
    t.ok(ofBlock.length >= 4, 'each change is a route');
    t.same(
      ofBlock.filter((line) => line.startsWith('Deleted ')),
      [],
      'that takes the place of the one before',
    );
  });

  await t.test('from VXLAN straight to IPIP and back under a running ping, and no reply is lost', (t) =>
    straight(t, lab),
  );
});

t.test('where new namespaces have no tunl0 of the kernel’s, it is made', async (t) => {
  const setting = 'net.core.fb_tunnels_only_for_init_net';
  const before = await sysctl(setting, '2');
  t.teardown(() => sysctl(setting, before));
  const lab = await nodesWithPods(t, 2, 'Always');
  t.notOk(await startsWithTunnel(lab), 'the kernel had made none');
  await untilAll(lab, TUNNELLED);
  t.ok((await lab.reachability()).complete);
});
