import t from 'tap';
import { podsOf } from '../cluster/cluster.ts';
import { output } from './encapsulation.ts';
import { DEV, ENCRYPTED, Encryption, RESYNC } from './encryption.ts';
import { pass } from './watching.ts';

t.test('WireGuard with host encryption: also what nodes say to each other, where rp_filter is strict', async (t) => {
  const encryption = await Encryption.start(t, 2);
  const { lab } = encryption;
  const [one, two] = lab.nodes;
  const [from, to] = [podsOf(lab, one.name)[0], podsOf(lab, two.name)[0]];
  const addressOf = (node: typeof one): string => node.address.split('/')[0];
  for (const node of lab.nodes) {
    const kernel = await encryption.kernel(node);
    for (const link of ['all', 'default', 'eth0']) await kernel.sysctl(`net.ipv4.conf.${link}.rp_filter`, '1');
  }

  /** What the node's kernel has dropped because its source is not to be reached by the link that it came from. */
  async function dropped(name: string): Promise<number> {
    const { stdout } = await lab.exec(name, ['nstat', '-asz', 'TcpExtIPReversePathFilter']);
    return Number(/IPReversePathFilter\s+(\d+)/.exec(stdout)?.[1]);
  }

  /** Waits until each node sends to the other's block, and to the other itself, through the tunnel. */
  async function untilHosts(): Promise<void> {
    for (const [node, other] of [
      [one, two],
      [two, one],
    ]) {
      await lab.until(`${node.name} to encrypt for ${other.name} itself`, async () => {
        const { tunnel } = await encryption.ways(node.name);
        const [peer] = (await encryption.device(node.name)).peers;
        return tunnel.length === 2 && tunnel.includes(`${addressOf(other)}/32`) && peer.latestHandshake > 0;
      });
    }
  }

  /** Since when each node has had its session with the other. */
  async function sessions(): Promise<readonly (number | undefined)[]> {
    const statuses = await Promise.all(lab.nodes.map(({ name }) => lab.status(name)));
    return statuses.map(({ bgp }) => bgp?.peers.find(({ info }) => info.startsWith('Established'))?.since);
  }
  const since = await sessions();

  /** Packets between the nodes while they, and their pods, talk: one to a line. */
  async function onTheCable(): Promise<readonly string[]> {
    const filter = `ip host ${addressOf(one)} or ip host ${from.address}`;
    const capture = lab.exec(two.name, ['timeout', '1', 'tcpdump', '-n', '-l', '-i', 'eth0', filter]);
    await Promise.all([lab.ping(one, addressOf(two)), lab.ping(from, `${to.address}`), lab.ping(one, `${to.address}`)]);
    return (await capture).stdout.split('\n').filter((line) => line !== '');
  }

  await t.test('nodes and pods reach each other, and on the wire is WireGuard alone', async (t) => {
    await encryption.configure({ wireguardEnabled: true, wireguardHostEncryptionEnabled: true });
    await untilHosts();
    await lab.until('node2 to answer', async () => (await lab.ping(one, addressOf(two))) !== undefined);
    const before = await dropped(two.name);
    const lines = await onTheCable();
    t.ok(lines.length >= 6);
    for (const line of lines) t.match(line, ENCRYPTED);
    t.type(await lab.ping(from, `${to.address}`), 'number');
    t.type(await lab.ping(one, `${to.address}`), 'number');
    t.equal(await dropped(two.name), before);
    for (const { name } of lab.nodes) t.same((await lab.status(name)).problems, []);
  });

  await t.test('the device has the node’s own address', async (t) => {
    const kernel = await encryption.kernel(one);
    t.same(
      (await kernel.addressList({ dev: DEV })).map(({ address }) => address),
      [`${addressOf(one)}/32`],
    );
  });

  await t.test('a full look finds all as it should be', async (t) => {
    const ruleset = await output(lab, one.name, 'nft -a -t list ruleset');
    t.match(ruleset, 'table ip vrouter-wireguard');
    await pass(RESYNC + 1);
    t.equal(await output(lab, one.name, 'nft -a -t list ruleset'), ruleset, 'no rule is another');
  });

  await t.test('BGP has gone on within, and its routes lead out of the cable', async (t) => {
    t.same(await sessions(), since);
    const learned = (await lab.routes(one.name)).filter((line) => line.includes(' via '));
    t.match(learned, [` via ${addressOf(two)} dev eth0 `]);
  });

  await t.test('it is switched off: all go on in clear', async (t) => {
    await encryption.configure({ wireguardEnabled: false });
    await encryption.untilOff([one.name, two.name]);
    t.notMatch(await output(lab, one.name, 'nft list tables'), 'wireguard');
    t.type(await lab.ping(one, addressOf(two)), 'number');
    t.ok((await lab.reachability()).complete);
    t.same(await sessions(), since, 'BGP has not noticed');
  });
});
