import t from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { cluster, needsRoot, podsOf } from './cluster.ts';

async function enable(lab: Lab): Promise<void> {
  const patch = JSON.stringify({ spec: { wireguardEnabled: true } });
  const { code, stderr } = await lab.calicoctl('node1', ['patch', 'felixconfiguration', 'default', '--patch', patch]);
  if (code !== 0) throw new Error(stderr);
}

t.test('WireGuard on this kernel: it is there, or what to do is said and all else goes on', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 1, environment: { CALICO_IPV4POOL_IPIP: 'Never' } });
  const probe = await lab.exec('node1', ['ip', 'link', 'add', 'vrt-probe', 'type', 'wireguard']);
  await enable(lab);
  const [from, to] = ['node1', 'node2'].map((node) => podsOf(lab, node)[0]);
  const node = async (): Promise<string> =>
    (await lab.calicoctl('node1', ['get', 'node', 'node2', '-o', 'json'])).stdout;

  if (probe.code === 0) {
    await lab.exec('node1', ['ip', 'link', 'delete', 'vrt-probe']);
    await lab.until('the key to be told', async () => (await node()).includes('wireguardPublicKey'));
  } else {
    const reason = /tunnel wireguard\.cali: .*modprobe wireguard.*until then nothing is encrypted/;
    await lab.until('the reason to be said', async () =>
      (await lab.status('node2')).problems.some((problem) => reason.test(problem)),
    );
    t.equal((await lab.status('node2')).ready, true, 'the node goes on');
    t.notMatch(await node(), 'wireguardPublicKey', 'others go on in clear');
    t.notMatch((await lab.exec('node2', ['ip', 'rule'])).stdout, 'fwmark');
    const main = new URL('../../src/main.ts', import.meta.url).pathname;
    const { stdout } = await lab.exec('node2', [process.execPath, main, 'status', 'tunnels', '-o', 'json']);
    t.match(JSON.parse(stdout), [
      { text: /^wireguard\.cali/, wanted: true, present: false, why: /modprobe wireguard/ },
    ]);
  }
  await lab.until('a reply', async () => (await lab.ping(from, `${to.address}`)) !== undefined);
  t.ok((await lab.reachability()).complete);
});
