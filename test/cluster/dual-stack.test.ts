import t from 'tap';
import type { Lab, PodState } from '../../src/lab/index.ts';
import { blocksOf, cluster, needsRoot, patchPool, podsOf } from './cluster.ts';
import { missing, startPing } from './pinging.ts';

const DEVICE = 'vxlan-v6.calico';
const POOL = 'default-ipv6-ippool';
const DIRECT = /^via fd00:172:18::1\d dev eth0 proto 80( |$)/;
const TUNNELLED = /^via fd00:10:244:\S+ dev vxlan-v6\.calico proto 80 .*onlink/;

/** The node's IPv6 routes to the blocks of the others, without the block itself: `via … dev …`. */
async function waysOut(lab: Lab, name: string): Promise<readonly string[]> {
  const lines = (await lab.routes(name, 6)).filter((line) => /^fd00:10:244:\S+ via /.test(line));
  return lines.map((line) => line.replace(/^\S+ /, ''));
}

async function untilAll(lab: Lab, way: RegExp): Promise<void> {
  for (const { name } of lab.nodes) {
    await lab.until(`${name} to have ways ${way}`, async () => {
      const ways = await waysOut(lab, name);
      return ways.length === lab.nodes.length - 1 && ways.every((one) => way.test(one));
    });
  }
}

async function output(lab: Lab, node: string, command: string): Promise<string> {
  return (await lab.exec(node, command.split(' '))).stdout;
}

/** The first packet on the cable of the second pod's node while the first pod pings it, as tcpdump reads it. */
async function onTheWire(lab: Lab, from: PodState, to: PodState): Promise<string> {
  const filter = `(ip6 and udp dst port 4789) or (icmp6 and host ${from.address6} and ip6[40] = 128)`;
  const capture = ['timeout', '20', 'tcpdump', '-n', '-l', '-i', 'eth0', '-c', '1', filter];
  let seen: string | undefined;
  void lab.exec(to.node, capture).then(({ stdout }) => {
    seen = stdout;
  });
  return lab.until('a packet to be captured', async () => {
    await lab.ping(from, `${to.address6}`);
    return seen;
  });
}

