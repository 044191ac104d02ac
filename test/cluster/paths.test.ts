import t from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { cluster, needsRoot } from './cluster.ts';

/** Node1 loses what it sends to `address` in packets of so many octets. */
const losing = (address: string, sizes: string): string => `table inet bad {
  chain out { type filter hook postrouting priority 300; ip daddr ${address} ip length ${sizes} drop; }
}`;
const MEND = 'delete table inet bad';

/** The value of a series of node1's that has these labels. */
async function figure(lab: Lab, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const script =
    "fetch('http://127.0.0.1:9091/metrics').then((a) => a.text()).then((text) => process.stdout.write(text))";
  const { stdout } = await lab.exec('node1', [process.execPath, '-e', script]);
  const line = stdout
    .split('\n')
    .filter((one) => one.startsWith(`${name}{`) || one.startsWith(`${name} `))
    .find((one) => Object.entries(labels).every(([label, value]) => one.includes(`${label}="${value}"`)));
  return Number(line?.split(' ').at(-1));
}

t.test('VXLAN: each node knows what its paths lose, and how large packets get through', needsRoot, async (t) => {
  const environment = { CALICO_IPV4POOL_VXLAN: 'Always', VROUTER_PATH_PROBE_INTERVAL: '1' };
  const lab = await cluster(t, { nodes: 3, pods: 1, environment });
  const [second] = lab.node('node2').address.split('/');
  const mtu = (node: string, path: string) => figure(lab, 'vrouter_path_mtu_bytes', { node, path });
  const loss = (node: string, path: string) => figure(lab, 'vrouter_path_loss_ratio', { node, path });
  const problems = async (): Promise<readonly string[]> =>
    (await lab.status('node1')).problems.filter((text) => /as large as pods send/.test(text));

  t.equal(await figure(lab, 'vrouter_pod_mtu_bytes'), 1450);
  for (const node of ['node2', 'node3']) {
    for (const path of ['underlay', 'overlay']) {
      await lab.until(`${path} to ${node}`, async () => (await mtu(node, path)) === 1450);
      t.ok((await figure(lab, 'vrouter_path_rtt_seconds_count', { node, path })) > 0, 'with its round trips');
    }
  }
  t.same(await problems(), []);

  await t.test('loss between two nodes is seen, on that path alone', async (t) => {
    const before = await loss('node3', 'underlay');
    await lab.exec('node1', ['nft', losing(second, '0-65535')]);
    await lab.until(
      'loss',
      async () => (await loss('node2', 'underlay')) > 0.05 && (await loss('node2', 'overlay')) > 0.05,
    );
    t.ok((await loss('node3', 'underlay')) <= before);
    t.same(await problems(), [], 'silence says nothing of sizes');
    await lab.exec('node1', ['nft', MEND]);
  });

  await t.test('a network that swallows large packets is seen, by what gets through and in the status', async (t) => {
    // VXLAN adds 50 octets.
    await lab.exec('node1', ['nft', losing(second, '1471-65535')]);
    await lab.until(
      'the way through the tunnel to be known as too narrow',
      async () => (await mtu('node2', 'overlay')) === 1420,
    );
    t.equal(await mtu('node2', 'underlay'), 1450, 'the same size fits without the tunnel');
    t.equal(await mtu('node3', 'overlay'), 1450);
    t.match(await problems(), [/1450 octets\) do not get to node2 \(overlay, 10\.244\.\S+\) and back, small ones do/]);
    await lab.exec('node1', ['nft', MEND]);
    await lab.until('the problem to be over', async () => (await problems()).length === 0);
    t.equal(await mtu('node2', 'overlay'), 1450);
  });
});
