import t from 'tap';
import { Entries, type Family } from '../../src/base/index.ts';
import { type Desired, type DesiredNat, NO_TUNNELS } from '../../src/calc/index.ts';
import {
  formatRoute,
  formatRule,
  type Kernel,
  ROUTE_ADD,
  ROUTE_DELETE,
  type TrackedConnection,
} from '../../src/netlink/index.ts';
import { vtep, vxlan } from '../calc/tunnels.ts';
import { routeChanges } from '../fakes/route-changes.ts';
import { HOST, Host, wanted } from './host.ts';

// The sweep at the end takes seconds on an idle machine, and much more beside busy tests.
t.setTimeout(3_600_000);

type Egress = NonNullable<DesiredNat['egress']>;
type Pool = Egress['pools'][number];

const WHY = 'IPPool p: egressAddress';
const FOUR = { pool: 'p', family: 4, cidr: '10.99.0.0/24', address: '172.16.0.200', why: WHY } as const;
const SIX = { pool: 'p6', family: 6, cidr: 'fd00:99::/64', address: 'fd00:1::200', why: WHY } as const;
const AWAY: Pool = { ...FOUR, gateway: 'b', way: { kind: 'subnet', via: '172.16.0.2' } };
const AWAY6: Pool = { ...SIX, gateway: 'b', way: { kind: 'subnet', via: 'fd00:1::2' } };
const HERE: Pool = { ...FOUR, gateway: 'a', way: { kind: 'here' } };

function leaving(pools: readonly Pool[], more: Partial<Egress> = {}): Desired {
  const nothing = wanted([]);
  const egress: Egress = {
    pools,
    inside: { 4: ['10.99.0.0/24'], 6: ['fd00:99::/64'] },
    hosts: { 4: Entries.of([['172.16.0.2', '172.16.0.2/32']]), 6: Entries.of([['fd00:1::2', 'fd00:1::2/128']]) },
    tables: [{ min: 1, max: 250 }],
    ...more,
  };
  return { ...nothing, nat: { ...nothing.nat, ...(pools.length > 0 && { egress }) } };
}

async function started(desired: Desired, host?: Host): Promise<Host> {
  const made = host ?? (await Host.create());
  await made.kernel.addressAdd({ dev: 'eth0', address: 'fd00:1::1/64' });
  await made.dataplane.start(desired);
  await made.settle();
  return made;
}

async function apply(host: Host, desired: Desired): Promise<void> {
  host.dataplane.apply(desired);
  await host.settle();
}

/** The rules of pools, and what is where they lead, in the words of ip(8). */
async function shown(kernel: Kernel, family: Family = 4): Promise<string[]> {
  const rules = (await kernel.ruleList(family)).filter(({ source, protocol }) => source && protocol === 80);
  const names = new Map((await kernel.linkList()).map(({ index, name }) => [index, name]));
  const tables = [...new Set(rules.map(({ table }) => table))];
  const routes = await Promise.all(tables.map((table) => kernel.routeList({ family, table })));
  return [
    ...rules.map(formatRule),
    ...routes
      .flat()
      .map((route) => formatRoute(route, names))
      .sort(),
  ];
}

const COMPLETE = [
  '100: from 10.99.0.0/24 lookup 250 proto 80',
  'default via 172.16.0.2 table 250 proto 80',
  'throw 10.99.0.0/24 table 250 proto 80',
  'throw 172.16.0.2 table 250 proto 80',
  'unreachable default table 250 proto 80 metric 4294967295',
];
const COMPLETE6 = [
  '100: from fd00:99::/64 lookup 250 proto 80',
  'default via fd00:1::2 table 250 proto 80 metric 1024',
  'throw fd00:1::2 table 250 proto 80 metric 1024',
  'throw fd00:99::/64 table 250 proto 80 metric 1024',
  'unreachable default table 250 proto 80 metric 4294967295',
];

function translation(host: Host): string {
  return host.nft.done.filter((text) => text.includes('vrouter-nat')).join();
}

t.test('away from the gateway: a rule, and a table that leads there what leaves the cluster', async (t) => {
  const host = await started(leaving([AWAY, AWAY6]));
  t.same(await shown(host.kernel), COMPLETE);
  t.same(await shown(host.kernel, 6), COMPLETE6);
  t.notMatch(translation(host), 'snat', 'and nothing is translated here');
  t.same(host.dataplane.egress.failures(), []);
  t.match(host.dataplane.egress.entries(), [
    { table: 250, present: true },
    { table: 250, present: true },
  ]);
});

