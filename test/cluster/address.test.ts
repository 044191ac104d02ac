import t, { type Test } from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { cluster, needsRoot, patchPool } from './cluster.ts';

const DEVICE = 'vxlan.calico';
/** All that a daemon keeps in a node's kernel. What the kernel's own ARP remembers for a while is not. */
const KEPT = [
  'ip route',
  'ip -6 route',
  'ip -d link',
  'ip neigh show nud permanent',
  'ip -6 neigh show nud permanent',
  `bridge fdb show dev ${DEVICE}`,
  'nft list ruleset',
  'ss -Htn state established sport = 179 or dport = 179',
];

async function output(lab: Lab, node: string, command: string): Promise<string> {
  return (await lab.exec(node, command.split(' '))).stdout;
}

/** Where an address is still to be found: on the nodes, in what their daemons say, in the datastore. */
async function tracesOf(lab: Lab, address: string): Promise<readonly string[]> {
  const word = new RegExp(`(?<![0-9a-f:.])${address.replaceAll('.', '\\.')}(?![0-9a-f:.]*[0-9a-f])`);
  const places: [string, string][] = [
    ['datastore', (await lab.calicoctl('node1', ['get', 'nodes', '-o', 'yaml'])).stdout],
  ];
  for (const { name } of lab.nodes) {
    places.push([`status of ${name}`, JSON.stringify(await lab.status(name))]);
    for (const command of KEPT) places.push([`${command} on ${name}`, await output(lab, name, command)]);
  }
  return places.filter(([, text]) => word.test(text)).map(([place]) => place);
}

interface Move {
  readonly from: string;
  readonly to: string;
}

/** Gives the node's cable other addresses, as a DHCP server might; the daemon finds them by itself. */
async function move(lab: Lab, node: string, moves: readonly Move[]): Promise<void> {
  for (const { from, to } of moves) {
    await output(lab, node, `ip addr del ${from} dev eth0`);
    await output(lab, node, `ip addr add ${to} dev eth0${to.includes(':') ? ' nodad' : ''}`);
  }
}

async function moved(t: Test, lab: Lab, node: string, moves: readonly Move[]): Promise<void> {
  const [old, now] = (['from', 'to'] as const).map((end) => moves.map((one) => one[end].split('/')[0]));
  await move(lab, node, moves);
  for (const address of old) {
    await lab.until(`the traces of ${address} to go`, async () => {
      const traces = await tracesOf(lab, address);
      if (traces.length > 0) throw new Error(traces.join('; '));
      return true;
    });
  }
  await lab.untilConverged();
  const others = lab.nodes.filter(({ name }) => name !== node);
  for (const { name } of others) {
    for (const address of now) {
      const peers = (await lab.status(name)).bgp?.peers ?? [];
      t.match(
        peers.find((peer) => peer.address === address),
        { state: 'up' },
        `${name} speaks with ${address}`,
      );
    }
  }
  for (const family of lab.families) {
    const reached = async (): Promise<boolean> => (await lab.reachability(family)).complete;
    await lab.until(`all pods to reach each other by IPv${family}`, reached);
  }
  for (const { name } of lab.nodes) {
    const healthy = async (): Promise<boolean> => (await lab.status(name)).problems.length === 0;
    await lab.until(`${name} to have no problem left`, healthy);
  }
}

t.test('the address of a node changes: peers, tunnels and routes follow', needsRoot, async (t) => {
  const environment = {
    IP: 'autodetect',
    IP6: 'autodetect',
    IP_AUTODETECTION_METHOD: 'interface=eth0',
    IP6_AUTODETECTION_METHOD: 'interface=eth0',
    CALICO_IPV4POOL_VXLAN: 'Always',
  };
  const lab = await cluster(t, { nodes: 3, pods: 1, dualStack: true, environment });

  await t.test('IPv4 by VXLAN, IPv6 by BGP', async (t) => {
    await moved(t, lab, 'node2', [
      { from: '172.18.0.12/24', to: '172.18.0.112/24' },
      { from: 'fd00:172:18::12/64', to: 'fd00:172:18::112/64' },
    ]);
    t.match(await output(lab, 'node2', `ip -d link show ${DEVICE}`), / local 172\.18\.0\.112 dev eth0 /);
    for (const name of ['node1', 'node3']) {
      t.match(await output(lab, name, `bridge fdb show dev ${DEVICE}`), / dst 172\.18\.0\.112 /);
      t.match(await output(lab, name, 'ip -6 route'), /^fd00:10:244:\S+ via fd00:172:18::112 dev eth0 proto 80/m);
    }
  });

  await t.test('IPv4 by BGP', async (t) => {
    await patchPool(lab, { vxlanMode: 'Never' });
    const gone = async (): Promise<boolean> => !(await output(lab, 'node3', 'ip link')).includes(DEVICE);
    await lab.until('VXLAN to go', gone);
    await moved(t, lab, 'node3', [{ from: '172.18.0.13/24', to: '172.18.0.113/24' }]);
    for (const name of ['node1', 'node2']) {
      t.match(await output(lab, name, 'ip route'), /^10\.244\.\S+ via 172\.18\.0\.113 dev eth0 proto 80/m);
    }
  });
});