t.test('IPv6 beside IPv4: by BGP with IPv6 next hops, and through vxlan-v6.calico', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 3, pods: 1, dualStack: true });
  const [from, to] = ['node1', 'node2'].map((node) => podsOf(lab, node)[0]);
  for (const { address, address6 } of lab.pods) {
    t.match(address, /^10\.244\./);
    t.match(address6, /^fd00:10:244:/);
  }

  await t.test('direct: a session of each family, and each next hop is the node itself', async (t) => {
    const { stdout } = await lab.calicoctl('node1', ['node', 'status']);
    for (const address of ['172.18.0.12', '172.18.0.13', 'fd00:172:18::12', 'fd00:172:18::13']) {
      t.match(stdout, new RegExp(`\\| ${address} +\\| node-to-node mesh \\| up +\\| [0-9:]{8} \\| Established +\\|`));
    }
    await untilAll(lab, DIRECT);
    const own = (await blocksOf(lab, 'node1')).filter((block) => block.includes(':'));
    t.equal(own.length, 1);
    t.ok((await lab.routes('node1', 6)).some((line) => line.startsWith(`blackhole ${own[0]} `)));
    for (const family of lab.families) t.ok((await lab.reachability(family)).complete, `IPv${family}`);
    t.match(await onTheWire(lab, from, to), `IP6 ${from.address6} > ${to.address6}: ICMP6, echo request`);
  });

  await t.test('VXLAN Always: the same pods, under a ping that loses no reply', async (t) => {
    const ping = startPing(from.namespace, `${to.address6}`);
    await lab.until('replies', async () => ping.replies.length > 10);
    await patchPool(lab, { vxlanMode: 'Always' }, POOL);
    await untilAll(lab, TUNNELLED);
    const seen = ping.replies.length;
    await lab.until('replies after the change', async () => ping.replies.length > seen + 10);
    t.same(missing(await ping.stop()), []);
    for (const family of lab.families) t.ok((await lab.reachability(family)).complete, `IPv${family}`);

    for (const { name } of lab.nodes) {
      const link = await output(lab, name, `ip -d link show ${DEVICE}`);
      t.match(link, /vxlan id 4096 local fd00:172:18::1\d dev eth0 .*dstport 4789 .*nolearning/);
      t.match(link, /mtu 1430 /);
      t.equal((await output(lab, name, `bridge fdb show dev ${DEVICE}`)).match(/ dst fd00:172:18::1\d /g)?.length, 2);
      t.equal((await output(lab, name, `ip -6 neigh show dev ${DEVICE}`)).match(/ PERMANENT/g)?.length, 2);
    }
    const wire = await onTheWire(lab, from, to);
    t.match(wire, /IP6 fd00:172:18::11\.\d+ > fd00:172:18::12\.4789: VXLAN, flags \[I\] \(0x08\), vni 4096/);
    t.match(wire, `IP6 ${from.address6} > ${to.address6}: ICMP6, echo request`);
  });

  await t.test('the tunnel’s address is in the Node; the largest packet fits', async (t) => {
    const { stdout } = await lab.calicoctl('node1', ['get', 'node', 'node2', '-o', 'json']);
    const address: string = JSON.parse(stdout).spec.ipv6VXLANTunnelAddr;
    t.match(await output(lab, 'node2', `ip -6 addr show ${DEVICE}`), `inet6 ${address}/128`);
    const within = ['nsenter', `--net=/run/netns/${from.namespace}`, '--'];
    const size = ['ping', '-n', '-c', '2', '-i', '0.2', '-M', 'do', '-s', `${1430 - 48}`, `${to.address6}`];
    const { code, stdout: said } = await lab.exec('node1', [...within, ...size]);
    t.equal(code, 0, said);
  });

  await t.test('somebody deletes the device, an entry, a route, the uplink’s address: all is back', async (t) => {
    const block = (await blocksOf(lab, 'node2')).find((one) => one.includes(':'));
    const fdb = /^(\S+) dst fd00:172:18::12/m.exec(await output(lab, 'node1', `bridge fdb show dev ${DEVICE}`))?.[1];
    for (const attack of [
      [`ip link delete ${DEVICE}`],
      [`ip link set ${DEVICE} down`],
      [`bridge fdb del ${fdb} dev ${DEVICE} dst fd00:172:18::12`],
      [`ip -6 route del ${block}`],
      // Going down costs a link its IPv6 addresses; whoever configured it gives them back.
      ['ip link set eth0 down', 'ip link set eth0 up', 'ip addr add fd00:172:18::11/64 dev eth0 nodad'],
    ]) {
      for (const command of attack) {
        const { code, stderr } = await lab.exec('node1', command.split(' '));
        t.equal(code, 0, stderr);
      }
      const answered = async (): Promise<boolean> => (await lab.ping(from, `${to.address6}`)) !== undefined;
      await lab.until(`a reply after: ${attack}`, answered);
      await untilAll(lab, TUNNELLED);
    }
    await lab.until('no problem left', async () => (await lab.status('node1')).problems.length === 0);
  });

  await t.test('CrossSubnet: straight to the nodes of the own subnet; Never: BGP again', async (t) => {
    const ping = startPing(from.namespace, `${to.address6}`);
    await lab.until('replies', async () => ping.replies.length > 10);
    await patchPool(lab, { vxlanMode: 'CrossSubnet' }, POOL);
    await untilAll(lab, DIRECT);
    await patchPool(lab, { vxlanMode: 'Never' }, POOL);
    for (const { name } of lab.nodes) {
      const gone = async (): Promise<boolean> => !(await output(lab, name, 'ip link')).includes(DEVICE);
      await lab.until(`the device of ${name} to go`, gone);
    }
    await untilAll(lab, DIRECT);
    t.same(missing(await ping.stop()), []);
    t.ok((await lab.reachability(6)).complete);
  });
});