t.test('at the gateway: the translation, and neither rule nor table', async (t) => {
  const host = await started(leaving([HERE, { ...SIX, gateway: 'a', way: { kind: 'here' } }]));
  t.same([...(await shown(host.kernel)), ...(await shown(host.kernel, 6))], []);
  t.match(translation(host), /ip saddr 10\.99\.0\.0\/24 ip daddr != @egress-inside .*snat to 172\.16\.0\.200/);
  t.match(translation(host), /ip6 saddr fd00:99::\/64 .*snat to fd00:1::200/);
  t.match(host.dataplane.egress.entries(), [{ table: undefined, present: true }, { present: true }]);
});

t.test('without a way to a gateway, what leaves goes nowhere', async (t) => {
  const host = await started(leaving([{ ...FOUR, way: { kind: 'none', reason: 'no node' } }]));
  t.same(
    await shown(host.kernel),
    COMPLETE.filter((line) => !line.startsWith('default')),
  );
  t.match(host.dataplane.egress.entries(), [{ present: false }]);
});

t.test('a tunnel leads there while its device is there and up', async (t) => {
  const byTunnel = leaving([{ ...FOUR, gateway: 'b', way: { kind: 'vxlan', via: '10.244.2.0' } }]);
  const tunnels = { ...NO_TUNNELS, vxlan4: vxlan([vtep('b', 2)]) };
  const host = await started(byTunnel);
  t.notMatch(await shown(host.kernel), [/default via/]);
  await apply(host, { ...byTunnel, tunnels });
  t.match((await shown(host.kernel))[1], 'default via 10.244.2.0 dev vxlan.calico table 250 proto 80 onlink');
  await host.kernel.linkSet('vxlan.calico', { up: false });
  await host.settle(1000);
  t.match((await shown(host.kernel))[1], 'default via 10.244.2.0 dev vxlan.calico', 'it is brought up again, and used');
});

t.test('the same again, a full look and a restart write nothing', async (t) => {
  const desired = leaving([AWAY, AWAY6]);
  const host = await started(desired);
  host.writes();
  await apply(host, leaving([AWAY, AWAY6]));
  await host.dataplane.resync();
  await host.settle(200_000);
  host.dataplane.stop();
  await host.restarted().start(desired);
  await host.settle(10_000);
  t.same(host.writes(), []);
  t.same(await shown(host.kernel), COMPLETE);
});

t.test(
  'the gateway is another one: the way changes in its place, and with no hole in which packets leave as they are',
  async (t) => {
    const host = await started(leaving([AWAY]));
    const seen: string[] = [];
    const monitor = await host.kernel.monitor(
      (event) => event.kind === 'route' && seen.push(`${event.change} ${event.route.kind}`),
      { routeTables: [250] },
    );
    await apply(host, leaving([{ ...AWAY, way: { kind: 'subnet', via: '172.16.0.3' } }]));
    monitor.stop();
    t.same(seen, ['deleted unicast', 'new unicast']);
    t.equal((await shown(host.kernel))[1], 'default via 172.16.0.3 table 250 proto 80');
  },
);

t.test('what is not wanted any more goes, with its table; so does what a former run left', async (t) => {
  for (const isNew of [false, true]) {
    const host = await started(leaving([AWAY, AWAY6]));
    if (isNew) {
      host.dataplane.stop();
      await host.restarted().start(leaving([]));
      await host.settle();
    } else await apply(host, leaving([]));
    for (const family of [4, 6] as const) {
      t.same(await shown(host.kernel, family), []);
      t.same(await host.kernel.routeList({ family, table: 250 }), []);
    }
  }
});

t.test(
  'ended at any write, the next start finds what is left: wanted still, or by another way, or no more',
  async (t) => {
    const other = leaving([{ ...AWAY, cidr: '10.98.0.0/24' }]);
    const ends = [
      [leaving([AWAY]), COMPLETE],
      [other, COMPLETE.map((line) => line.replace('from 10.99', 'from 10.98'))],
      [leaving([]), []],
    ] as const;
    for (const before of [leaving([]), leaving([AWAY])]) {
      for (const [desired, outcome] of ends) {
        for (let step = 0; ; step++) {
          const host = await started(before);
          host.machine.dieAfter(step);
          host.dataplane.apply(desired);
          await host.settle();
          const isOver = !host.machine.isDead;
          host.dataplane.stop();
          host.machine.dieAfter(undefined);
          await host.restarted().start(desired);
          await host.settle(10_000);
          const lines = (await shown(host.kernel)).map((line) => line.replaceAll('249', '250'));
          t.same(lines, outcome, `ended before write ${step}`);
          const tables = await Promise.all([249, 250].map((table) => host.kernel.routeList({ family: 4, table })));
          t.equal(tables.flat().length, outcome.length > 0 ? outcome.length - 1 : 0, 'and no route is left elsewhere');
          if (isOver) break;
        }
      }
    }
  },
);

