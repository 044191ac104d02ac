import t from 'tap';
import { podsOf } from '../cluster/cluster.ts';
import { DEV, ENCRYPTED, Encryption } from './encryption.ts';

t.test('WireGuard: a node without it is reached in clear, and the others none the less encrypted', async (t) => {
  const encryption = await Encryption.start(t, 3);
  const { lab } = encryption;
  const [one, two, three] = ['node1', 'node2', 'node3'].map((node) => podsOf(lab, node)[0]);
  const both = ['node1', 'node2'];
  const clear = `IP ${one.address} > ${three.address}: ICMP echo request`;
  await encryption.configure({ wireguardEnabled: false }, 'node.node3');
  await encryption.configure({ wireguardEnabled: true });
  await encryption.untilEncrypted(both, 1);

  await t.test('each node knows who is to be sent what', async (t) => {
    for (const node of both) {
      t.equal((await encryption.ways(node)).clear.length, 2, 'our own block, and that of node3');
      t.same((await lab.status(node)).problems, []);
    }
    const kernel = await encryption.kernel(lab.node('node3'));
    t.notOk((await kernel.linkList()).some(({ name }) => name === DEV));
    t.same(await encryption.told('node3'), { key: undefined, address: undefined });
    t.same((await lab.status('node3')).problems, []);
    t.ok((await lab.reachability()).complete);
  });

  await t.test('on the wire', async (t) => {
    for (const line of await encryption.onTheWire(one, two, 4)) t.match(line, ENCRYPTED);
    const lines = await encryption.onTheWire(one, three, 4);
    t.match(lines[0], clear);
    t.notOk(lines.some((line) => ENCRYPTED.test(line)));
  });

  await t.test('it joins under a running ping, and no reply is lost', async (t) => {
    const join = async (): Promise<void> => {
      await encryption.configure({ wireguardEnabled: true }, 'node.node3');
      await encryption.untilEncrypted([...both, 'node3'], 2);
    };
    t.same(await encryption.lostMeeting(one, three, join), []);
    for (const line of await encryption.onTheWire(one, three, 4)) t.match(line, ENCRYPTED);
    t.ok((await lab.reachability()).complete);
  });

  await t.test('it leaves under a running ping: no reply is lost, and the others go on encrypted', async (t) => {
    const leave = async (): Promise<void> => {
      await encryption.configure({ wireguardEnabled: false }, 'node.node3');
      await encryption.untilOff(['node3']);
    };
    t.same(await encryption.lost(one, three, leave), []);
    t.match((await encryption.onTheWire(one, three, 1))[0], clear);
    for (const node of both) t.equal((await encryption.device(node)).peers.length, 1);
    for (const line of await encryption.onTheWire(one, two, 4)) t.match(line, ENCRYPTED);
  });
});
