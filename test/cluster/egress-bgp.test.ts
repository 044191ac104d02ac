import { type ChildProcess, spawn } from 'node:child_process';
import t, { type Test } from 'tap';
import type { Lab, NodePlan, PodState } from '../../src/lab/index.ts';
import { cluster, podsOf } from './cluster.ts';
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

/** Tells each who connects by which address it is seen, and says again what it is told. */
const SERVER = `require('node:net').createServer((one) => {
  one.on('error', () => {});
  one.write(one.remoteAddress.replace('::ffff:', '') + '\\n');
  one.pipe(one);
}).listen(8080, '::', () => console.log('listening'))`;
/** Says a line again and again, and what it hears. */
const CLIENT = `const one = require('node:net').connect(8080, process.argv[1]);
one.on('error', (error) => console.log(error.code));
setInterval(() => one.write('still here\\n'), 100);
one.pipe(process.stdout)`;

interface Running {
  text(): string;
  readonly process: ChildProcess;
}

function within(t: Test, namespace: string, script: string, ...words: readonly string[]): Running {
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', process.execPath, '-e', script, ...words]);
  let heard = '';
  child.stdout.on('data', (data) => {
    heard += data;
  });
  t.teardown(() => child.kill('SIGKILL'));
  return { text: () => heard, process: child };
}

async function untilSeen(lab: Lab, t: Test, pod: PodState, { egress, outside }: Case): Promise<Running> {
  let last: Running | undefined;
  await lab.until(`${pod.name} to be seen as ${egress}`, async () => {
    last?.process.kill('SIGKILL');
    const client = (last = within(t, pod.namespace, CLIENT, outside));
    await lab.until('an answer', async () => client.text().includes('\n'), 3000).catch(() => {});
    return client.text().startsWith(`${egress}\n`);
  });
  return last!;
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
  const server = within(t, tor.namespace, SERVER);
  await lab.until('the server', async () => server.text().includes('listening'));

  /** Names of the BIRD protocols that tell of the address. */
  const tellers = async ({ family, egress, length }: Case): Promise<string> => {
    const text = await bird.ask(`show route ${egress}/${length}`);
    return [...text.matchAll(/\[(node\d)v\d/g)].map(([, name]) => name).join() + (family === 4 ? '' : '');
  };
  const whole = t;
  const lasting = new Map<Case, Running>();
  for (const one of FAMILIES) {
    await t.test(`IPv${one.family}`, async (t) => {
      for (const pod of pods) lasting.set(one, await untilSeen(lab, whole, pod, one));
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
      const { text } = lasting.get(one)!;
      const before = text().length;
      await lab.until('the connection to go on', async () => {
        if (/^E[A-Z]+$/m.test(text())) throw new Error(`it has ended: ${text().slice(-20)}`);
        return text().length > before + 60;
      });
      for (const pod of pods) await untilSeen(lab, t, pod, one);
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
