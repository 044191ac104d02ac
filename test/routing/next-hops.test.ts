import type { NextHopSet } from 'bgp-speaker-ts';
import t from 'tap';
import { parsePrefix, prefixWords, silentLog, VirtualClock } from '../../src/base/index.ts';
import { RouteTable } from '../../src/dataplane/index.ts';
import { FibInfos } from '../../src/dataplane/routes/fib-infos.ts';
import type { Route, RouteNextHop } from '../../src/netlink/index.ts';
import { RouteInstaller } from '../../src/routing/install.ts';
import { NextHops } from '../../src/routing/next-hops.ts';
import { MainTable } from './main-table.ts';

const MARK = 0x100000;
const DEFAULT = '0.0.0.0/0';

t.test('a next hop is looked up by the mark of WireGuard, and again when there is another', async (t) => {
  const clock = new VirtualClock();
  const asked: (number | undefined)[] = [];
  const way = (dev: number): Route => ({
    family: 4,
    kind: 'unicast',
    destination: '172.16.0.0/24',
    protocol: 2,
    table: 254,
    nextHops: [{ dev }],
  });
  const main = new MainTable(new RouteTable(4, new FibInfos()));
  const kernel = {
    routeMatch: async (_: string, mark?: number) => {
      asked.push(mark);
      return way(mark === MARK ? 2 : 7);
    },
    routeColumns: () => main.routeColumns(),
  };
  const hops = new NextHops({ kernel, own: main.own, clock, log: silentLog });
  const changed: string[] = [];
  hops.onChange = (addresses) => changed.push(...addresses);
  t.equal(hops.resolve('172.16.0.2'), undefined, 'not known yet');
  await clock.advanceAsync(0);
  t.same(hops.resolve('172.16.0.2'), [{ via: '172.16.0.2', dev: 7 }]);
  hops.setMark(MARK);
  hops.setMark(MARK);
  await clock.advanceAsync(100);
  t.same(hops.resolve('172.16.0.2'), [{ via: '172.16.0.2', dev: 2 }]);
  t.same(asked, [undefined, MARK]);
  t.same(changed, ['172.16.0.2', '172.16.0.2']);
});

/** Routes that peers tell of, in a kernel that takes them, among those of others. */
class Node {
  readonly clock = new VirtualClock();
  readonly table: RouteTable;
  readonly main: MainTable;
  readonly nextHops: NextHops;
  readonly installer: RouteInstaller;
  readonly #sets: NextHopSet[] = [{ addresses: [], localPref: 100 }];

  constructor(family: 4 | 6 = 4) {
    this.table = new RouteTable(family, new FibInfos());
    this.main = new MainTable(this.table);
    const { clock, main } = this;
    this.nextHops = new NextHops({ kernel: main, own: main.own, clock, log: silentLog });
    this.installer = new RouteInstaller(this.table, this.nextHops, { ipip: undefined });
    this.nextHops.onChange = (addresses) => this.installer.nextHopsChanged(addresses);
    this.nextHops.learnFrom({ [family]: this.installer });
  }

  /** Others' routes are these now. */
  async others(routes: Readonly<Record<string, readonly RouteNextHop[]>>): Promise<void> {
    this.main.others = routes;
    this.nextHops.invalidate();
    await this.clock.advanceAsync(1000);
  }

