import type { Filter, PeerConfig, RouteSelection } from 'bgp-speaker-ts';
import t from 'tap';
import { Network } from './speaker-network.ts';

const [A, B, C, D] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];

function peer(address: string, remoteAs: number, more: Partial<PeerConfig> = {}): PeerConfig {
  return { address, remoteAs, ...more };
}

t.test(
  'eBGP prepends its AS, announces itself as next hop and keeps LOCAL_PREF and foreign MED to itself',
  async (t) => {
    const network = new Network();
    const a = await network.node(A, 65001, [peer(B, 65002)]);
    await network.node(B, 65002, [peer(A, 65001), peer(C, 65003)]);
    const c = await network.node(C, 65003, [peer(B, 65002)]);
    a.speaker.originate([{ prefix: '192.168.0.0/24', med: 7, localPref: 300 }]);
    network.run(3);
    t.same(c.routes, [`192.168.0.0/24 via ${B}`]);
    t.match(c.speaker.explain('192.168.0.0/24').paths[0], { asPath: [65002, 65001], med: 0, localPref: 100 });
  },
);

t.test('a route never goes back to the peer that it came from, nor around a loop', async (t) => {
  const network = new Network();
  const a = await network.node(A, 65001, [peer(B, 65002), peer(C, 65003)]);
  const b = await network.node(B, 65002, [peer(A, 65001), peer(C, 65003)]);
  const c = await network.node(C, 65003, [peer(A, 65001), peer(B, 65002)]);
  a.speaker.originate([{ prefix: '192.168.0.0/24' }]);
  network.run(3);
  t.same(b.speaker.explain('192.168.0.0/24').announcements, [
    { peer: A, announced: false, reason: 'it came from this peer' },
    { peer: C, announced: true },
  ]);
  t.match(c.speaker.explain('192.168.0.0/24').paths, [
    { peer: A, best: true },
    { peer: B, best: false, reason: 'lost on AS_PATH length' },
  ]);
  a.speaker.originate([]);
  network.run(3);
  t.same([b.routes, c.routes], [[], []]);
});

t.test('allowas-in lets our own AS be in the path', async (t) => {
  for (const [allowed, routes] of [
    [0, []],
    [1, [`192.168.0.0/24 via ${B}`]],
  ] as const) {
    const network = new Network();
    const a = await network.node(A, 65001, [peer(B, 65002)]);
    await network.node(B, 65002, [peer(A, 65001), peer(C, 65001)]);
    const c = await network.node(C, 65001, [peer(B, 65002, { allowLocalAs: allowed })]);
    a.speaker.originate([{ prefix: '192.168.0.0/24' }]);
    network.run(3);
    t.same(c.routes, routes);
    t.match(c.speaker.explain('192.168.0.0/24').paths[0].reason ?? '', allowed === 0 ? /loop/ : '');
  }
});

t.test('internal routes go on to internal peers through a reflector only', async (t) => {
  for (const reflects of [false, true]) {
    const network = new Network();
    const client = reflects ? { routeReflector: { clusterId: '1.1.1.1' } } : {};
    const a = await network.node(A, 65001, [peer(B, 65001)]);
    const b = await network.node(B, 65001, [peer(A, 65001, client), peer(C, 65001, client), peer(D, 65001)]);
    const c = await network.node(C, 65001, [peer(B, 65001)]);
    const d = await network.node(D, 65001, [peer(B, 65001)]);
    a.speaker.originate([{ prefix: '192.168.0.0/24' }]);
    network.run(3);
    const expected = reflects ? [`192.168.0.0/24 via ${A}`] : [];
    t.same([c.routes, d.routes], [expected, expected]);
    if (reflects) t.match(c.speaker.explain('192.168.0.0/24').paths, [{ peer: B, originatorId: A }]);
    else t.match(b.speaker.explain('192.168.0.0/24').announcements[1], { announced: false, reason: /reflection/ });
    a.speaker.originate([]);
    network.run(1);
    t.same([c.routes, d.routes], [[], []]);
  }
});