t.test('whatever somebody does to it is repaired within a second', async (t) => {
  const rule = { family: 4, priority: 100, source: '10.99.0.0/24', table: 250, protocol: 80 } as const;
  const ours = { protocol: 80, table: 250 } as const;
  const via = (address: string) => ({ ...ours, kind: 'unicast', nextHops: [{ via: address }] }) as const;
  const onwards = { ...ours, kind: 'throw', nextHops: [] } as const;
  const write =
    (...changes: Parameters<typeof routeChanges>[1]) =>
    (kernel: Kernel) =>
      kernel.applyRoutes(routeChanges(4, changes));
  const attacks: Readonly<Record<string, (kernel: Kernel) => Promise<unknown>>> = {
    'the rule is removed': (kernel) => kernel.ruleDelete(rule),
    'a rule of ours is added': (kernel) => kernel.ruleAdd({ ...rule, priority: 98, table: 240 }),
    'a rule of ours for nobody is added': (kernel) => kernel.ruleAdd({ ...rule, source: '10.1.0.0/16' }),
    'the way to the gateway is removed': write([ROUTE_DELETE, '0.0.0.0/0', via('172.16.0.2')]),
    'it leads elsewhere': write(
      [ROUTE_DELETE, '0.0.0.0/0', via('172.16.0.2')],
      [ROUTE_ADD, '0.0.0.0/0', via('172.16.0.9')],
    ),
    'the cluster is led to the gateway too': write([ROUTE_DELETE, '10.99.0.0/24', onwards]),
    'a route of ours is added': write([ROUTE_ADD, '192.0.2.0/24', onwards]),
    'the last resort is removed': write([
      ROUTE_DELETE,
      '0.0.0.0/0',
      { ...ours, kind: 'unreachable', metric: 0xffffffff, nextHops: [] },
    ]),
    'the link goes down and up': async (kernel) => {
      await kernel.linkSet('eth0', { up: false });
      await kernel.linkSet('eth0', { up: true });
    },
    'the address goes and comes, and with it the routes': async (kernel) => {
      await kernel.addressDelete({ dev: 'eth0', address: '172.16.0.1/24' });
      await kernel.addressAdd({ dev: 'eth0', address: '172.16.0.1/24' });
    },
  };
  for (const [what, attack] of Object.entries(attacks)) {
    const host = await started(leaving([AWAY]));
    await attack(host.machine.kernel(HOST));
    await host.settle(1000);
    t.same(await shown(host.kernel), COMPLETE, what);
    host.writes();
    await host.settle(5000);
    t.same(host.writes(), [], 'and then it is quiet');
  }
});

t.test('somebody who undoes it again and again is answered ten times a second, no more', async (t) => {
  const host = await started(leaving([AWAY]));
  host.machine.calls.length = 0;
  const attacker = host.machine.kernel(HOST);
  for (let step = 0; step < 100; step++) {
    await attacker.ruleAdd({ family: 4, priority: step + 200, source: '10.9.0.0/16', table: 249, protocol: 80 });
    await host.clock.advanceAsync(10);
  }
  t.ok(host.machine.calls.filter((call) => call === 'ruleList').length <= 2 * 12);
});

t.test('rules, tables and routes of others are left alone', async (t) => {
  const host = await Host.create();
  const { kernel } = host;
  const others = [
    { family: 4, priority: 100, table: 250, source: '192.0.2.0/24' },
    { family: 4, priority: 100, table: 7, source: '10.99.0.0/24' },
    { family: 4, priority: 99, table: 249, mark: 0x100000, mask: 0x100000 },
  ] as const;
  for (const rule of others) await kernel.ruleAdd(rule);
  const how = { kind: 'blackhole', protocol: 4, table: 248, nextHops: [] } as const;
  await kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '192.0.2.0/24', how]]));
  await started(leaving([AWAY]), host);
  t.match((await kernel.ruleList(4)).find(isEgress), { table: 247 }, 'the first that is free');
  await host.kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '192.0.2.0/24', { ...how, table: 247 }]]));
  await apply(host, leaving([]));
  await host.settle(10_000);
  const left = await kernel.ruleList(4);
  t.same(
    others.map((rule) => left.some((found) => formatRule(found) === formatRule(rule))),
    [true, true, true],
  );
  for (const table of [247, 248]) t.equal((await kernel.routeList({ family: 4, table })).length, 1, 'nor their routes');
});

t.test('no table free is said with the pool’s name, and the others have theirs', async (t) => {
  const host = await Host.create();
  const tables = [{ min: 5, max: 5 }];
  await started(leaving([AWAY, { ...AWAY, pool: 'q', cidr: '10.98.0.0/24' }], { tables }), host);
  t.match(host.dataplane.egress.failures(), [{ what: /IPPool q/, reason: /routeTableRanges/ }]);
  t.match(host.dataplane.egress.entries(), [
    { table: 5, present: true },
    { present: false, reason: /routeTableRanges/ },
  ]);
  await apply(host, leaving([AWAY], { tables }));
  t.same(host.dataplane.egress.failures(), [], 'what is not wanted any more is no failure');
});

