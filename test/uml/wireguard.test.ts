import t from 'tap';
import type { Lab, PodState } from '../../src/lab/index.ts';
import { podsOf } from '../cluster/cluster.ts';
import { missing, startPing } from '../cluster/pinging.ts';
import { nodesWithPods, output, ping } from './encapsulation.ts';

const DEV = 'wireguard.cali';
const RULE = '99:\tnot from all fwmark 0x100000/0x100000 lookup 1 proto 80';

/** Settings of the cluster. */
async function configure(lab: Lab, spec: object): Promise<void> {
  const patch = ['patch', 'felixconfiguration', 'default', '--patch', JSON.stringify({ spec })];
  const { code, stderr } = await lab.calicoctl('node1', patch);
  if (code !== 0) throw new Error(stderr);
}

interface NodeFacts {
  readonly key: string | undefined;
  readonly address: string | undefined;
}

async function facts(lab: Lab, node: string): Promise<NodeFacts> {
  const { stdout } = await lab.calicoctl('node1', ['get', 'node', node, '-o', 'json']);
  const { spec, status } = JSON.parse(stdout);
  return { key: status?.wireguardPublicKey, address: spec.wireguard?.interfaceIPv4Address };
}

/** Destinations of the node's own table: those through the tunnel, and those that go on to the ordinary routes. */
async function table(lab: Lab, node: string): Promise<{ readonly tunnel: string[]; readonly clear: string[] }> {
  const lines = (await output(lab, node, 'ip route show table 1')).split('\n').map((line) => line.split(' '));
  return {
    tunnel: lines.filter(([, , dev]) => dev === DEV).map(([cidr]) => cidr),
    clear: lines.filter(([kind]) => kind === 'throw').map(([, cidr]) => cidr),
  };
}

/** Waits until each of these nodes sends to so many blocks through the tunnel. */
async function untilTunnels(lab: Lab, nodes: readonly string[], count: number): Promise<void> {
  for (const node of nodes) {
    await lab.until(`${node} to encrypt for ${count}`, async () => (await table(lab, node)).tunnel.length === count);
    await lab.until(`${node} to have an address`, async () => (await facts(lab, node)).address !== undefined);
  }
}

/** What goes over a node's cable while one pod pings another: so many packets, one to a line. */
async function onTheWire(lab: Lab, from: PodState, to: PodState, packets: number): Promise<string[]> {
  const filter = `udp or host ${to.address}`;
  const capture = ['timeout', '30', 'tcpdump', '-n', '-l', '-i', 'eth0', '-c', `${packets}`, filter];
  const captured = lab.exec(to.node, capture);
  let text: string | undefined;
  void captured.then(({ stdout }) => {
    text = stdout;
  });
  await lab.until('packets to be captured', async () => {
    await ping(lab, from, to);
    return text !== undefined;
  });
  return `${text}`.split('\n').filter((line) => line !== '');
}

const ENCRYPTED = /172\.18\.\d\.1\d\.51820 > 172\.18\.\d\.1\d\.51820: UDP/;

t.test('WireGuard: pods of two nodes talk through it, and nothing of them is to be read on the wire', async (t) => {
  const lab = await nodesWithPods(t, 2, 'Never');
  const [from, to] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[0]];
  const nodes = ['node1', 'node2'];

  await t.test('it is switched on under a running ping, and no reply is lost', async (t) => {
    const pings = startPing(from.namespace, `${to.address}`);
    await lab.until('replies', async () => pings.replies.length > 10);
    await configure(lab, { wireguardEnabled: true });
    await untilTunnels(lab, nodes, 1);
    const seen = pings.replies.length;
    await lab.until('replies after the change', async () => pings.replies.length > seen + 20);
    t.same(missing(await pings.stop()), []);
    for (const node of nodes) t.same((await lab.status(node)).problems, []);
  });

  await t.test('on the wire is UDP 51820 alone', async (t) => {
    for (const line of await onTheWire(lab, from, to, 4)) t.match(line, ENCRYPTED);
  });

  await t.test('the device, the rule and the table', async (t) => {
    t.match(await output(lab, 'node1', `ip link show ${DEV}`), /UP.* mtu 1440 /);
    t.match(await output(lab, 'node1', 'ip rule'), RULE);
    t.equal((await table(lab, 'node1')).clear.length, 1, 'our own block');
    const { address } = await facts(lab, 'node1');
    t.match(await output(lab, 'node1', `ip addr show ${DEV}`), `inet ${address}/32`);
    t.match((await lab.calicoctl('node1', ['ipam', 'show', `--ip=${address}`])).stdout, /wireguardTunnelAddress/);
  });

  await t.test('1440 octets fit, one more does not', async (t) => {
    t.equal(await ping(lab, from, to, '-M', 'do', '-s', `${1440 - 28}`), 0);
    t.not(await ping(lab, from, to, '-M', 'do', '-s', `${1440 - 27}`), 0);
  });

  await t.test('a node reaches the other’s pods too, encrypted', async (t) => {
    t.equal((await lab.exec('node1', ['ping', '-n', '-c', '2', `${to.address}`])).code, 0);
  });

  await t.test('each entry is explained', async (t) => {
    const main = new URL('../../src/main.ts', import.meta.url).pathname;
    const { stdout } = await lab.exec('node1', [process.execPath, main, 'status', 'tunnels', '-o', 'json']);
    const entries = JSON.parse(stdout) as { text: string; present: boolean; why: string }[];
    t.equal(entries.length, 5);
    t.ok(
      entries.every(({ present }) => present),
      stdout,
    );
  });
});
