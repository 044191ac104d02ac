import t, { type Test } from 'tap';
import { Entries, silentLog, systemClock } from '../../src/base/index.ts';
import { NO_TUNNELS } from '../../src/calc/index.ts';
import { PolicyAnswers } from '../../src/daemon/policy-answers.ts';
import { policyClasses } from '../../src/daemon/policy-questions.ts';
import { FilterReconciler } from '../../src/dataplane/filter/index.ts';
import { PolicyReconciler } from '../../src/dataplane/policy/index.ts';
import { openKernel } from '../../src/netlink/index.ts';
import { openNft, openRulesets } from '../../src/nftables/index.ts';
import type { CaseObject } from '../../src/policy/cases/format.ts';
import { Scene } from '../../src/policy/cases/scene.ts';
import { enforcementOf } from '../../src/policy/enforcement.ts';
import { DEFAULT_FAILSAFES, hostEnforcementOf } from '../../src/policy/index.ts';
import { DesiredPolicies } from '../dataplane/policy/desired.ts';
import { AT, HostLab } from '../dataplane/policy/host-lab.ts';
import { needsRoot } from '../fakes/namespaces.ts';

t.setTimeout(240_000);

/** The node's own traffic and what passes through it, asked about: a real kernel's tables say the same as the judge. */

const hostEndpoint = (spec: object): CaseObject => ({
  kind: 'HostEndpoint',
  metadata: { name: 'uplink', labels: { host: 'yes' } },
  spec: { node: 'here', ...spec },
});
const policy = (name: string, spec: object): CaseObject => ({
  kind: 'GlobalNetworkPolicy',
  metadata: { name },
  spec: { selector: "host == 'yes'", ...spec },
});
const rule = (action: string, port: number) => ({ action, protocol: 'TCP', destination: { ports: [port] } });

const POLICIES = [
  policy('own', {
    types: ['Ingress', 'Egress'],
    ingress: [rule('Deny', 81), { ...rule('Allow', 80), source: { nets: ['192.0.2.0/29', '2001:db8::/125'] } }],
    egress: [rule('Allow', 443)],
  }),
  policy('passing', { applyOnForward: true, types: ['Ingress'], ingress: [rule('Allow', 80), rule('Allow', 8081)] }),
  policy('pods', {
    selector: "projectcalico.org/namespace == 'red'",
    types: ['Ingress'],
    ingress: [rule('Allow', 80), rule('Allow', 8081)],
  }),
  policy('early', { preDNAT: true, applyOnForward: true, ingress: [rule('Deny', 8081)] }),
  policy('untracked', { doNotTrack: true, applyOnForward: true, ingress: [rule('Deny', 8082)], types: ['Ingress'] }),
];

/** An address of the uplink that the node does not tell others. */
const SECOND = '192.0.2.33';
const TUNNELS = { vxlan4: { port: 4789 }, ipip: {}, wireguard4: { listenPort: 51_820 } };

/** A node with one pod and one uplink, with these objects in its kernel. */
async function node(t: Test, name: string, objects: readonly CaseObject[]) {
  const lab = await HostLab.make(`${name}${process.pid}`);
  const namespace = `/run/netns/${lab.namespace('host')}`;
  const kernel = await openKernel({ namespace });
  t.teardown(async () => {
    kernel.close();
    await lab.remove();
  });
  const ip = [AT.pod[4], AT.pod[6]];
  const pod = { namespace: 'red', name: 'web', ip, labels: {}, ports: [], hostNetwork: false };
  const scene = new Scene({
    namespaces: { red: {} },
    pods: [pod],
    serviceAccounts: {},
    nodes: [{ name: 'here', labels: {}, addresses: [AT.host[4], AT.host[6]] }],
  });
  scene.change({ apply: [...objects], delete: [], labels: [], expect: [] });
  const { world } = scene.world();
  const [endpoint] = world.endpoints.filter(({ kind }) => kind === 'pod');
  const settings = {
    node: 'here',
    failsafeInbound: DEFAULT_FAILSAFES.inbound,
    failsafeOutbound: DEFAULT_FAILSAFES.outbound,
    defaultEndpointToHostAction: 'Drop',
  } as const;
  const enforced = new DesiredPolicies().of(
    enforcementOf(world, [{ interfaceName: 'cali0', endpoint }]),
    hostEnforcementOf(world, 'here'),
    settings,
  );
  const filter = new FilterReconciler({ nft: openNft({ namespace }), clock: systemClock, log: silentLog });
  const room = new PolicyReconciler({ filter });
  const hosts = { 4: Entries.of([[AT.outside[4], `${AT.outside[4]}/32`]] as const), 6: Entries.of<string>() };
  const none = { between: [], nodes: hosts[6], wireguard: undefined };
  const tunnels = { between: ['udp dport 4789', 'meta l4proto 4'], nodes: hosts[4], wireguard: 51_820 };
  const links = new Map([
    ['eth0', [AT.host[4], AT.host[6], SECOND]],
    ['lo', ['127.0.0.1', '::1']],
  ]);
  await room.apply(enforced, [], { links, tunnels: { 4: tunnels, 6: none } });
  t.same(room.failures(), []);
  const workloads = [{ key: 'red/web', interfaceName: 'cali0', addresses: [`${AT.pod[4]}/32`, `${AT.pod[6]}/128`] }];
  const answers = new PolicyAnswers({
    nodename: 'here',
    podPrefix: 'cali',
    world: () => world,
    worldIf: () => world,
    desired: () => ({ workloads, policy: enforced, tunnels: { ...NO_TUNNELS, ...TUNNELS, hosts } }) as never,
    kernel,
    dataplane: { policy: room, links: new Map((await kernel.linkList()).map((link) => [link.index, link])) },
    rulesets: openRulesets({ namespace }),
  });
  return { lab, answers, enforced };
}