t.test('well-known communities stop a route where they say', async (t) => {
  const network = new Network();
  const a = await network.node(A, 65001, [peer(B, 65001), peer(C, 65003)]);
  const b = await network.node(B, 65001, [peer(A, 65001)]);
  const c = await network.node(C, 65003, [peer(A, 65001)]);
  a.speaker.originate([
    { prefix: '192.168.1.0/24', communities: ['no-export'] },
    { prefix: '192.168.2.0/24', communities: ['no-advertise'] },
    { prefix: '192.168.3.0/24', communities: ['65001:7', '65001:1:2'] },
  ]);
  network.run(3);
  t.same(b.routes, [`192.168.1.0/24 via ${A}`, `192.168.3.0/24 via ${A}`]);
  t.same(c.routes, [`192.168.3.0/24 via ${A}`]);
  t.match(c.speaker.explain('192.168.3.0/24').paths, [{ communities: ['65001:7'], largeCommunities: ['65001:1:2'] }]);
});

const onlyBlocks: Filter = {
  name: 'only-blocks',
  default: 'reject',
  rules: [
    {
      name: 'blocks',
      match: { prefix: { cidr: '192.168.0.0/16', operator: 'in', min: 26, max: 26 } },
      action: 'accept',
    },
    {
      match: { tag: 'special' },
      action: 'accept',
      set: { med: 5, localPref: 250, addCommunities: ['65001:9'], prependAsPath: [65009] },
    },
  ],
};

t.test('an export filter decides, sets, and says which rule it was; a change of it takes effect at once', async (t) => {
  const network = new Network();
  const a = await network.node(A, 65001, [peer(B, 65001, { exportFilter: onlyBlocks })]);
  const b = await network.node(B, 65001, [peer(A, 65001)]);
  a.speaker.originate([
    { prefix: '192.168.0.0/26' },
    { prefix: '192.168.9.0/24' },
    { prefix: '10.9.0.0/16', tag: 'special' },
  ]);
  network.run(3);
  t.same(b.routes, [`10.9.0.0/16 via ${A}`, `192.168.0.0/26 via ${A}`]);
  t.match(b.speaker.explain('10.9.0.0/16').paths, [
    { med: 5, localPref: 250, asPath: [65009], communities: ['65001:9'], best: true },
  ]);
  t.match(a.speaker.explain('192.168.9.0/24').announcements, [
    { announced: false, reason: 'filter only-blocks: no rule matches, the default is reject' },
  ]);
  a.speaker.configure([peer(B, 65001)]);
  network.run(1);
  t.equal(b.best.size, 3);
  a.speaker.configure([peer(B, 65001, { exportFilter: { ...onlyBlocks, rules: [] } })]);
  network.run(1);
  t.same(b.routes, []);
  t.match(b.speaker.peers(), [{ flaps: 0, state: 'Established' }]);
});

t.test('an import filter does the same, without asking the peer again', async (t) => {
  const network = new Network();
  const a = await network.node(A, 65001, [peer(B, 65001)]);
  const b = await network.node(B, 65001, [peer(A, 65001, { importFilter: onlyBlocks })]);
  a.speaker.originate([{ prefix: '192.168.0.0/26' }, { prefix: '192.168.9.0/24' }]);
  network.run(3);
  t.same(b.routes, [`192.168.0.0/26 via ${A}`]);
  t.match(b.speaker.peers(), [{ prefixes: { received: 2, accepted: 1 } }]);
  t.match(b.speaker.explain('192.168.9.0/24').paths, [{ best: false, reason: /^filter only-blocks: no rule matches/ }]);
  b.speaker.configure([peer(A, 65001)]);
  network.run(1);
  t.equal(b.best.size, 2);
});

