import t from 'tap';
import { type Log, silentLog } from '../../src/base/index.ts';
import { Network, type Node } from './speaker-network.ts';

const ASN = 64512;

function address(node: number): string {
  return `10.0.${node >> 8}.${(node & 255) + 1}`;
}

async function mesh(size: number): Promise<{ network: Network; nodes: Node[] }> {
  const network = new Network();
  const all = Array.from({ length: size }, (_, node) => address(node));
  const nodes: Node[] = [];
  for (const own of all) {
    const peers = all.filter((other) => other !== own).map((other) => ({ address: other, remoteAs: ASN }));
    nodes.push(await network.node(own, ASN, peers));
  }
  for (const [index, node] of nodes.entries()) {
    node.speaker.originate([{ prefix: `192.168.${index}.0/26` }, { prefix: `192.168.${index}.64/26` }]);
  }
  return { network, nodes };
}

t.test('a mesh of a hundred nodes converges, and each knows the way to every other', async (t) => {
  const { network, nodes } = await mesh(100);
  network.run(5);
  t.ok(
    nodes.every((node) => Object.values(node.state).every((state) => state === 'Established')),
    'all sessions are up',
  );
  t.ok(
    nodes.every((node) => node.best.size === 2 * 99),
    'all routes are everywhere',
  );
  t.equal(nodes[0].best.get('192.168.99.64/26'), address(99));
  t.ok(
    nodes.every((node) => node.changes === 2 * 99),
    'no route was told twice',
  );
});

t.test('a mesh goes the same way every time, event for event', async (t) => {
  const course = async (): Promise<string> => {
    const { network, nodes } = await mesh(20);
    network.run(5);
    return JSON.stringify(nodes.map(({ events, best }) => [events, [...best]]));
  };
  const first = await course();
  t.match(first, /"to":"Established"/);
  t.ok((await course()) === first);
});

t.test('a node that goes takes its routes along, and only them', async (t) => {
  const { network, nodes } = await mesh(5);
  network.run(5);
  await nodes[4].speaker.stop('shutdown', 'maintenance');
  network.run(1);
  t.equal(nodes[4].best.size, 2 * 4, 'it keeps what it was told: forwarding goes on until someone ends it');
  for (const node of nodes.slice(0, 4)) {
    t.equal(node.best.size, 2 * 3);
    t.notOk([...node.best.keys()].some((prefix) => prefix.startsWith('192.168.4.')));
  }
});

t.test('the loss of a session is a warning with its reason, and no other change of state is', async (t) => {
  const said: string[] = [];
  const saying = (level: string) => (fields: object, message: string) =>
    void said.push(`${level} ${JSON.stringify(fields)} ${message}`);
  const log: Log = { ...silentLog, info: saying('info'), warn: saying('warn'), child: () => log };
  const network = new Network();
  await network.node(address(0), ASN, [{ address: address(1), remoteAs: ASN, holdTime: 9 }], { log });
  const other = await network.node(address(1), ASN, [{ address: address(0), remoteAs: ASN, holdTime: 9 }]);
  network.run(5);
  t.ok(said.some((line) => line.includes('"to":"Established"')));
  t.notOk(said.some((line) => line.startsWith('warn')));
  await other.speaker.stop('shutdown');
  network.run(60);
  const warnings = said.filter((line) => line.startsWith('warn'));
  t.match(warnings, [/"from":"Established".*the peer says: cease: administrative shutdown/]);
  t.equal(warnings.length, 1, 'attempts in vain are none');
});
