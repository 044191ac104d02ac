import t from 'tap';
import type { FailureFacts, NodeFacts } from '../../../src/cli/connectivity/failure.ts';
import { findings } from '../../../src/cli/connectivity/findings.ts';
import { type ConnectivityCheck, plan } from '../../../src/cli/connectivity/plan.ts';
import type { ProbeOutcome } from '../../../src/cli/connectivity/probe.ts';
import { connectivityJunit, connectivityText } from '../../../src/cli/connectivity/report.ts';
import type { TestPod, TestRole, TestTarget } from '../../../src/cli/connectivity/stage.ts';

const pod = (node: string, role: TestRole, ...addresses: readonly string[]): TestPod => ({
  name: `${role}-${node}`,
  namespace: 'test',
  node,
  role,
  addresses,
});
const TWO = ['n1', 'n2'].flatMap((node, at) => [
  pod(node, 'client', `10.0.${at}.1`),
  pod(node, 'server', `10.0.${at}.2`),
  pod(node, 'policed', `10.0.${at}.3`),
]);
const SERVICE: TestTarget = { kind: 'service', host: '10.96.0.1', port: 443, name: 'kubernetes' };
const NAME: TestTarget = { kind: 'dns', host: 'kubernetes.default', port: 0, name: 'kubernetes.default' };
const OUTSIDE: TestTarget = { kind: 'outside', host: '192.0.2.1', port: 443, name: '192.0.2.1:443' };
const TARGETS = [SERVICE, NAME, OUTSIDE];

function checksOf(pods = TWO, targets: readonly TestTarget[] = TARGETS): readonly ConnectivityCheck[] {
  return plan({ pods, targets, patience: 5000 });
}

/** What a probe is answered where all is well. */
function well({ id, to, probe, wantsAnswer }: ConnectivityCheck): ProbeOutcome {
  if (!wantsAnswer) return { id, result: 'silence' };
  if (probe.kind === 'mtu') return { id, result: 'answered', mtu: { own: 1450, largest: 1450 } };
  return { id, result: 'answered', took: 3, by: 'role' in to ? to.name : 'server-n1' };
}

const STATUS = {
  nodename: 'n1',
  version: '0.1.0',
  pid: 1,
  startedAt: 0,
  ready: true,
  problems: [],
  datastore: { type: 'etcd', inSync: true, lastEventAgeSeconds: 0 },
  blocks: [],
  routes: { desired: 1, programmed: 1, failed: 0 },
};
const ROUTE = { text: '10.0.1.0/26 via 172.16.0.2 dev eth0 proto 80', wanted: true, present: true, why: 'BGP' };
const OWN = { text: '10.0.1.2 dev cali123 proto 80', wanted: true, present: true, why: 'endpoint test/server-n2' };
const facts = (node: string, more: Partial<NodeFacts> = {}): NodeFacts => ({
  node,
  status: STATUS,
  why: { source: 'a', destination: 'b', allowed: true, verdicts: [] },
  routes: node === 'n1' ? [ROUTE] : [OWN],
  ...more,
});
const SOUND: FailureFacts = { from: facts('n1'), to: facts('n2') };

/** What is found where one outcome is otherwise, and the nodes say so. */
async function found(
  kind: ConnectivityCheck['kind'],
  outcome: Partial<ProbeOutcome> | undefined,
  said: Partial<FailureFacts> = {},
  probe?: ConnectivityCheck['probe']['kind'],
) {
  const checks = checksOf();
  const broken = checks.filter(
    (one) => one.kind === kind && one.from.node === 'n1' && (probe ?? one.probe.kind) === one.probe.kind,
  );
  const outcomes = new Map(checks.map((check) => [check.id, well(check)]));
  for (const { id } of broken) {
    if (outcome === undefined) outcomes.delete(id);
    else outcomes.set(id, { id, result: 'silence', ...outcome });
  }
  const all = await findings(checks, outcomes, async () => ({ ...SOUND, ...said }));
  return all.filter(({ result, check }) => result === 'failure' && check === kind);
}