t.test('equal routes share the load, up to the limit', async (t) => {
  for (const [maximumPaths, expected] of [
    [16, `${A},${B}`],
    [1, A],
  ] as const) {
    const network = new Network();
    const a = await network.node(A, 65001, [peer(C, 65001)]);
    const b = await network.node(B, 65001, [peer(C, 65001)]);
    const c = await network.node(C, 65001, [peer(A, 65001), peer(B, 65001)], { maximumPaths });
    for (const { speaker } of [a, b]) speaker.originate([{ prefix: '10.96.0.0/12' }]);
    network.run(3);
    t.same(c.routes, [`10.96.0.0/12 via ${expected}`]);
    a.speaker.originate([]);
    network.run(1);
    t.same(c.routes, [`10.96.0.0/12 via ${B}`]);
  }
});

t.test('a peer that brings too many prefixes is sent away', async (t) => {
  const network = new Network();
  const a = await network.node(A, 65001, [peer(B, 65001)]);
  const b = await network.node(B, 65001, [peer(A, 65001, { maxPrefixes: 2 })]);
  a.speaker.originate([{ prefix: '10.1.0.0/16' }, { prefix: '10.2.0.0/16' }, { prefix: '10.3.0.0/16' }]);
  network.run(3);
  t.same(b.routes, []);
  t.match(
    a.events.find((event) => event.kind === 'notification' && event.direction === 'received' && event.code === 6),
    { subcode: 1 },
  );
});

t.test('IPv6 routes go over IPv6 sessions', async (t) => {
  const network = new Network();
  const [a6, b6] = ['fd00::1', 'fd00::2'];
  const a = await network.node(a6, 65001, [peer(b6, 65001)]);
  const b = await network.node(b6, 65001, [peer(a6, 65001)]);
  a.speaker.originate([{ prefix: 'fd10:1::/122' }, { prefix: 'fd10:1::40/122' }]);
  network.run(3);
  t.same(b.routes, [`fd10:1::/122 via ${a6}`, `fd10:1::40/122 via ${a6}`]);
  a.speaker.originate([{ prefix: 'fd10:1::40/122' }]);
  network.run(1);
  t.same(b.routes, [`fd10:1::40/122 via ${a6}`]);
});

t.test('with ADD-PATH a reflector passes on every path, and takes each back by itself', async (t) => {
  for (const [addPath, expected] of [
    ['both', `${A},${B}`],
    ['none', A],
  ] as const) {
    const network = new Network();
    const client = { routeReflector: { clusterId: '1.1.1.1' }, addPath };
    const a = await network.node(A, 65001, [peer(D, 65001)]);
    const b = await network.node(B, 65001, [peer(D, 65001)]);
    const c = await network.node(C, 65001, [peer(D, 65001, { addPath })]);
    await network.node(D, 65001, [peer(A, 65001, client), peer(B, 65001, client), peer(C, 65001, client)]);
    for (const { speaker } of [a, b]) speaker.originate([{ prefix: '10.96.0.0/12' }]);
    network.run(3);
    t.same(c.routes, [`10.96.0.0/12 via ${expected}`], addPath);
    t.equal(c.speaker.peers()[0].prefixes.received, addPath === 'both' ? 2 : 1);
    a.speaker.originate([]);
    network.run(1);
    t.same(c.routes, [`10.96.0.0/12 via ${B}`]);
    b.speaker.originate([]);
    network.run(1);
    t.same(c.routes, []);
  }
});

t.test('an external peer without filters gets and gives nothing, if policy is required', async (t) => {
  const network = new Network();
  const required = { ebgpRequiresPolicy: true };
  const open: Filter = { name: 'open', rules: [], default: 'accept' };
  const a = await network.node(A, 65001, [peer(B, 65002)], required);
  const b = await network.node(B, 65002, [peer(A, 65001)]);
  a.speaker.originate([{ prefix: '10.1.0.0/16' }]);
  b.speaker.originate([{ prefix: '10.2.0.0/16' }]);
  network.run(3);
  t.same([a.routes, b.routes], [[], []]);
  t.match(a.speaker.explain('10.2.0.0/16').paths, [{ reason: /^filter default-deny/ }]);
  a.speaker.configure([peer(B, 65002, { importFilter: open, exportFilter: open })]);
  network.run(1);
  t.same([a.routes, b.routes], [[`10.2.0.0/16 via ${B}`], [`10.1.0.0/16 via ${A}`]]);
});