  /** A peer tells of prefixes with their next hops; none is a withdrawal. */
  async learn(routes: Readonly<Record<string, readonly string[]>>): Promise<void> {
    for (const [cidr, addresses] of Object.entries(routes)) {
      const prefix = parsePrefix(cidr);
      if (addresses.length > 0) this.#sets.push({ addresses, localPref: 100 });
      this.installer.install({
        family: this.table.family,
        count: 1,
        addresses: prefixWords(prefix),
        lengths: Uint8Array.of(prefix.length),
        nextHops: Uint32Array.of(addresses.length > 0 ? this.#sets.length - 1 : 0),
        nextHopSets: this.#sets,
        since: 0,
      });
      await this.clock.advanceAsync(0);
    }
    await this.clock.advanceAsync(1000);
  }

  /** Where each of the learned routes leads, as `via%dev`. */
  get routes(): Record<string, string> {
    const { prefixes, infos } = this.table;
    const all = Array.from({ length: prefixes.limit }, (_, prefix) => prefix).filter((prefix) => prefixes.has(prefix));
    return Object.fromEntries(
      all.flatMap((prefix) => {
        const info = this.table.desired(prefix);
        const hops = infos.info(info).nextHops.map(({ via, dev }) => `${via}%${dev}`);
        return info === 0 ? [] : [[prefixes.text(prefix), hops.sort().join(' ')]];
      }),
    );
  }
}

const by = (via: string, dev = 2): readonly RouteNextHop[] => [{ via, dev }];

t.test('a route does not resolve its own next hop: when the default moves or goes, so do they', async (t) => {
  const node = new Node();
  await node.others({ [DEFAULT]: by('10.1.0.254') });
  await node.learn({ '172.31.0.0/16': ['172.31.0.9'], '203.0.113.0/24': ['172.31.0.9'] });
  t.same(node.routes, { '172.31.0.0/16': '10.1.0.254%2', '203.0.113.0/24': '10.1.0.254%2' });
  await node.others({ [DEFAULT]: by('10.1.0.253') });
  t.same(node.routes, { '172.31.0.0/16': '10.1.0.253%2', '203.0.113.0/24': '10.1.0.253%2' });
  await node.others({});
  t.same(node.routes, {});
  await node.others({ [DEFAULT]: by('10.1.0.252') });
  t.same(node.routes, { '172.31.0.0/16': '10.1.0.252%2', '203.0.113.0/24': '10.1.0.252%2' });
});

t.test('nor do two resolve each other’s, or three', async (t) => {
  for (const routes of [
    { '172.16.0.0/16': ['172.17.0.1'], '172.17.0.0/16': ['172.16.0.1'] },
    { '172.16.0.0/16': ['172.17.0.1'], '172.17.0.0/16': ['172.18.0.1'], '172.18.0.0/16': ['172.16.0.1'] },
  ]) {
    const node = new Node();
    const all = (via: string) => Object.fromEntries(Object.keys(routes).map((cidr) => [cidr, `${via}%2`]));
    await node.others({ [DEFAULT]: by('10.1.0.254') });
    await node.learn(routes);
    t.same(node.routes, all('10.1.0.254'));
    await node.others({ [DEFAULT]: by('10.1.0.253') });
    t.same(node.routes, all('10.1.0.253'));
    await node.others({});
    t.same(node.routes, {});
  }
});

t.test(
  'a more specific learned route leads to a next hop, from when it is told of until it is withdrawn',
  async (t) => {
    const node = new Node();
    const others = { [DEFAULT]: by('10.9.0.1', 9), '10.1.0.0/24': [{ dev: 2 }] };
    await node.others(others);
    await node.learn({ '203.0.113.0/24': ['192.0.2.7'] });
    t.same(node.routes, { '203.0.113.0/24': '10.9.0.1%9' });
    await node.learn({ '192.0.2.7/32': ['10.1.0.250'] });
    t.same(node.routes, { '203.0.113.0/24': '10.1.0.250%2', '192.0.2.7/32': '10.1.0.250%2' });
    await node.learn({ '192.0.2.7/32': ['10.1.0.251'] });
    t.same(node.routes, { '203.0.113.0/24': '10.1.0.251%2', '192.0.2.7/32': '10.1.0.251%2' });
    await node.others(others);
    t.same(node.routes, { '203.0.113.0/24': '10.1.0.251%2', '192.0.2.7/32': '10.1.0.251%2' });
    await node.learn({ '192.0.2.7/32': [] });
    t.same(node.routes, { '203.0.113.0/24': '10.9.0.1%9' });
  },
);

t.test('a route of others that is as specific goes before a learned one', async (t) => {
  const node = new Node();
  await node.others({ '10.1.0.0/24': [{ dev: 2 }], '192.0.2.0/24': by('10.1.0.1') });
  await node.learn({ '192.0.0.0/16': ['10.1.0.250'], '203.0.113.0/24': ['192.0.2.7'] });
  t.same(node.routes, { '192.0.0.0/16': '10.1.0.250%2', '203.0.113.0/24': '10.1.0.1%2' });
});

t.test('several ways to a next hop are all of the route’s, each once', async (t) => {
  const node = new Node();
  const two = [
    { via: '10.1.0.1', dev: 2, weight: 1 },
    { via: '10.2.0.1', dev: 3, weight: 1 },
  ];
  await node.others({ '192.0.2.0/24': two, '198.51.100.0/24': by('10.2.0.1', 3) });
  await node.learn({ '203.0.113.0/24': ['192.0.2.7'], '203.0.114.0/24': ['192.0.2.7', '198.51.100.1'] });
  t.same(node.routes, { '203.0.113.0/24': '10.1.0.1%2 10.2.0.1%3', '203.0.114.0/24': '10.1.0.1%2 10.2.0.1%3' });
});

t.test('routes to pods and through tunnels are ours, and ways to next hops all the same', async (t) => {
  for (const source of ['workload', 'tunnel'] as const) {
    const node = new Node();
    const info = node.table.infos.id({ kind: 'unicast', protocol: 80, table: 254, nextHops: [{ dev: 7 }] });
    node.table.want(source, node.table.prefixes.intern4(0x0af40105, 32), info);
    await node.learn({ '203.0.113.0/24': ['10.244.1.5'] });
    t.equal(node.routes['203.0.113.0/24'], '10.244.1.5%7', source);
  }
});

t.test('IPv6 alike', async (t) => {
  const node = new Node(6);
  await node.others({ '::/0': by('fd00::254') });
  await node.learn({ 'fd31::/16': ['fd31::9'], 'fd32::/32': ['fd31::9'] });
  t.same(node.routes, { 'fd31::/16': 'fd00::254%2', 'fd32::/32': 'fd00::254%2' });
  await node.others({ '::/0': by('fd00::253') });
  t.same(node.routes, { 'fd31::/16': 'fd00::253%2', 'fd32::/32': 'fd00::253%2' });
});

t.test('the table is read as a whole for nobody but those whose next hops lie behind learned routes', async (t) => {
  const node = new Node();
  const others = { [DEFAULT]: by('10.1.0.254'), '10.1.0.0/24': [{ dev: 2 }] };
  await node.others(others);
  await node.learn({ '10.244.1.0/26': ['10.1.0.2'], '10.244.2.0/26': ['10.1.0.3'] });
  await node.others(others);
  t.equal(node.main.asked.dump, 0);
  await node.learn({ '172.31.0.0/16': ['172.31.0.9'] });
  await node.others(others);
  t.equal(node.main.asked.dump, 1);
});

t.test('next hops that nobody has any more are not asked for', async (t) => {
  const node = new Node();
  const others = { '10.0.0.0/8': [{ dev: 2 }] };
  await node.others(others);
  for (let host = 1; host <= 200; host++) await node.learn({ '10.244.1.0/26': [`10.1.0.${host}`] });
  await node.others(others);
  node.main.asked.match = 0;
  await node.others(others);
  t.equal(node.main.asked.match, 1);
});
