import t from 'tap';
import { podsOf } from '../cluster/cluster.ts';
import { MAIN } from '../cluster/program.ts';
import { output, ping } from './encapsulation.ts';
import { DEV, ENCRYPTED, Encryption, RULE } from './encryption.ts';
import { watch } from './watching.ts';

t.test('WireGuard: pods of two nodes talk through it, and nothing of them is to be read on the wire', async (t) => {
  const encryption = await Encryption.start(t, 2);
  const { lab } = encryption;
  const [from, to] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[0]];
  const nodes = ['node1', 'node2'];

  await t.test('it is switched on under a running ping, and no reply is lost', async (t) => {
    const on = async (): Promise<void> => {
      await encryption.configure({ wireguardEnabled: true });
      await encryption.untilEncrypted(nodes, 1);
    };
    t.same(await encryption.lostMeeting(from, to, on), []);
    for (const node of nodes) t.same((await lab.status(node)).problems, []);
  });

  await t.test('on the wire is UDP 51820 alone', async (t) => {
    for (const line of await encryption.onTheWire(from, to, 4)) t.match(line, ENCRYPTED);
  });

  await t.test('the device, the rule and the table', async (t) => {
    t.match(await output(lab, 'node1', `ip link show ${DEV}`), /UP.* mtu 1440 /);
    t.match(await output(lab, 'node1', 'ip rule'), RULE);
    t.equal((await encryption.ways('node1')).clear.length, 1, 'our own block');
    const { address } = await encryption.told('node1');
    t.match(await output(lab, 'node1', `ip addr show ${DEV}`), `inet ${address}/32`);
  });

  await t.test('1440 octets fit, one more does not', async (t) => {
    t.equal(await ping(lab, from, to, '-M', 'do', '-s', `${1440 - 28}`), 0);
    t.not(await ping(lab, from, to, '-M', 'do', '-s', `${1440 - 27}`), 0);
  });

  await t.test('a node reaches the other’s pods too, encrypted', async (t) => {
    t.equal((await lab.exec('node1', ['ping', '-n', '-c', '2', `${to.address}`])).code, 0);
  });

  await t.test('each entry is explained', async (t) => {
    const { stdout } = await lab.exec('node1', [process.execPath, MAIN, 'status', 'tunnels', '-o', 'json']);
    const entries = JSON.parse(stdout) as { text: string; present: boolean; why: string }[];
    t.equal(entries.length, 5);
    t.ok(
      entries.every(({ present }) => present),
      stdout,
    );
  });

  await t.test('a kill changes nothing in the kernel, neither key nor handshake, and loses no reply', async (t) => {
    const changes = await watch(t, lab, 'node1', ['ip', 'monitor', 'link', 'address', 'route', 'rule']);
    const before = await encryption.device('node1');
    const restart = async (): Promise<void> => {
      await lab.endDaemon('node1', 'SIGKILL');
      await lab.startDaemon('node1');
      await lab.untilConverged();
    };
    t.same(await encryption.lost(from, to, restart), []);
    const { publicKey, peers } = await encryption.device('node1');
    t.equal(publicKey, before.publicKey);
    t.equal(peers[0].latestHandshake, before.peers[0].latestHandshake, 'the peer is still the same to the device');
    t.equal((await encryption.told('node1')).key, publicKey);
    const ours = changes.map(({ line }) => line).filter((line) => /wireguard|table 1|fwmark/.test(line));
    t.same(ours, [], 'the kernel tells of no change');
  });

  await t.test('it is switched off and on again under a running ping: no reply is lost', async (t) => {
    const { key } = await encryption.told('node1');
    const off = async (): Promise<void> => {
      await encryption.configure({ wireguardEnabled: false });
      await encryption.untilOff(nodes);
    };
    t.same(await encryption.lost(from, to, off), []);
    const on = async (): Promise<void> => {
      await encryption.configure({ wireguardEnabled: true });
      await encryption.untilEncrypted(nodes, 1);
    };
    t.same(await encryption.lostMeeting(from, to, on), []);
    t.not((await encryption.told('node1')).key, key, 'with another key, since the device is another');
    for (const line of await encryption.onTheWire(from, to, 4)) t.match(line, ENCRYPTED);
  });
});