t.test('next hops are ours, or kept, as the peer is configured', async (t) => {
  for (const [nextHop, expected] of [
    ['auto', A],
    ['self', B],
    ['keep', A],
  ] as const) {
    const network = new Network();
    const a = await network.node(A, 65001, [peer(B, 65002, {})]);
    await network.node(B, 65002, [peer(A, 65001), peer(C, 65002, { nextHop })]);
    const c = await network.node(C, 65002, [peer(B, 65002)]);
    a.speaker.originate([{ prefix: '10.1.0.0/16' }]);
    network.run(3);
    t.same(c.routes, [`10.1.0.0/16 via ${expected}`], nextHop);
  }
});

t.test('a peer that is taken away takes its routes along, and the others are told', async (t) => {
  const network = new Network();
  const a = await network.node(A, 65001, [peer(B, 65002)]);
  const b = await network.node(B, 65002, [peer(A, 65001), peer(C, 65003)]);
  const c = await network.node(C, 65003, [peer(B, 65002)]);
  a.speaker.originate([{ prefix: '10.1.0.0/16' }]);
  network.run(3);
  t.equal(c.best.size, 1);
  b.speaker.configure([peer(C, 65003)]);
  network.run(1);
  t.same([b.routes, c.routes], [[], []]);
  t.match(
    a.events.findLast(({ kind }) => kind === 'notification'),
    { direction: 'received', code: 6 },
  );
});

t.test('routes follow the cost of their next hops', async (t) => {
  const network = new Network();
  const costs: Record<string, number | undefined> = { [A]: 1, [B]: 2 };
  const a = await network.node(A, 65001, [peer(C, 65001)]);
  const b = await network.node(B, 65001, [peer(C, 65001)]);
  const options = { nextHopCost: (address: string) => costs[address] };
  const c = await network.node(C, 65001, [peer(A, 65001), peer(B, 65001)], options);
  for (const { speaker } of [a, b]) speaker.originate([{ prefix: '10.96.0.0/12' }]);
  network.run(3);
  t.same(c.routes, [`10.96.0.0/12 via ${A}`]);
  costs[A] = undefined;
  c.speaker.nextHopsChanged();
  network.run(1);
  t.same(c.routes, [`10.96.0.0/12 via ${B}`]);
  t.match(c.speaker.explain('10.96.0.0/12').paths[1], { peer: A, reason: 'its next hop is unreachable' });
});

t.test('a filter may ask by which interface a route leads, and is asked again when that changes', async (t) => {
  const network = new Network();
  let name = 'eth0';
  const refuse = (pattern: string): Filter => ({
    name: pattern,
    rules: [{ match: { interface: pattern }, action: 'reject' }],
    default: 'accept',
  });
  const a = await network.node(A, 65001, [peer(B, 65001, { exportFilter: refuse('cali*') })]);
  const options = { nextHopInterface: (address: string) => (address === A ? name : undefined) };
  const neighbours = [
    peer(A, 65001, { importFilter: refuse('eth1'), routeReflector: { clusterId: '1.0.0.1' } }),
    peer(C, 65001, { exportFilter: refuse('eth2') }),
  ];
  const b = await network.node(B, 65001, neighbours, options);
  const c = await network.node(C, 65001, [peer(B, 65001)]);
  a.speaker.originate([{ prefix: '10.96.0.0/26' }, { prefix: '10.97.0.1/32', interface: 'cali1' }]);
  network.run(3);
  const there = [`10.96.0.0/26 via ${A}`];
  t.same([b.routes, c.routes], [there, there]);
  const views: readonly [name: string, b: readonly string[], c: readonly string[]][] = [
    ['eth1', [], []],
    ['eth2', there, []],
    ['eth0', there, there],
  ];
  for (const [next, atB, atC] of views) {
    name = next;
    b.speaker.nextHopsChanged();
    network.run(3);
    t.same([b.routes, c.routes], [atB, atC], name);
  }
  a.speaker.originate([{ prefix: '10.96.0.0/26', interface: 'cali2' }, { prefix: '10.97.0.1/32' }]);
  network.run(3);
  t.same(b.routes, [`10.97.0.1/32 via ${A}`]);
});

