import t from 'tap';
import type { PodState } from '../../src/lab/index.ts';
import { patchPool, podsOf, put } from '../cluster/cluster.ts';
import { nodesWithPods, onTheWire, output } from './encapsulation.ts';
import { ENCRYPTED, Encryption } from './encryption.ts';

/** The egress address, on the nodes' subnet, and the pool. */
const [EGRESS, POOL] = ['172.18.0.200', '10.99.0.0/24'];
const UNENCRYPTED = /IPPool leaving: .* by way of their gateway node1 is not encrypted/;
/** Packets from one node to the other. */
const BETWEEN = /172\.18\.0\.1[12]\S* > 172\.18\.0\.1[12]\b/;

t.test('an egress gateway by IPIP and with WireGuard, where rp_filter is strict', async (t) => {
  const lab = await nodesWithPods(t, 2, 'Never');
  const encryption = await Encryption.of(t, lab);
  const host = await lab.addHost();
  const outside = host.address.split('/')[0];
  for (const { name } of lab.nodes) await output(lab, name, 'sysctl -qw net.ipv4.conf.all.rp_filter=1');
  await lab.calicoctl('node1', ['label', 'nodes', 'node1', 'gateway=yes']);
  const pool = { cidr: POOL, blockSize: 28, ipipMode: 'Always', natOutgoing: true, assignmentMode: 'Manual' };
  await put(lab, 'IPPool', 'leaving', pool, { egressAddress: EGRESS, egressNodes: 'has(gateway)' });
  await lab.addPod('node2', { ipam: { type: 'calico-ipam', ipv4_pools: [POOL] } });
  const [near, pod] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[1]];
  const away: PodState = { ...near, address: outside };
  const clear = `IP ${pod.address} > ${outside}: ICMP echo request`;
  const untilAnswered = () => lab.until('an answer', async () => (await lab.ping(pod, outside)) !== undefined);
  const isPlain = async (): Promise<boolean> =>
    (await lab.status('node2')).problems.some((one) => UNENCRYPTED.test(one));
  /** What tcpdump sees of so many packets on somebody's cable while the pod pings who is outside. */
  const seen = async (name: string, packets: number, filter: string): Promise<string> => {
    const capture = ['timeout', '30', 'tcpdump', '-n', '-l', '-i', 'eth0', '-c', String(packets), filter];
    let said: string | undefined;
    void lab.exec(name, capture).then(({ stdout }) => {
      said = stdout;
    });
    return lab.until('packets to be captured', async () => {
      await lab.ping(pod, outside);
      return said;
    });
  };

  await t.test('by IPIP: through the tunnel to the gateway, and outside the pool’s address is seen', async (t) => {
    await untilAnswered();
    t.match(await onTheWire(lab, 'node1', pod, away), `IP 172.18.0.12 > 172.18.0.11: ${clear}`);
    t.match(await seen(host.name, 1, 'icmp'), `IP ${EGRESS} > ${outside}: ICMP echo request`);
  });

  await t.test('with WireGuard the way to the gateway and back is in clear, that to pods is not', async (t) => {
    await patchPool(lab, { ipipMode: 'Never' }, 'leaving');
    await encryption.configure({ wireguardEnabled: true });
    for (const { name } of lab.nodes) {
      await lab.until(`${name} to encrypt`, async () => {
        const [{ peers }, { tunnel }] = [await encryption.device(name), await encryption.ways(name)];
        return peers.some(({ latestHandshake }) => latestHandshake > 0) && tunnel.length > 0;
      });
    }
    await untilAnswered();
    t.match(await onTheWire(lab, 'node1', pod, away), clear);
    for (const line of await encryption.onTheWire(pod, near, 4)) t.match(line, ENCRYPTED);
    await lab.until('that to be said', isPlain);
  });

  for (const [device, modes] of [
    ['tunl0', { ipipMode: 'Always', vxlanMode: 'Never' }],
    ['vxlan.calico', { ipipMode: 'Never', vxlanMode: 'Always' }],
  ] as const) {
    await t.test(`with host encryption all that goes by ${device} is encrypted`, async (t) => {
      await patchPool(lab, modes, 'leaving');
      await encryption.configure({ wireguardHostEncryptionEnabled: true });
      await lab.until('the way by it', async () =>
        (await output(lab, 'node2', 'ip route show table all'))
          .split('\n')
          .some((line) => line.startsWith('default via ') && line.includes(` dev ${device} table `)),
      );
      await lab.until('the pool to be no problem any more', async () => !(await isPlain()));
      await untilAnswered();
      const said = await seen('node1', 8, 'udp or ip proto 4 or icmp');
      const between = said.split('\n').filter((line) => BETWEEN.test(line));
      t.ok(between.length > 0);
      for (const line of between) t.match(line, ENCRYPTED);
      t.notMatch(said, `${pod.address}`);
    });
  }
});