t.test('every client tries its own node and the others: TCP, UDP, MTU, and a port that is denied', async (t) => {
  const checks = checksOf(TWO, []);
  const kinds = Object.fromEntries([...Map.groupBy(checks, ({ kind }) => kind)].map(([kind, of]) => [kind, of.length]));
  t.same(kinds, { 'pod-same-node': 4, 'pod-other-node': 4, mtu: 4, 'policy-allowed': 4, 'policy-denied': 4 });
  t.ok(checks.every(({ id, probe }, at) => id === at && probe.id === at));
  t.same(checksOf().filter(({ kind }) => kind === 'service').length, 2, 'targets are tried from each node');
});

t.test('only families that both have are tried, and of many nodes each tries some', async (t) => {
  const dual = [
    pod('n1', 'client', '10.0.0.1', 'fd00::1'),
    pod('n2', 'server', '10.0.1.2', 'fd00::2'),
    pod('n3', 'server', 'fd00::3'),
  ];
  const hosts = new Set(plan({ pods: dual, targets: [], patience: 1 }).map(({ probe }) => probe.host));
  t.same([...hosts], ['10.0.1.2', 'fd00::2', 'fd00::3']);
  const many = Array.from({ length: 50 }, (_, at) => [
    pod(`n${at}`, 'client', '10.0.0.1'),
    pod(`n${at}`, 'server', '10.0.0.2'),
  ]);
  const ways = plan({ pods: many.flat(), targets: [], patience: 1, mostNodes: 4 });
  t.equal(ways.length, 50 * 5 * 3);
  t.same([...new Set(ways.filter(({ from }) => from.node === 'n48').map(({ to }) => (to as TestPod).node))].sort(), [
    'n0',
    'n1',
    'n2',
    'n48',
    'n49',
  ]);
});

t.test('where all is well nothing is asked and nothing fails', async (t) => {
  const checks = checksOf();
  const all = await findings(checks, new Map(checks.map((check) => [check.id, well(check)])), async () => {
    throw new Error('nobody is to be asked');
  });
  t.ok(all.every(({ result }) => result === 'ok'));
  t.match(connectivityText(all, false), /^pod-same-node +ok +4 of 4\n(.*\n)+$/);
  t.notMatch(connectivityText(all, false), 'FAILED');
  t.notMatch(connectivityJunit(all), '<failure>');
});

const deny = {
  direction: 'ingress' as const,
  allowed: false,
  endpoint: 'test/server-n2',
  isHere: true,
  decidedBy: 'Deny rule 0 of NetworkPolicy test/p',
  asked: [],
};
const VERDICT = {
  ...{ source: 'a', destination: 'b', protocol: 'tcp', allowed: false, kernel: { words: '' } },
  ingress: deny,
};
const DENIED = {
  ...{ source: 'a', destination: 'b', allowed: false },
  verdicts: [{ ...VERDICT, egress: { ...deny, direction: 'egress' as const, allowed: true } }],
};
const LETS = {
  ...{ source: 'a', destination: 'b', allowed: true },
  verdicts: [
    {
      ...VERDICT,
      allowed: true,
      ingress: { ...deny, allowed: true, decidedBy: 'Allow rule of p0' },
      egress: { ...deny, allowed: true },
    },
  ],
};

interface Row {
  readonly kind: ConnectivityCheck['kind'];
  readonly outcome: Partial<ProbeOutcome> | undefined;
  readonly facts?: Partial<FailureFacts>;
  readonly reason: RegExp;
  readonly next: RegExp;
}