for (const [how, spec] of Object.entries({
  'by its name': { interfaceName: 'eth0' },
  'by its address': { expectedIPs: [AT.host[4]] },
  'as one of all': { interfaceName: '*' },
})) {
  t.test(`an interface that has its host endpoint ${how}`, needsRoot, async (t) => {
    const isNamed = how !== 'as one of all';
    const { lab, answers, enforced } = await node(t, `vrw${how.length}`, [hostEndpoint(spec), ...POLICIES]);
    const [outside, host] = [AT.outside[4], AT.host[4]];
    const rows: readonly [
      source: string,
      destination: string,
      carried: string,
      allowed: boolean,
      hook: string | undefined,
      words: RegExp,
    ][] = [
      [outside, host, 'tcp/80', true, 'filter', /Allow rule 1 of GlobalNetworkPolicy own/],
      ['203.0.113.1', host, 'tcp/80', true, 'filter', /GlobalNetworkPolicy passing/],
      [outside, host, 'tcp/81', false, 'filter', /Deny rule 0 of GlobalNetworkPolicy own/],
      [outside, host, 'tcp/83', false, 'filter', /end of tier default/],
      [outside, host, 'tcp/22', true, 'failsafe', /failsafe/],
      [outside, host, 'tcp/8081', false, 'pre-dnat', /GlobalNetworkPolicy early/],
      [outside, 'red/web', 'tcp/8081', false, 'pre-dnat', /GlobalNetworkPolicy early/],
      ['here', outside, 'tcp/443', true, 'filter', /GlobalNetworkPolicy own/],
      ['here', outside, 'tcp/80', false, 'filter', /end of tier default/],
      ['here', outside, 'udp/53', true, 'failsafe', /failsafe/],
      [outside, 'red/web', 'tcp/80', true, 'filter', /Allow rule 0 of GlobalNetworkPolicy passing/],
      [outside, 'red/web', 'tcp/443', false, 'filter', /end of tier default, after GlobalNetworkPolicy passing/],
      ['red/web', outside, 'tcp/443', true, 'filter', /no policy is asked/],
      ['red/web', 'here', 'tcp/80', false, 'endpoint-to-host', /defaultEndpointToHostAction/],
      [outside, SECOND, 'tcp/81', false, 'filter', /Deny rule 0 of GlobalNetworkPolicy own/],
      [outside, host, 'udp/4789', true, 'tunnel', /a tunnel between nodes/],
      [outside, host, '4', true, 'tunnel', /a tunnel between nodes/],
      ['here', outside, 'udp/4789', true, 'tunnel', /a tunnel between nodes/],
      ['203.0.113.1', host, 'udp/4789', false, 'filter', /end of tier default/],
      ['203.0.113.1', host, '4', false, 'filter', /end of tier default/],
      ['203.0.113.1', host, 'udp/51820', true, 'tunnel', /a tunnel between nodes/],
      ['here', 'red/web', 'tcp/9', true, 'none', /./],
      // Nobody is asked before tracking for all interfaces.
      isNamed
        ? [outside, host, 'tcp/8082', false, 'untracked', /GlobalNetworkPolicy untracked/]
        : [outside, host, 'tcp/8082', false, 'filter', /end of tier default/],
    ];
    for (const [source, destination, carried, allowed, hook, words] of rows) {
      const answer = await answers.why({ source, destination, carried });
      const what = `${source} → ${destination} ${carried}`;
      t.equal(answer.allowed, allowed, what);
      for (const one of answer.verdicts) {
        t.match(one, { host: { hook, decidedBy: words, allowed }, kernel: { agrees: true } }, what);
      }
    }
    const { hosts, packets, disagreements } = await answers.verify();
    t.equal(hosts, 1, 'the interface, and not what it says to itself');
    t.ok(packets > 150, `${packets} packets`);
    t.same(disagreements, []);
    const classes = policyClasses({ policy: enforced } as never);
    t.ok(classes.some((key) => key.startsWith('pre-dnat')));
    for (const key of classes) t.same(await answers.compareClass(key), [], key);

    await lab.run('host', ['nft', 'insert', 'rule', 'ip', 'vrouter-policy', 'input', 'tcp', 'dport', '81', 'accept']);
    t.match(
      (await answers.verify()).disagreements[0],
      /81: the kernel accepts it in input.*dropped \(filter: Deny rule 0/,
    );
    t.match(await answers.why({ source: outside, destination: host, carried: 'tcp/81' }), {
      allowed: false,
      verdicts: [{ kernel: { agrees: false } }],
    });
  });
}
