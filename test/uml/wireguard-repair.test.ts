import t from 'tap';
import { formatRule, type Kernel } from '../../src/netlink/index.ts';
import { podsOf } from '../cluster/cluster.ts';
import { DEV, Encryption } from './encryption.ts';
import { seconds, secondsUntil } from './watching.ts';

const STRANGER = `${'s'.repeat(42)}A=`;
const HANDS: Readonly<Record<string, string>> = {
  'the rule is deleted': 'ip rule del pref 99',
  'the routes of its table are deleted': 'ip route flush table 1',
  'the device loses its address, and with it the routes': `ip addr flush dev ${DEV}`,
  'the device is taken down': `ip link set ${DEV} down`,
  'its MTU is changed': `ip link set ${DEV} mtu 1280`,
};

// Minutes of the guest's time.
t.setTimeout(3_600_000);

t.test('WireGuard: whatever somebody does to it is put right', async (t) => {
  const encryption = await Encryption.start(t, 2);
  const { lab } = encryption;
  const [from, to] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[0]];
  const nodes = ['node1', 'node2'];
  await encryption.configure({ wireguardEnabled: true });
  await encryption.untilEncrypted(nodes, 1);
  const kernel = await encryption.kernel(lab.node('node1'));
  const { publicKey } = await encryption.device('node1');

  /** All that WireGuard has on the node, as text. */
  async function whole(): Promise<string> {
    const { listenPort, mark, peers } = await kernel.wireguardGet(DEV);
    const links = (await kernel.linkList()).filter(({ name }) => name === DEV);
    return JSON.stringify([
      [listenPort, mark],
      peers.map(({ publicKey, endpoint, keepalive, allowedIps }) => [publicKey, endpoint, keepalive, allowedIps]),
      links.map(({ up, mtu }) => [up, mtu]),
      (await kernel.addressList({ dev: DEV })).map(({ address }) => address),
      (await kernel.ruleList(4)).map(formatRule),
      await encryption.ways('node1'),
    ]);
  }
  const before = await whole();

  for (const [what, command] of Object.entries(HANDS)) {
    await t.test(`${what}: all is back within a second`, async (t) => {
      const start = seconds();
      t.equal((await lab.exec('node1', command.split(' '))).code, 0);
      await lab.until('all to be as before', async () => (await whole()) === before);
      t.ok(seconds() - start < 1);
      t.type(await lab.ping(from, `${to.address}`), 'number');
      t.equal((await encryption.device('node1')).publicKey, publicKey);
    });
  }

  const UNTOLD: Readonly<Record<string, (kernel: Kernel) => Promise<void>>> = {
    'a peer is removed': async (kernel) => {
      const [peer] = (await kernel.wireguardGet(DEV)).peers;
      await kernel.wireguardSet(DEV, { peers: [{ publicKey: peer.publicKey, remove: true }] });
    },
    'a peer’s allowed addresses are changed': async (kernel) => {
      const [peer] = (await kernel.wireguardGet(DEV)).peers;
      await kernel.wireguardSet(DEV, { peers: [{ publicKey: peer.publicKey, allowedIps: ['192.0.2.0/24'] }] });
    },
    'a stranger is let in, with addresses of another': async (kernel) => {
      const { allowedIps } = (await kernel.wireguardGet(DEV)).peers[0];
      await kernel.wireguardSet(DEV, { peers: [{ publicKey: STRANGER, allowedIps }] });
    },
    'port and mark are changed': (kernel) => kernel.wireguardSet(DEV, { listenPort: 7, mark: 3 }),
  };
  for (const [what, attack] of Object.entries(UNTOLD)) {
    await t.test(`${what}, of which the kernel tells nobody: at the next look`, async (t) => {
      await attack(kernel);
      t.not(await whole(), before);
      t.ok((await secondsUntil('the look', async () => (await whole()) === before)) <= 2);
      await lab.until('a reply', async () => (await lab.ping(from, `${to.address}`)) !== undefined);
    });
  }

  await t.test('the device is deleted, and with it the key: it has another, and all nodes know', async (t) => {
    const start = seconds();
    t.equal((await lab.exec('node1', ['ip', 'link', 'del', DEV])).code, 0);
    await encryption.untilEncrypted(nodes, 1);
    t.ok(seconds() - start < 1);
    t.not((await encryption.device('node1')).publicKey, publicKey);
    t.type(await lab.ping(from, `${to.address}`), 'number');
  });
});