t.test('a route of somebody else in our table is named', async (t) => {
  const host = await started(leaving([{ ...FOUR, way: { kind: 'none', reason: 'no node' } }]));
  const theirs = { kind: 'unicast', protocol: 4, table: 250, nextHops: [{ via: '172.16.0.9' }] } as const;
  await host.machine.kernel(HOST).applyRoutes(routeChanges(4, [[ROUTE_ADD, '0.0.0.0/0', theirs]]));
  await apply(host, leaving([AWAY]));
  t.match(host.dataplane.egress.failures(), [{ what: /IPPool p$/, reason: /table 250: a route of somebody else/ }]);
});

t.test('connections that go another way now are forgotten, others not', async (t) => {
  const begun = (source: string, id: number): TrackedConnection => ({
    id,
    zone: 0,
    family: 4,
    protocol: 6,
    original: { source, destination: '192.0.2.1', sourcePort: 4000 + id, destinationPort: 80 },
    reply: { source: '192.0.2.1', destination: source, sourcePort: 80, destinationPort: 4000 + id },
  });
  const all = [begun('10.99.0.7', 1), begun('10.1.0.7', 2), begun(FOUR.address, 3)];
  const host = await started(leaving([]));
  const namespace = host.machine.namespace(HOST);
  const left = (): readonly number[] => namespace.connections.map(({ id }) => id);
  const changes = [
    ['led away', leaving([AWAY])],
    ['here', leaving([HERE])],
    ['away again', leaving([AWAY])],
    ['no more', leaving([])],
  ] as const;
  for (const [what, desired] of changes) {
    namespace.connections = all;
    await apply(host, desired);
    t.notOk(left().includes(1), `${what}: those from the pool`);
    t.ok(left().includes(2), 'and no others');
  }
});

t.test('nothing goes another way before it is translated as there, and before what was is forgotten', async (t) => {
  const connection: TrackedConnection = {
    id: 1,
    zone: 0,
    family: 4,
    protocol: 6,
    original: { source: '10.99.0.7', destination: '192.0.2.1', sourcePort: 4000, destinationPort: 80 },
    reply: { source: '192.0.2.1', destination: FOUR.address, sourcePort: 80, destinationPort: 4000 },
  };
  const steps = async (from: Desired, to: Desired): Promise<readonly string[]> => {
    const host = await started(from);
    const namespace = host.machine.namespace(HOST);
    namespace.connections = [connection];
    const seen: string[] = [];
    host.nft.onChange = () => seen.push('translation');
    const monitor = await host.kernel.monitor((event) => {
      if (event.kind !== 'route' && event.kind !== 'rule') return;
      if (namespace.connections.length === 0 && !seen.includes('forgotten')) seen.push('forgotten');
      seen.push(`${event.change} ${event.kind === 'rule' ? 'rule' : event.route.kind}`);
    });
    await apply(host, to);
    monitor.stop();
    return seen.filter((step, at) => step !== seen[at - 1] && !step.includes('throw'));
  };
  t.same(
    await steps(leaving([HERE]), leaving([AWAY])),
    ['translation', 'new rule', 'new unreachable', 'forgotten', 'new unicast'],
    'from here to another',
  );
  t.same(
    await steps(leaving([AWAY]), leaving([HERE])),
    ['translation', 'forgotten', 'deleted unreachable', 'deleted unicast', 'deleted rule'],
    'from another to here',
  );
});

t.test('every single refusal of the kernel is got over', async (t) => {
  const before = leaving([{ ...AWAY, cidr: '10.98.0.0/24' }]);
  const run = async (after: number | undefined): Promise<{ outcome: string[]; calls: number }> => {
    const host = await started(before);
    host.machine.calls.length = 0;
    if (after !== undefined) host.machine.failOnce({ after });
    await apply(host, leaving([AWAY, AWAY6]));
    await host.settle(60_000);
    const calls = host.machine.calls.length;
    t.same(host.dataplane.egress.failures(), []);
    const outcome = [...(await shown(host.kernel)), ...(await shown(host.kernel, 6))];
    return { outcome: outcome.map((line) => line.replace('249', '250')), calls };
  };
  const { calls } = await run(undefined);
  t.ok(calls > 10, `${calls} calls`);
  for (let after = 0; after < calls; after++)
    t.same((await run(after)).outcome, [...COMPLETE, ...COMPLETE6], `call ${after} of ${calls} fails`);
});

function isEgress({ source, protocol, mark }: Awaited<ReturnType<Kernel['ruleList']>>[number]): boolean {
  return source !== undefined && protocol === 80 && mark === undefined;
}
