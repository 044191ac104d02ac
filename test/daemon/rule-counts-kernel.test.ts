import { Registry } from 'prom-client';
import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { PLAIN_SETTINGS } from '../../src/calc/desired/index.ts';
import { RuleCounts } from '../../src/daemon/rule-counts.ts';
import { FilterReconciler } from '../../src/dataplane/filter/index.ts';
import { PolicyReconciler } from '../../src/dataplane/policy/index.ts';
import { inNamespace, mustRun } from '../../src/lab/command.ts';
import { openKernel } from '../../src/netlink/index.ts';
import { openNft } from '../../src/nftables/index.ts';
import { definePolicyMetrics } from '../../src/observe/policy-metrics.ts';
import { Scene } from '../../src/policy/cases/scene.ts';
import { enforcementOf } from '../../src/policy/enforcement.ts';
import { DesiredPolicies } from '../dataplane/policy/desired.ts';
import { PacketLab, type Sent } from '../dataplane/policy/packet-lab.ts';
import { needsRoot } from '../fakes/namespaces.ts';

const PODS = [['10.9.0.1'], ['10.9.0.2']];
const POLICY = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'NetworkPolicy',
  metadata: { name: 'some', namespace: 'red' },
  spec: {
    selector: 'all()',
    types: ['Ingress'],
    ingress: [
      { action: 'Log', protocol: 'UDP', destination: { ports: [55] } },
      { action: 'Deny', protocol: 'UDP', destination: { ports: [54] } },
      {
        action: 'Allow',
        protocol: 'UDP',
        destination: { ports: [53, '55:60'] },
        metadata: { annotations: { name: 'dns' } },
      },
    ],
  },
};

function desired(countsRules: boolean) {
  const scene = new Scene({
    namespaces: { red: {} },
    serviceAccounts: {},
    nodes: [],
    pods: PODS.map((ip, at) => ({
      namespace: 'red',
      name: `pod-${at}`,
      ip,
      labels: {},
      ports: [],
      hostNetwork: false,
    })),
  });
  scene.change({ apply: [POLICY] as never, delete: [], labels: [], expect: [] });
  const { world } = scene.world();
  const local = world.endpoints.map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
  return { ...new DesiredPolicies().of(enforcementOf(world, local)), settings: { ...PLAIN_SETTINGS, countsRules } };
}

t.setTimeout(120_000);

t.test('each rule counts what it decides, where that is asked for, and else none does', needsRoot, async (t) => {
  const lab = await PacketLab.make(`vrc${process.pid}`, PODS, ['192.0.2.1']);
  t.teardown(() => lab.remove());
  const namespace = `/run/netns/${lab.host}`;
  const nft = openNft({ namespace });
  const kernel = await openKernel({ namespace });
  t.teardown(() => {
    kernel.close();
    nft.close();
  });
  const filter = new FilterReconciler({ nft, clock: new VirtualClock(), log: silentLog });
  const policy = new PolicyReconciler({ filter });
  const apply = async (countsRules: boolean) => {
    await policy.apply(desired(countsRules), []);
    t.same(policy.failures(), []);
    return mustRun(inNamespace(lab.host, ['nft', 'list', 'table', 'ip', 'vrouter-policy']));
  };
  const plain = await apply(false);
  t.notMatch(plain, /counter packets \d+ bytes \d+ (?!drop)/, 'no rule counts but those that drop');
  t.equal(policy.counted().size, 0);

  await apply(true);
  const names = (): ReadonlyMap<string, string> => policy.drops();
  const drops = async () =>
    (await kernel.ruleCounts({ family: 'ip', name: 'vrouter-policy' })).flatMap(({ chain, packets, bytes }) =>
      names().get(chain) === 'ingress of Deny rule 1 of NetworkPolicy red/some'
        ? [
            {
              why: '',
              direction: 'ingress' as const,
              policy: 'NetworkPolicy red/some',
              rule: '1',
              family: 4,
              packets,
              bytes,
            },
          ]
        : [],
    );
  const counts = new RuleCounts({ kernel, policy, drops, tierOf: () => 'default' });
  const sent = (port: number): Sent => ['10.9.0.1', '10.9.0.2', port];
  await lab.send([sent(53), sent(54), sent(55), sent(56)]);
  const some = { tier: 'default', namespace: 'red', policy: 'NetworkPolicy red/some', direction: 'ingress' };
  const [log, deny, allow] = [
    { ...some, rule: '0', verdict: 'log', packets: 1 },
    { ...some, rule: '1', verdict: 'deny', packets: 1 },
    { ...some, rule: '2', verdict: 'allow', packets: 3 },
  ];
  const of4 = (await counts.samples()).filter(({ packets }) => packets > 0);
  t.match(of4, [log, deny, allow]);

  const registry = new Registry();
  definePolicyMetrics([registry], { drops, disagreements: () => 0, rules: () => counts.samples() });
  const text = await registry.metrics();
  t.match(
    text,
    'vrouter_policy_packets_total{tier="default",namespace="red",policy="NetworkPolicy red/some",rule="2",direction="ingress",verdict="allow"} 3',
  );
  t.match(
    text,
    'vrouter_policy_allowed_packets_total{tier="default",policy="NetworkPolicy red/some",direction="ingress"} 3',
  );

  t.equal(
    (await apply(false)).replace(/packets \d+ bytes \d+/g, ''),
    plain.replace(/packets \d+ bytes \d+/g, ''),
    'and off again',
  );
});
