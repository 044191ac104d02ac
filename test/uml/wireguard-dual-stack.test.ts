import t from 'tap';
import type { PodState } from '../../src/lab/index.ts';
import { cluster, podsOf } from '../cluster/cluster.ts';
import { output, ping } from './encapsulation.ts';
import { DEV6, ENCRYPTED, Encryption, RESYNC, RULE } from './encryption.ts';
import { pass } from './watching.ts';

const ENCRYPTED6 = /IP6 fd12::1\d\.51821 > fd12::1\d\.51821: UDP/;
const BOTH = { ipam: { type: 'calico-ipam', assign_ipv4: 'true', assign_ipv6: 'true' } };

t.test('WireGuard for IPv4 and IPv6, each with a device, a key and a table of its own', async (t) => {
  const lab = await cluster(t, {
    environment: { CALICO_IPV4POOL_IPIP: 'Never', CALICO_IPV6POOL_CIDR: 'fd10:244::/48' },
  });
  const nodes = ['node1', 'node2'];
  for (const [index, name] of nodes.entries()) {
    const address = `fd12::${index + 11}/64`;
    await lab.addNode({ IP6: address });
    t.equal((await lab.exec(name, ['ip', 'addr', 'add', address, 'dev', 'eth0', 'nodad'])).code, 0);
    await lab.addPod(name, BOTH);
  }
  const encryption = await Encryption.of(t, lab);
  const [from, to] = nodes.map((name) => podsOf(lab, name)[0]);

  /** The pod with its IPv6 address in place of the other. */
  async function over6(pod: PodState): Promise<PodState> {
    const kernel = await encryption.kernel(pod);
    const [own] = (await kernel.addressList({ dev: 'eth0' })).filter(({ address }) => address.startsWith('fd10:'));
    return { ...pod, address: own.address.split('/')[0] };
  }
  const [from6, to6] = [await over6(from), await over6(to)];
  for (const pod of [to, to6]) {
    await lab.until('a reply', async () => (await lab.ping(from, `${pod.address}`)) !== undefined);
  }

  await t.test('IPv6 is switched on under a running ping: no reply is lost, and IPv4 stays in clear', async (t) => {
    const on = async (): Promise<void> => {
      await encryption.configure({ wireguardEnabledV6: true });
      await encryption.untilEncrypted(nodes, 1, 6);
    };
    t.same(await encryption.lostMeeting(from6, to6, on), []);
    for (const line of await encryption.onTheWire(from6, to6, 4)) t.match(line, ENCRYPTED6);
    t.match((await encryption.onTheWire(from, to, 1))[0], `IP ${from.address} > ${to.address}: ICMP echo request`);
    for (const node of nodes) t.same((await lab.status(node)).problems, []);
  });

  await t.test('the device, the rule and the table', async (t) => {
    const { address } = await encryption.told('node1', 6);
    t.match(await output(lab, 'node1', `ip addr show ${DEV6}`), new RegExp(`UP[^]* mtu 1420 [^]*inet6 ${address}/128`));
    t.match(await output(lab, 'node1', 'ip -6 rule'), RULE);
    t.notMatch(await output(lab, 'node1', 'ip rule'), 'fwmark');
    t.equal((await encryption.ways('node1', 6)).clear.length, 1, 'our own block');
  });

  await t.test('1420 octets fit, one more does not', async (t) => {
    t.equal(await ping(lab, from6, to6, '-M', 'do', '-s', `${1420 - 48}`), 0);
    t.not(await ping(lab, from6, to6, '-M', 'do', '-s', `${1420 - 47}`), 0);
  });

  await t.test('rule, routes and device are taken away: all is back', async (t) => {
    for (const attack of ['ip -6 rule del pref 99', 'ip -6 route flush table 1', `ip link del ${DEV6}`]) {
      t.equal((await lab.exec('node1', attack.split(' '))).code, 0, attack);
      await encryption.untilEncrypted(nodes, 1, 6);
      t.type(await lab.ping(from6, `${to6.address}`), 'number', attack);
    }
  });

  await t.test('both at once, and then IPv4 alone: no reply of either is lost', async (t) => {
    const both = async (): Promise<void> => {
      await encryption.configure({ wireguardEnabled: true });
      await encryption.untilEncrypted(nodes, 1, 4);
    };
    t.same(await encryption.lostMeeting(from, to, both), []);
    for (const line of await encryption.onTheWire(from, to, 4)) t.match(line, ENCRYPTED);
    for (const line of await encryption.onTheWire(from6, to6, 4)) t.match(line, ENCRYPTED6);
    const keys = [await encryption.told('node1', 4), await encryption.told('node1', 6)].map(({ key }) => key);
    t.not(keys[0], keys[1]);
    const one = async (): Promise<void> => {
      await encryption.configure({ wireguardEnabledV6: false });
      await encryption.untilOff(nodes, 6);
    };
    t.same(await encryption.lost(from6, to6, one), []);
    for (const line of await encryption.onTheWire(from, to, 4)) t.match(line, ENCRYPTED);
    t.match(
      (await encryption.onTheWire(from6, to6, 1))[0],
      `IP6 ${from6.address} > ${to6.address}: ICMP6, echo request`,
    );
  });

  await t.test('host encryption for both: sessions over either go on within', async (t) => {
    const sessions = async (): Promise<readonly (readonly [string, number])[]> => {
      const peers = (await lab.status('node1')).bgp?.peers ?? [];
      return peers.filter(({ info }) => info.startsWith('Established')).map(({ address, since }) => [address, since]);
    };
    const since = await sessions();
    t.same(since.map(([address]) => address).sort(), ['172.18.0.12', 'fd12::12']);
    const both = { wireguardEnabled: true, wireguardEnabledV6: true };
    await encryption.configure({ ...both, wireguardHostEncryptionEnabled: true });
    for (const [family, host] of [
      [4, '172.18.0.12'],
      [6, 'fd12::12'],
    ] as const) {
      await lab.until(`${host} to be sent to through the tunnel`, async () => {
        const { tunnel } = await encryption.ways('node1', family);
        return tunnel.some((cidr) => cidr.startsWith(`${host}/`));
      });
      await lab.until('an answer', async () => (await lab.ping(lab.node('node1'), host)) !== undefined);
    }
    await pass(RESYNC + 1);
    t.same(await sessions(), since);
    const capture = lab.exec('node2', [
      'timeout',
      '1',
      'tcpdump',
      '-n',
      '-l',
      '-i',
      'eth0',
      'ip6 host fd12::11 and not icmp6[0] >= 135',
    ]);
    t.type(await lab.ping(lab.node('node1'), 'fd12::12'), 'number');
    const lines = (await capture).stdout.split('\n').filter((line) => line !== '');
    t.ok(lines.length >= 2);
    for (const line of lines) t.match(line, ENCRYPTED6);
  });
});
