import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { FlowsRequest } from '../../src/control/index.ts';
import { Drops } from '../../src/daemon/drops.ts';
import { FlowLog } from '../../src/daemon/flow-log.ts';
import { type Kernel, KernelError, type LoggedPacket, type TrackedConnection } from '../../src/netlink/index.ts';
import { Scene } from '../../src/policy/cases/scene.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';

const [GROUP, WINDOW] = [100, 10_000];
const WHY = 'ingress of Deny rule 0 of GlobalNetworkPolicy shut';
const ASKED: FlowsRequest = { op: 'flows', limit: 1000 };
const FOLLOW: FlowsRequest = { ...ASKED, follow: true };
const POLICY = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'some' },
  spec: {
    ...{ tier: 'default', selector: 'all()', types: ['Ingress', 'Egress'] },
    ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [443] } }],
    egress: [{ action: 'Allow' }],
  },
};

function scene() {
  const made = new Scene({
    ...{ namespaces: { red: {} }, serviceAccounts: {} },
    nodes: [{ name: 'n1', addresses: ['192.0.2.1'], labels: {} }],
    pods: ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((ip, at) => ({
      ...{ namespace: 'red', name: `pod-${at + 1}`, ip, labels: {}, ports: [], hostNetwork: false },
    })),
  });
  made.change({ apply: [POLICY] as never, delete: [], labels: [], expect: [] });
  const { world } = made.world();
  for (const [at, endpoint] of world.endpoints.entries()) Object.assign(endpoint, { node: at < 2 ? 'n1' : 'n2' });
  return world;
}

function connection(source: string, destination: string, port: number, asked = { to: destination, port }) {
  return {
    family: 4,
    ...{ protocol: 6, id: 0, zone: 0 },
    original: { source, destination: asked.to, sourcePort: 40_000, destinationPort: asked.port },
    reply: { source: destination, destination: source, sourcePort: port, destinationPort: 40_000 },
  } satisfies TrackedConnection;
}

/** A log on a machine in memory; pods 1 and 2 are here. */
async function watching(
  t: Pick<Test, 'teardown'>,
  { sysctl, refuses = false }: { readonly sysctl?: Kernel['sysctl']; readonly refuses?: boolean } = {},
) {
  const machine = new FakeMachine();
  machine.addNamespace('/host');
  const kernel = machine.kernel('/host');
  const space = machine.namespace('/host');
  await kernel.sysctl(ACCOUNTING, '0');
  await kernel.sysctl('net.netfilter.nf_conntrack_events', '2');
  const clock = new VirtualClock();
  const policy = { drops: () => new Map([['drop-x', WHY]]), follow: async () => {} };
  let world = scene();
  const common = { world: () => world, tierOf: () => 'default', clock, log: silentLog };
  const drops = new Drops({ ...common, kernel, policy });
  const spied = sysctl === undefined ? kernel : { connectionEvents: () => kernel.connectionEvents(), sysctl };
  const asked: boolean[] = [];
  const followed = {
    follow: async (isFollowed: boolean) => {
      asked.push(isFollowed);
      return refuses ? [{ what: 'flow log for ip', reason: 'no such thing' }] : [];
    },
  };
  const flows = new FlowLog({ ...common, kernel: spied, drops, followed, nodename: 'n1' });
  t.teardown(async () => {
    await flows.stop();
    drops.stop();
  });
  const workloads = ['10.0.0.1/32', '10.0.0.2/32'].map((address) => ({
    ...{ key: 'red/x', interfaceName: 'calix', floatingIps: [], sourcePrefixes: [], why: '' },
    addresses: [address],
  }));
  const host = { forwarding: true, uplinks: undefined, routeSource: {} };
  const keep = async (flowLog: boolean): Promise<void> => {
    flows.applied({ workloads, host: { ...host, flowLog } });
    await flows.settled;
  };
  await keep(false);
  const drop = (more: Partial<LoggedPacket> = {}): void => {
    const ends = { source: '10.0.0.3', destination: '10.0.0.1', sourcePort: 7, destinationPort: 80, protocol: 6 };
    kernel.logPacket(GROUP, {
      kind: 'packet',
      ...{ prefix: 'drop-x', mark: 0, inDevice: 1, outDevice: 2 },
      ...ends,
      ...more,
    });
  };
  const change = (next: typeof world): void => {
    world = next;
  };
  return { asked, machine, kernel, space, clock, flows, keep, drop, change, tell: space.connectionEvents };
}

const ACCOUNTING = 'net.netfilter.nf_conntrack_acct';

