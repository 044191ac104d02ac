import t from 'tap';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { NO_TUNNELS } from '../../src/calc/index.ts';
import { Drops } from '../../src/daemon/drops.ts';
import { PolicyAnswers } from '../../src/daemon/policy-answers.ts';
import { policyClasses } from '../../src/daemon/policy-questions.ts';
import { FilterReconciler } from '../../src/dataplane/filter/index.ts';
import { PolicyReconciler } from '../../src/dataplane/policy/index.ts';
import { mustRun } from '../../src/lab/command.ts';
import { openKernel } from '../../src/netlink/index.ts';
import { openNft, openRulesets } from '../../src/nftables/index.ts';
import { Scene } from '../../src/policy/cases/scene.ts';
import { enforcementOf } from '../../src/policy/enforcement.ts';
import { DesiredPolicies } from '../dataplane/policy/desired.ts';
import { PacketLab } from '../dataplane/policy/packet-lab.ts';
import { needsRoot } from '../fakes/namespaces.ts';

t.setTimeout(240_000);

const PODS = [
  ['10.9.0.1', 'fd09::1'],
  ['10.9.0.2', 'fd09::2'],
];
const OUTSIDE = ['10.8.0.1', 'fd08::1'];

const policy = (name: string, spec: object) => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'red' },
  spec: { tier: 'default', types: ['Ingress'], ...spec },
});

t.test('a real kernel’s drops have their names, and its tables are read back', needsRoot, async (t) => {
  const lab = await PacketLab.make(`vrd${process.pid}`, PODS, OUTSIDE);
  const namespace = `/run/netns/${lab.host}`;
  const kernel = await openKernel({ namespace });
  t.teardown(async () => {
    kernel.close();
    await lab.remove();
  });
  const scene = new Scene({
    namespaces: { red: {} },
    serviceAccounts: {},
    nodes: [],
    pods: PODS.map((ip, at) => ({
      namespace: 'red',
      name: `pod-${at}`,
      ip,
      labels: { at: `${at}` },
      ports: [],
      hostNetwork: false,
    })),
  });
  const rules = [
    { action: 'Deny', protocol: 'UDP', destination: { ports: [99] }, metadata: {} },
    { action: 'Allow', protocol: 'UDP', source: { selector: "at == '0'" }, destination: { ports: ['90:110'] } },
  ];
  scene.change({
    apply: [policy('mostly', { selector: "at == '1'", ingress: rules })] as never,
    delete: [],
    labels: [],
    expect: [],
  });
  const { world: made } = scene.world();
  const world = () => made;
  const local = made.endpoints.map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
  const filter = new FilterReconciler({ nft: openNft({ namespace }), clock: systemClock, log: silentLog });
  const room = new PolicyReconciler({ filter });
  const enforced = new DesiredPolicies().of(enforcementOf(made, local));
  await room.apply(enforced, []);
  t.same(room.failures(), []);

  const drops = new Drops({ kernel, policy: room, world, tierOf: () => 'default', clock: systemClock, log: silentLog });
  t.teardown(() => drops.stop());
  const rule = 'ingress of Deny rule 0 of NetworkPolicy red/mostly';

  await t.test('each is told with its pods and its rule, in both IP versions', async (t) => {
    const { last } = await soon(drops.after(undefined));
    await lab.send(PODS[0].map((from, at) => [from, PODS[1][at], 99]));
    const told = [];
    for (let from = last; told.length < 2; ) {
      const answer = await drops.after(from);
      from = answer.last;
      told.push(...answer.packets);
    }
    for (const one of told) {
      t.match(one, { why: rule, tier: 'default', policy: 'NetworkPolicy red/mostly', rule: '0', protocol: 'udp' });
      t.match(one, { source: { name: 'red/pod-0' }, destination: { name: 'red/pod-1', port: 99 } });
    }
    t.equal(new Set(told.map(({ source }) => source.address)).size, 2);
  });

  await t.test('each is counted by name, and the count goes on when the telling ends', async (t) => {
    await lab.send([[OUTSIDE[0], PODS[1][0], 50]]);
    const counted = await drops.counted();
    const of = (why: string) => counted.find((one) => one.why === why && one.family === 4)?.packets;
    t.equal(of(rule), 1);
    t.equal(of('ingress end of tier default'), 1);
    drops.stop();
    await drops.end();
    await lab.send([[PODS[0][0], PODS[1][0], 99]]);
    const later = (await drops.counted()).find((one) => one.why === rule && one.family === 4);
    t.equal(later?.packets, 2);
    const text = await mustRun(['ip', 'netns', 'exec', lab.host, 'nft', 'list', 'ruleset']);
    t.notMatch(text, /log prefix/, 'while nobody follows, nothing is logged');
  });

  const workloads = local.map(({ interfaceName, endpoint }, at) => ({
    key: endpoint.name,
    interfaceName,
    addresses: PODS[at].map((one) => `${one}/${one.includes(':') ? 128 : 32}`),
  }));
  const links = new Map((await kernel.linkList()).map((link) => [link.index, link]));
  const answers = new PolicyAnswers({
    nodename: 'here',
    podPrefix: 'cali',
    world,
    worldIf: world,
    desired: () => ({ workloads, policy: enforced, tunnels: NO_TUNNELS }) as never,
    kernel,
    dataplane: { policy: room, links },
    rulesets: openRulesets({ namespace }),
  });
  const why = (carried: string, source = 'red/pod-0') => answers.why({ source, destination: 'red/pod-1', carried });

  await t.test('the kernel agrees about a packet that is asked about', async (t) => {
    t.match(await why('udp/100'), {
      allowed: true,
      verdicts: [{ kernel: { agrees: true } }, { kernel: { agrees: true } }],
    });
    t.match(await why('udp/99'), {
      allowed: false,
      verdicts: [{ ingress: { policy: 'NetworkPolicy red/mostly' } }, {}],
    });
    t.match(await why('udp/100', OUTSIDE[0]), { allowed: false, verdicts: [{ ingress: { tier: 'default' } }] });
  });

  await t.test('all that the rules’ borders show is as policy says', async (t) => {
    const { endpoints, packets, disagreements } = await answers.verify();
    t.equal(endpoints, 2);
    t.ok(packets > 50, `${packets} packets`);
    t.same(disagreements, []);
    const classes = policyClasses({ policy: enforced } as never);
    t.equal(classes.length, 4 - 1, 'pod-0 and pod-1 leave alike');
    for (const key of classes) t.same(await answers.compareClass(key), []);
  });

  await t.test('a table that somebody has changed is found out', async (t) => {
    const chains = await mustRun(['ip', 'netns', 'exec', lab.host, 'nft', 'list', 'chains', 'ip']);
    const chain = /chain (pi-\S+)/.exec(chains)?.[1];
    await mustRun([
      'ip',
      'netns',
      'exec',
      lab.host,
      'nft',
      'insert',
      'rule',
      'ip',
      'vrouter-policy',
      `${chain}`,
      'accept',
    ]);
    const { disagreements } = await answers.verify();
    t.match(disagreements[0], /the kernel accepts it in pi-.*, policy says: ingress of red\/pod-1 denies/);
  });
});

/** Without a packet an answer takes a while, and this test has no while: the telling is on when one is sent. */
async function soon<T extends { last: number }>(asked: Promise<T>): Promise<{ last: number }> {
  void asked;
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  return { last: 0 };
}
