import t from 'tap';
import type { NodePlan } from '../../src/lab/index.ts';
import { cluster, podsOf } from './cluster.ts';
import { type Connected, startSeeing, untilMore, untilSeen } from './leaving.ts';
import { needsBird, startTor } from './tor.ts';

/** Of each family: the egress address, the pool, and an address outside, all on nobody's subnet. */
const FAMILIES = [
  { family: 4, egress: '192.0.2.7', length: 32, pool: '10.99.0.0/24', block: 28, outside: '203.0.113.1' },
  { family: 6, egress: '2001:db8:7::7', length: 128, pool: 'fd00:99::/112', block: 122, outside: '2001:db8::1' },
] as const;
type Case = (typeof FAMILIES)[number];

function poolOf({ family, egress, pool, block }: Case): string {
  const annotations = {
    'vrouter.projectcalico.org/egressAddress': egress,
    'vrouter.projectcalico.org/egressNodes': 'has(gateway)',
  };
  return JSON.stringify({
    apiVersion: 'projectcalico.org/v3',
    kind: 'IPPool',
    metadata: { name: `leaving${family}`, annotations },
    spec: { cidr: pool, blockSize: block, natOutgoing: true, assignmentMode: 'Manual' },
  });
}

function torConfig(nodes: readonly NodePlan[], own: { readonly four: string; readonly six: string }): string {
  const sessions = nodes.flatMap(({ name, address, address6 = '' }) =>
    [
      [4, own.four, address],
      [6, own.six, address6],
    ].map(
      ([family, local, neighbor]) => `protocol bgp ${name}v${family} {
  local ${local} as 65001;
  neighbor ${String(neighbor).split('/')[0]} as 64512;
  connect delay time 1;
  error wait time 1, 2;
  ipv${family} { import where net = ${family === 4 ? '192.0.2.7/32' : '2001:db8:7::7/128'}; export none; };
}`,
    ),
  );
  return `router id 10.255.0.1;
protocol device {}
protocol kernel { ipv4 { import none; export all; }; }
protocol kernel { ipv6 { import none; export all; }; }
${sessions.join('\n')}
`;
}

t.test('an egress address on nobody’s subnet is announced to the ToR by its gateway alone', needsBird, async (t) => {
  const lab = await cluster(t, { nodes: 2, dualStack: true });
  const tor = await lab.addHost('tor');
  const [four, six] = [tor.address, tor.address6 ?? ''].map((text) => text.split('/')[0]);
  for (const { outside, length } of FAMILIES)
    await lab.exec('tor', ['ip', 'address', 'add', `${outside}/${length}`, 'dev', 'lo']);
  for (const { name } of lab.nodes) {
    await lab.exec(name, ['ip', 'route', 'replace', 'default', 'via', four]);
    await lab.exec(name, ['ip', '-6', 'route', 'replace', 'default', 'via', six]);
  }
  const bird = await startTor(t, lab, tor, torConfig(lab.nodes, { four, six }));
  const apply = async (...objects: readonly object[]): Promise<void> => {
    const text = objects.map((one) => JSON.stringify({ apiVersion: 'projectcalico.org/v3', ...one })).join('\n---\n');
    const { code, stderr } = await lab.calicoctl('node1', ['apply', '-f', '-'], text);
    t.equal(code, 0, stderr);
  };
  const peers = [four, six].map((peerIP, at) => ({
    kind: 'BGPPeer',
    metadata: { name: `tor${at}` },
    spec: { peerIP, asNumber: 65001 },
  }));
  await apply(...peers);
  const label = async (node: string, words: readonly string[]): Promise<void> => {
    const { code, stderr } = await lab.calicoctl('node1', ['label', 'nodes', node, ...words]);
    t.equal(code, 0, stderr);
  };
  await label('node1', ['gateway=yes']);
  for (const one of FAMILIES) await apply(JSON.parse(poolOf(one)));
  const [ipv4_pools, ipv6_pools] = FAMILIES.map(({ pool }) => [pool]);
  const ipam = { type: 'calico-ipam', assign_ipv4: 'true', assign_ipv6: 'true', ipv4_pools, ipv6_pools };
  for (const { name } of lab.nodes) await lab.addPod(name, { ipam });
  const pods = lab.nodes.map(({ name }) => podsOf(lab, name)[0]);
  await startSeeing(lab, t, tor.namespace);

  /** Names of the BIRD protocols that tell of the address. */
  const tellers = async ({ egress, length }: Case): Promise<string> => {
    const text = await bird.ask(`show route ${egress}/${length}`);
    return [...text.matchAll(/\[(node\d)v\d/g)].map(([, name]) => name).join();
  };
  const whole = t;
  const lasting = new Map<Case, Connected>();
  for (const one of FAMILIES) {
    await t.test(`IPv${one.family}`, async (t) => {
      for (const pod of pods) lasting.set(one, await untilSeen(lab, whole, pod, one.outside, one.egress));
      t.equal(await tellers(one), 'node1', 'the gateway alone tells of it');
      t.equal(await lab.ping(tor, one.egress), undefined, 'what nobody asked for is not answered');
      const { stdout } = await lab.exec('node1', ['ip', one.family === 4 ? '-4' : '-6', 'neigh', 'show', 'proxy']);
      t.notMatch(stdout, one.egress, 'and nobody answers for it on a subnet');
    });
  }

  await t.test('another gateway takes over: the announcement moves, and connections go on', async (t) => {
    await label('node2', ['gateway=yes']);
    const begun = Date.now();
    await label('node1', ['gateway', '--remove']);
    for (const one of FAMILIES) {
      await lab.until(`node2 to announce ${one.egress}`, async () => (await tellers(one)) === 'node2');
      t.comment(
        `IPv${one.family}: ${Date.now() - begun} ms after the label was asked for, the ToR goes by the other one`,
      );
      await untilMore(lab, lasting.get(one)!);
      for (const pod of pods) await untilSeen(lab, t, pod, one.outside, one.egress);
    }
  });

  await t.test('policy of the pods holds on their way to the gateway', async (t) => {
    const [{ outside }] = FAMILIES;
    const pod = pods[0];
    t.type(await lab.ping(pod, outside), 'number');
    await apply({
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'not-outside' },
      spec: {
        types: ['Egress'],
        egress: [{ action: 'Deny', destination: { nets: [`${outside}/32`] } }, { action: 'Allow' }],
      },
    });
    await lab.until('the policy to hold', async () => (await lab.ping(pod, outside)) === undefined);
    t.type(await lab.ping(pod, FAMILIES[1].outside), 'number', 'and not for others');
  });
});