/** Lets what is under way come as far as it can without the clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

t.test('a flow is told when it begins, and again when its window is over and more came to it', async (t) => {
  const { flows, keep, tell, clock } = await watching(t);
  await keep(true);
  const asked = flows.answer(FOLLOW);
  await settle();
  tell.tell('new', connection('10.0.0.1', '10.0.0.2', 443));
  await clock.advanceAsync(250);
  const first = await asked;
  t.match(first, {
    last: 1,
    settled: 0,
    missed: 0,
    lost: 0,
    problems: [],
    flows: [{ number: 1, settled: false, begun: 1 }],
  });
  const rest = flows.answer({ ...FOLLOW, after: first.last, settled: first.settled });
  tell.tell('destroy', connection('10.0.0.1', '10.0.0.2', 443), {
    packets: 5,
    octets: 300,
    answeredPackets: 4,
    answeredOctets: 9000,
  });
  await clock.advanceAsync(5000);
  t.same((await rest).flows, [], 'nothing begins, and the window is not over');
  const over = flows.answer({ ...FOLLOW, after: 1, settled: 0 });
  await clock.advanceAsync(WINDOW);
  const later = await over;
  const again =
    later.flows.length > 0 ? later : await flows.answer({ ...FOLLOW, after: later.last, settled: later.settled });
  t.match(again, {
    settled: 1,
    flows: [
      {
        number: 1,
        settled: true,
        begun: 1,
        ended: 1,
        packets: 5,
        octets: 300,
        answeredPackets: 4,
        answeredOctets: 9000,
      },
    ],
  });
});

t.test('one that nothing came to is told once', async (t) => {
  const { flows, keep, tell, clock } = await watching(t);
  await keep(true);
  tell.tell('new', connection('10.0.0.1', '10.0.0.2', 443));
  await clock.advanceAsync(250);
  const first = await flows.answer({ ...FOLLOW, after: 0, settled: 0 });
  t.equal(first.flows.length, 1);
  await clock.advanceAsync(2 * WINDOW);
  const { flows: more, settled } = await flows.answer({ ...FOLLOW, after: 1, settled: 0 });
  t.same([more, settled], [[], 1]);
});

t.test('both ends are named, with what policy says at each, and a Service’s address beside', async (t) => {
  const { flows, keep, tell, drop, clock } = await watching(t);
  await keep(true);
  tell.tell('new', connection('10.0.0.1', '10.0.0.3', 443, { to: '10.96.0.1', port: 80 }));
  tell.tell('new', connection('10.0.0.1', '10.0.0.3', 80));
  tell.tell('new', connection('192.0.2.1', '10.0.0.2', 8080));
  tell.tell('new', connection('10.0.0.2', '203.0.113.9', 443));
  tell.tell('new', connection('10.0.0.3', '203.0.113.9', 443));
  tell.tell('update', connection('10.0.0.1', '10.0.0.2', 1));
  await clock.advanceAsync(250);
  drop();
  drop({ protocol: 1, icmp: { type: 8, code: 0 }, sourcePort: undefined, destinationPort: undefined });
  const allowed = (direction: string, isHere: boolean) => ({
    direction,
    allowed: true,
    isHere,
    tier: 'default',
    rule: '0',
  });
  const { flows: seen } = await flows.answer(ASKED);
  t.match(seen, [
    {
      source: { name: 'red/pod-1', address: '10.0.0.1', port: 40_000 },
      destination: { name: 'red/pod-3', address: '10.0.0.3', port: 443 },
      service: { address: '10.96.0.1', port: 80 },
      verdict: 'FORWARDED',
      decisions: [allowed('egress', true), allowed('ingress', false)],
    },
    {
      verdict: 'FORWARDED',
      decisions: [
        allowed('egress', true),
        { direction: 'ingress', allowed: false, isHere: false, tier: 'default', policy: undefined },
      ],
    },
    {
      source: { name: 'n1' },
      decisions: [{ direction: 'ingress', allowed: true, decidedBy: 'a node reaches its own pods' }],
    },
    { destination: { address: '203.0.113.9', name: undefined }, decisions: [allowed('egress', true)] },
    {
      verdict: 'DENIED',
      packets: 1,
      source: { name: 'red/pod-3', port: 7 },
      decisions: [
        { direction: 'ingress', allowed: false, policy: 'GlobalNetworkPolicy shut', rule: '0', decidedBy: WHY },
      ],
    },
    { verdict: 'DENIED', protocol: 'icmp', icmp: { type: 8, code: 0 }, source: { port: undefined } },
  ]);
  t.equal(seen.length, 6, 'what no pod of this node has a part in is left out');
  const count = async (more: Partial<FlowsRequest>): Promise<number> =>
    (await flows.answer({ ...ASKED, ...more })).flows.length;
  t.equal(await count({ denied: true }), 2);
  t.equal(await count({ pod: 'red/pod-3' }), 4);
  t.equal(await count({ pod: 'red/pod' }), 0);
  t.equal(await count({ limit: 2 }), 2);
  t.equal(await count({ since: clock.wallTime() + 1 }), 0);
  t.equal(await count({ since: clock.wallTime() }), 6);
});

t.test('names and verdicts stay those of then', async (t) => {
  const { flows, keep, tell, clock, change } = await watching(t);
  await keep(true);
  tell.tell('new', connection('10.0.0.1', '10.0.0.2', 443));
  await clock.advanceAsync(2 * WINDOW);
  change(new Scene({ namespaces: {}, serviceAccounts: {}, nodes: [], pods: [] }).world().world);
  t.match((await flows.answer(ASKED)).flows, [
    { source: { name: 'red/pod-1' }, destination: { name: 'red/pod-2' }, decisions: [{ rule: '0' }, { rule: '0' }] },
  ]);
});

t.test('an answer says whether there may be more than were asked for', async (t) => {
  const { clock, flows, keep, tell } = await watching(t);
  await keep(true);
  for (const port of [443, 444]) tell.tell('new', connection('10.0.0.1', '10.0.0.2', port));
  await clock.advanceAsync(250);
  t.match(await flows.answer({ ...ASKED, limit: 1 }), { flows: [{ destination: { port: 444 } }], more: true });
  t.match(await flows.answer({ ...ASKED, limit: 2 }), { flows: { length: 2 }, more: false });
});

t.test('who asks too late is told how many made room; numbers of a former daemon begin anew', async (t) => {
  const { flows, keep, tell, clock } = await watching(t);
  await keep(true);
  for (let port = 1; port <= 20_000; port++) tell.tell('new', connection('10.0.0.1', '10.0.0.2', port));
  await clock.advanceAsync(1000);
  const { missed, last, flows: some } = await flows.answer({ ...FOLLOW, after: 0, settled: 0 });
  t.same([missed, some.length, last], [20_000 - 16_384, 1000, 20_000 - 16_384 + 1000]);
  t.same(flows.figures, { records: 20_000, evicted: 3616, lost: 0 });
  const anew = await flows.answer({ ...FOLLOW, after: 999_999, settled: 999_990 });
  t.equal(anew.flows.length, 1000);
  await keep(false);
  t.same(flows.figures, { records: 20_000, evicted: 3616, lost: 0 }, 'counters go on');
});

t.test('while somebody follows it is kept, whatever the setting, and no longer', async (t) => {
  const { flows, kernel, clock, asked: follows } = await watching(t);
  await t.rejects(flows.answer(ASKED), { code: 'FLOWS_OFF', message: /vrouter flows -f/ });
  t.same(follows, [false], 'what a former run left is removed');
  const asked = flows.answer(FOLLOW);
  await settle();
  t.equal(await kernel.sysctl(ACCOUNTING), '1');
  await clock.advanceAsync(5000);
  t.match(await asked, { flows: [], last: 0 }, 'an answer comes though there is none');
  t.match(await flows.answer(ASKED), { flows: [] });
  await clock.advanceAsync(15_000);
  await flows.settled;
  t.equal(await kernel.sysctl(ACCOUNTING), '0');
  await t.rejects(flows.answer(ASKED), { code: 'FLOWS_OFF' });
  t.same(follows, [false, true, false]);
});

t.test('who had the counting on keeps it', async (t) => {
  const { keep, kernel } = await watching(t);
  await kernel.sysctl(ACCOUNTING, '1');
  await keep(true);
  await keep(false);
  t.equal(await kernel.sysctl(ACCOUNTING), '1');
});

t.test('a kernel that does not count, or tells nothing, is told of in the status', async (t) => {
  const refusing = await watching(t, {
    sysctl: async () => {
      throw new KernelError('EROFS', `sysctl ${ACCOUNTING}`, 'it is mounted read-only');
    },
  });
  t.same(refusing.flows.problems(), [], 'nothing is said while it is off');
  await refusing.keep(true);
  t.match(refusing.flows.problems(), [/packets and octets are not counted.*read-only.*sysctl -w/]);
  t.match(await refusing.flows.answer(ASKED), { problems: [/not counted/] });
  await refusing.keep(false);
  t.same(refusing.flows.problems(), []);

  const silent = await watching(t, { sysctl: async (name) => (name === ACCOUNTING ? '1' : '0') });
  await silent.keep(true);
  t.match(silent.flows.problems(), [/nf_conntrack_events is 0/]);

  const unfollowed = await watching(t, { refuses: true });
  await unfollowed.keep(true);
  t.match(unfollowed.flows.problems(), [/connections may not be followed: flow log for ip: no such thing/]);

  const closed = await watching(t);
  closed.machine.failOnce({ verb: 'connectionEvents', code: 'EPERM' });
  await closed.keep(true);
  t.match(closed.flows.problems(), [/the log can not be kept/]);
  await t.rejects(closed.flows.answer(ASKED), { code: 'FLOWS_OFF', message: /the log can not be kept/ });
  await closed.clock.advanceAsync(60_000);
  await closed.flows.settled;
  t.same(closed.flows.problems(), [], 'it is tried again');
  t.match(await closed.flows.answer(ASKED), { flows: [] });
});