/** Each kind of failure, and the reason that is named. */
const ROWS: Readonly<Record<string, Row>> = {
  'a policy denies': {
    kind: 'pod-other-node',
    outcome: {},
    facts: { to: facts('n2', { why: DENIED }) },
    reason: /^policy denies it: ingress of test\/server-n2: Deny rule 0 of NetworkPolicy test\/p$/,
    next: /vrouter policy why test\/client-n1 test\/server-n2 tcp\/8080 on n2/,
  },
  'the kernel lacks a route': {
    kind: 'pod-other-node',
    outcome: { result: 'error', code: 'ENETUNREACH' },
    facts: { from: facts('n1', { routes: [{ ...ROUTE, present: false }] }) },
    reason: /the kernel of n1 lacks a route that is wanted: 10\.0\.1\.0\/26/,
    next: /on n1: vrouter resync/,
  },
  'nobody announces it': {
    kind: 'pod-other-node',
    outcome: {},
    facts: { from: facts('n1', { routes: [] }) },
    reason: /n1 has no route to 10\.0\.1\.2 to n2/,
    next: /vrouter bgp route 10\.0\.1\.2 --why --cluster/,
  },
  'no route, and no daemon': {
    kind: 'pod-other-node',
    outcome: { result: 'error', code: 'ENETUNREACH' },
    facts: { from: facts('n1', { routes: undefined, status: undefined, why: undefined }) },
    reason: /no route to 10\.0\.1\.2 \(ENETUNREACH\), and its daemon does not answer/,
    next: /start the daemon of n1/,
  },
  'a rule of somebody else': {
    kind: 'pod-other-node',
    outcome: { result: 'error', code: 'EHOSTUNREACH' },
    reason: /unreachable \(EHOSTUNREACH\), though n1 has the route/,
    next: /ip rule; ip route get 10\.0\.1\.2/,
  },
  'the other node has lost its pod': {
    kind: 'pod-other-node',
    outcome: {},
    facts: { to: facts('n2', { routes: [{ ...ROUTE, text: 'blackhole 10.0.1.0/26' }] }) },
    reason: /n2 has no route to its own pod server-n2/,
    next: /on n2: vrouter status endpoints/,
  },
  'the other daemon is away': {
    kind: 'pod-other-node',
    outcome: {},
    facts: { to: facts('n2', { routes: undefined, status: undefined, why: undefined }) },
    reason: /the daemon of n2 does not answer/,
    next: /systemctl status vrouter on n2/,
  },
  'a node has a problem': {
    kind: 'pod-other-node',
    outcome: {},
    facts: { from: facts('n1', { status: { ...STATUS, problems: ['ip_forward is 0'] } }) },
    reason: /n1 says: ip_forward is 0/,
    next: /on n1: vrouter status/,
  },
  'something between': {
    kind: 'pod-other-node',
    outcome: {},
    facts: { from: facts('n1', { routes: [{ ...ROUTE, text: '10.0.1.0/26 via 10.0.1.0 dev vxlan.calico onlink' }] }) },
    reason: /something between n1 and n2 drops it/,
    next: /let UDP port 4789 \(VXLAN\) through/,
  },
  'something else within the node': {
    kind: 'pod-same-node',
    outcome: {},
    reason: /within n1, which has the routes/,
    next: /nft list ruleset/,
  },
  'two have one address': {
    kind: 'pod-other-node',
    outcome: { result: 'answered', by: 'somebody' },
    reason: /somebody answers at 10\.0\.1\.2: two have the same address/,
    next: /ipam check/,
  },
  'nobody listens': {
    kind: 'pod-other-node',
    outcome: { result: 'refused' },
    reason: /reached, and nobody listens/,
    next: /server-n2 runs/,
  },
  'a client that says nothing': {
    kind: 'pod-other-node',
    outcome: undefined,
    reason: /client-n1 has told nothing/,
    next: /does not run on n1/,
  },
  'a hop that is too small, silently': {
    kind: 'mtu',
    outcome: { result: 'answered', mtu: { own: 1450, largest: 1400 } },
    reason: /more than 1400 octets with DF do not pass.*MTU is 1450; and no ICMP/,
    next: /an MTU of 1400/,
  },
  'a hop that is too small, and says so': {
    kind: 'mtu',
    outcome: { result: 'answered', mtu: { own: 1450, largest: 1400, told: 1400 } },
    reason: /a hop says that it takes 1400/,
    next: /every hop/,
  },
  'no datagram at all': {
    kind: 'mtu',
    outcome: { mtu: { own: 1450, largest: 0 } },
    reason: /no datagram/,
    next: /other checks/,
  },
  'what should be denied passes': {
    kind: 'policy-denied',
    outcome: { result: 'answered' },
    facts: { to: facts('n2', { why: DENIED }) },
    reason: /policy denies it, and n[12] lets it through/,
    next: /vrouter policy verify/,
  },
  'another policy comes first': {
    kind: 'policy-denied',
    outcome: { result: 'answered' },
    facts: { to: facts('n2', { why: LETS }) },
    reason: /another policy.*Allow rule of p0/,
    next: /vrouter policy why/,
  },
  'what should be denied passes, and no daemon': {
    kind: 'policy-denied',
    outcome: { result: 'answered' },
    facts: { from: facts('n1', { why: undefined }), to: facts('n2', { why: undefined }) },
    reason: /does not enforce policy/,
    next: /vrouter status/,
  },
  'what should be allowed is dropped': {
    kind: 'policy-allowed',
    outcome: {},
    facts: { to: facts('n2', { why: DENIED }) },
    reason: /policy denies it/,
    next: /change that policy/,
  },
  'a service without an answer': {
    kind: 'service',
    outcome: {},
    reason: /does not answer \(silence\)/,
    next: /kube-proxy runs on n1/,
  },
  'a service without endpoints': {
    kind: 'service',
    outcome: { result: 'refused' },
    reason: /nobody behind it/,
    next: /endpointslices/,
  },
  'a name that is not there': {
    kind: 'dns',
    outcome: { result: 'error', code: 'ENOTFOUND' },
    reason: /no such name/,
    next: /resolv\.conf/,
  },
  'a name that is not there, of a resolver that is named': {
    kind: 'dns',
    outcome: { result: 'error', code: 'ENOTFOUND', resolvers: [{ address: '10.96.0.10', result: 'answered' }] },
    reason: /^the resolver 10\.96\.0\.10 answers that there is no such name \(ENOTFOUND\)$/,
    next: /'kubernetes\.default' is right/,
  },
  'a resolver that is away': { kind: 'dns', outcome: {}, reason: /resolver does not answer/, next: /DNS pods/ },
  'a resolver that is silent': {
    kind: 'dns',
    outcome: {
      ...{ result: 'error', code: 'EAI_AGAIN' },
      resolvers: [{ address: '10.96.0.10', result: 'silence', tcp: 'silence' }],
    },
    reason: /^the resolver does not answer: 10\.96\.0\.10, UDP port 53 \(EAI_AGAIN\)$/,
    next: /DNS pods run \(kubectl .*the check 'service'.*vrouter drops on n1$/,
  },
  'a resolver that only TCP gets to': {
    kind: 'dns',
    outcome: { result: 'silence', resolvers: [{ address: '10.96.0.10', result: 'silence', tcp: 'answered' }] },
    reason: /10\.96\.0\.10, UDP port 53 \(silence\); by TCP it is reached$/,
    next: /UDP to it is dropped, TCP is not/,
  },
  'a resolver with nobody behind it': {
    kind: 'dns',
    outcome: { result: 'error', code: 'EAI_AGAIN', resolvers: [{ address: '10.96.0.10', result: 'refused' }] },
    reason: /nobody listens at the resolver: 10\.96\.0\.10 refuses/,
    next: /somebody behind it/,
  },
  'a resolver that can not find out': {
    kind: 'dns',
    outcome: {
      ...{ result: 'error', code: 'EAI_AGAIN' },
      resolvers: [{ address: '10.96.0.10', result: 'error', code: 'ESERVFAIL' }],
    },
    reason: /10\.96\.0\.10 answers that it can't find out \(ESERVFAIL\)/,
    next: /log of the DNS pods/,
  },
  'a resolver that is slow': {
    kind: 'dns',
    outcome: { result: 'silence', resolvers: [{ address: '10.96.0.10', result: 'answered' }] },
    reason: /does not answer in time/,
    next: /domains that are searched/,
  },
  'nobody outside': {
    kind: 'outside',
    outcome: {},
    reason: /nothing comes back from 192\.0\.2\.1:443 \(silence\)$/,
    next: /natOutgoing/,
  },
  'nobody outside, though addresses are translated': {
    kind: 'outside',
    outcome: {},
    facts: { pool: { name: 'pods', cidr: '10.0.0.0/16', natOutgoing: true } },
    reason: /nothing comes back .*though pods of pods go out with the address of their node/,
    next: /whether n1 itself reaches 192\.0\.2\.1/,
  },
  'no way back from outside': {
    kind: 'outside',
    outcome: {},
    facts: { pool: { name: 'pods', cidr: '10.0.0.0/16', natOutgoing: false } },
    reason: /natOutgoing is off/,
    next: /the way to 10\.0\.0\.0\/16 .*calicoctl patch ippool pods/,
  },
  'a server outside that refuses': {
    kind: 'outside',
    outcome: { result: 'refused' },
    reason: /192\.0\.2\.1 is reached, and refuses/,
    next: /at port 443/,
  },
  'no way out': {
    kind: 'outside',
    outcome: { result: 'error', code: 'ENETUNREACH' },
    facts: { from: facts('n1', { routes: [] }) },
    reason: /n1 has no route to 192\.0\.2\.1 \(ENETUNREACH\)/,
    next: /ip route get 192\.0\.2\.1; it needs a default route/,
  },
};

for (const [title, { kind, outcome, facts: said = {}, reason, next }] of Object.entries(ROWS)) {
  t.test(`the reason is named: ${title}`, async (t) => {
    const [first] = await found(kind, outcome, said);
    t.match(first, { reason, next });
  });
}

t.test('what the resolver says of a name is not told of what is outside', async (t) => {
  const checks = checksOf();
  const outcomes = new Map(checks.map((check) => [check.id, well(check)]));
  for (const { id, kind } of checks) {
    if (kind === 'dns') outcomes.set(id, { id, result: 'error', code: 'ENOTFOUND' });
    if (kind === 'outside') outcomes.set(id, { id, result: 'silence' });
  }
  const all = await findings(checks, outcomes, async () => SOUND);
  t.match(all.find(({ check }) => check === 'outside')?.reason, /nothing comes back from .* \(silence\)/);
});

t.test('where plain packets do not pass, what is behind that is not judged', async (t) => {
  const checks = checksOf(TWO, []);
  const isCut = ({ from, to }: ConnectivityCheck): boolean => from.node === 'n1' && (to as TestPod).node === 'n2';
  const outcomes = new Map(
    checks.map((check) => [check.id, isCut(check) ? { id: check.id, result: 'silence' as const } : well(check)]),
  );
  const all = await findings(checks, outcomes, async () => SOUND);
  const failed = all.filter(({ result }) => result === 'failure');
  t.same(new Set(failed.map(({ check }) => check)), new Set(['pod-other-node']));
  t.equal(all.filter(({ result }) => result === 'skipped').length, 3);
  t.match(connectivityText(all, false), /^mtu +ok +3 of 3, 1 skipped$/m);
  t.match(
    connectivityText(all, false),
    /FAILED pod-other-node: test\/client-n1 \(n1\) → test\/server-n2 \(n2\)\n.*\n {4}why: /,
  );
  t.match(connectivityJunit(all), /testsuite name="connectivity\.pod-other-node" tests="4" failures="2"/);
});

t.test('what a router says to UDP is told of TCP on the same way', async (t) => {
  const checks = checksOf(TWO, []);
  const outcomes = new Map(checks.map((check) => [check.id, well(check)]));
  for (const { id, probe } of checks.filter(({ kind, from }) => kind === 'pod-other-node' && from.node === 'n1')) {
    outcomes.set(id, probe.kind === 'udp' ? { id, result: 'error', code: 'EHOSTUNREACH' } : { id, result: 'silence' });
  }
  const all = await findings(checks, outcomes, async () => SOUND);
  for (const { reason } of all.filter(({ result }) => result === 'failure')) t.match(reason, /\(EHOSTUNREACH\)/);
});