t.test('roles keep a route that came from a provider from leaking to another', async (t) => {
  const network = new Network();
  const customer = { role: 'customer' } as const;
  const a = await network.node(A, 65001, [peer(B, 65002, { role: 'provider' })]);
  const b = await network.node(B, 65002, [
    peer(A, 65001, customer),
    peer(C, 65003, customer),
    peer(D, 65004, { role: 'provider' }),
  ]);
  const c = await network.node(C, 65003, [peer(B, 65002, { role: 'provider' })]);
  const d = await network.node(D, 65004, [peer(B, 65002, customer)]);
  a.speaker.originate([{ prefix: '10.1.0.0/16' }]);
  d.speaker.originate([{ prefix: '10.4.0.0/16' }]);
  network.run(3);
  t.same(c.routes, [`10.4.0.0/16 via ${B}`], "the customer's route, and not the other provider's");
  t.same(d.routes, [`10.1.0.0/16 via ${B}`]);
  t.match(b.speaker.explain('10.1.0.0/16').announcements[1], { peer: C, reason: /customers only/ });
});

t.test('a marked route from a customer is a leak', async (t) => {
  const network = new Network();
  const a = await network.node(A, 65001, [peer(B, 65002, { role: 'provider' })]);
  // The one in the middle names no role towards C and so leaks what its provider marked.
  await network.node(B, 65002, [peer(A, 65001, { role: 'customer' }), peer(C, 65003)]);
  const c = await network.node(C, 65003, [peer(B, 65002, { role: 'provider' })]);
  a.speaker.originate([{ prefix: '10.1.0.0/16' }]);
  network.run(3);
  t.same(c.routes, []);
  t.match(c.speaker.explain('10.1.0.0/16').paths, [{ reason: /leaked/ }]);
});

t.test('each table of a peer tells its routes: what came, what was let in, what was told, and why not', async (t) => {
  const network = new Network();
  const importFilter: Filter = {
    name: 'no-nine',
    default: 'accept',
    rules: [{ match: { prefix: { cidr: '192.168.9.0/24', operator: 'equal' } }, action: 'reject' }],
  };
  const a = await network.node(A, 65001, [peer(B, 65002)]);
  const b = await network.node(B, 65002, [peer(A, 65001, { importFilter }), peer(C, 65003)]);
  await network.node(C, 65003, [peer(B, 65002)]);
  a.speaker.originate([{ prefix: '192.168.8.0/24' }, { prefix: '192.168.9.0/24' }, { prefix: '2001:db8::/64' }]);
  b.speaker.originate([{ prefix: '10.0.0.0/24' }]);
  network.run(3);
  const of = (name: string, selection: RouteSelection, limit = 100) =>
    b.speaker.routesOf(name, selection, limit).routes.map(({ prefix, reason }) => (reason ? [prefix, reason] : prefix));
  const refused = ['192.168.9.0/24', 'filter no-nine: rule 0 rejects'];
  t.match(of(A, 'received').sort(), ['192.168.8.0/24', [refused[0], /no-nine/]]);
  t.same(of(A, 'accepted'), ['192.168.8.0/24']);
  t.match(of(A, 'filtered'), [['192.168.9.0/24', /no-nine/]]);
  t.same(of(A, 'advertised'), ['10.0.0.0/24']);
  t.same(of(A, 'not-exported'), [['192.168.8.0/24', 'it came from this peer']]);
  t.same(of(C, 'advertised').sort(), ['10.0.0.0/24', '192.168.8.0/24']);
  t.match(b.speaker.routesOf(A, 'received', 1), { total: 2, routes: { length: 1 } });
  t.same(b.speaker.routesOf('10.9.9.9', 'received', 1), { total: 0, routes: [] });
});
