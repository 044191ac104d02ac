import { type FibInfo, printKernel, ROUTE_ADD, ROUTE_DELETE, ROUTE_REPLACE } from '../../../src/netlink/index.ts';
import { routeChanges, type WordedChange } from '../../fakes/route-changes.ts';
import { BLACKHOLE, DIRECT, type Scenarios } from './ground.ts';

/** Addresses and routes: what is kept as it was given, what replaces what, and which way the kernel would send. */
export const ROUTES: Scenarios = {
  'addresses bring their connected routes, and replace themselves': async ({ t, kernel, dev }) => {
    await dev();
    await kernel.addressAdd({ dev: 'cali1', address: '10.1.0.1/24' });
    await kernel.addressAdd({ dev: 'cali1', address: '10.9.9.9/32' });
    t.match(
      await printKernel(kernel),
      /address\n {2}2: cali1 inet 10.1.0.1\/24 scope global\n {2}2: cali1 inet 10.9.9.9\/32/,
    );
    t.match(await printKernel(kernel), /\n {2}10.1.0.0\/24 dev cali1 proto kernel scope link src 10.1.0.1\n/);
    t.match(await printKernel(kernel), /\n {2}fd00::\/64 dev cali1 proto kernel metric 256\n/);
    await kernel.addressDelete({ dev: 'cali1', address: '10.9.9.9/32' });
    t.equal((await kernel.addressList({ dev: 'cali1', family: 4 })).length, 1);
  },

  'every shape of route is kept as it was given': async ({ t, kernel, dev }) => {
    const index = await dev();
    const direct: FibInfo = { ...DIRECT, nextHops: [{ dev: index }] };
    const via: FibInfo = { ...DIRECT, nextHops: [{ via: '10.1.0.2', dev: index }] };
    const onlink: FibInfo = { ...DIRECT, nextHops: [{ via: '192.0.2.1', dev: index, onlink: true }] };
    const several: FibInfo = {
      ...DIRECT,
      nextHops: [
        { via: '10.1.0.2', dev: index, weight: 1 },
        { via: '10.1.0.3', dev: index, weight: 5 },
      ],
    };
    const failures = await kernel.applyRoutes(
      routeChanges(4, [
        [ROUTE_ADD, '10.5.0.1/32', direct],
        [ROUTE_ADD, '10.5.1.0/26', via],
        [ROUTE_ADD, '10.5.2.0/26', onlink],
        [ROUTE_ADD, '10.5.3.0/26', several],
        [ROUTE_ADD, '10.5.4.0/26', BLACKHOLE],
        [ROUTE_ADD, '10.5.5.0/26', { ...via, metric: 100, mtu: 1300, source: '10.1.0.1' }],
        [ROUTE_ADD, '0.0.0.0/0', { ...via, protocol: 12 }],
        [ROUTE_ADD, '10.5.6.0/26', { ...via, table: 1000 }],
      ]),
    );
    t.same(failures, []);
    t.match(
      await printKernel(kernel),
      `route
  10.1.0.0/24 dev cali1 proto kernel scope link src 10.1.0.1
  10.5.0.1 dev cali1 proto 80 scope link
  10.5.1.0/26 via 10.1.0.2 dev cali1 proto 80
  10.5.2.0/26 via 192.0.2.1 dev cali1 proto 80 onlink
  10.5.3.0/26 proto 80
	nexthop via 10.1.0.2 dev cali1 weight 1
	nexthop via 10.1.0.3 dev cali1 weight 5
  10.5.5.0/26 via 10.1.0.2 dev cali1 proto 80 src 10.1.0.1 metric 100 mtu 1300
  blackhole 10.5.4.0/26 proto 80
  default via 10.1.0.2 dev cali1 proto bird
  fd00::/64 dev cali1 proto kernel metric 256
`,
    );
    const elsewhere = await kernel.routeList({ family: 4, table: 1000 });
    t.match(elsewhere, [{ destination: '10.5.6.0/26', table: 1000, protocol: 80 }]);
    t.equal((await kernel.routeList({ family: 4, protocol: 12 })).length, 1);
    t.same(await kernel.routeList({ family: 4, table: 999 }), [], 'a table that was never used is empty');
  },

  'IPv6 routes too': async ({ t, kernel, dev }) => {
    const index = await dev();
    const via: FibInfo = { ...DIRECT, metric: 1024, nextHops: [{ via: 'fd00::2', dev: index }] };
    const failures = await kernel.applyRoutes(
      routeChanges(6, [
        [ROUTE_ADD, 'fd01::/122', via],
        [ROUTE_ADD, 'fd02::1/128', { ...via, nextHops: [{ dev: index }] }],
        [ROUTE_ADD, 'fd03::/64', { ...BLACKHOLE, metric: 1024 }],
        [ROUTE_ADD, 'fd04::/64', via],
        [ROUTE_REPLACE, 'fd04::/64', { ...via, nextHops: [{ via: 'fd00::3', dev: index }] }],
        [ROUTE_DELETE, 'fd02::1/128', via],
      ]),
    );
    t.same(failures, []);
    t.match(
      await printKernel(kernel),
      `
  blackhole fd03::/64 proto 80 metric 1024
  fd00::/64 dev cali1 proto kernel metric 256
  fd01::/122 via fd00::2 dev cali1 proto 80 metric 1024
  fd04::/64 via fd00::3 dev cali1 proto 80 metric 1024
`,
    );
  },

  'an IPv6 gateway on the link must not be behind another one': async ({ t, kernel, dev }) => {
    const index = await dev();
    await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
    await kernel.linkSet('br0', { up: true });
    const { index: other = 0 } = (await kernel.linkGet('br0')) ?? {};
    const add = (destination: string, info: FibInfo) =>
      kernel.applyRoutes(routeChanges(6, [[ROUTE_ADD, destination, info]]));
    const onlink: FibInfo = { ...DIRECT, nextHops: [{ via: 'fd05::1', dev: other, onlink: true }] };
    t.same(await add('fd05::/122', { ...DIRECT, nextHops: [{ via: 'fd00::2', dev: index }] }), []);
    t.match(await add('fd06::/122', onlink), [
      { code: 'EINVAL', reason: 'Nexthop has invalid gateway or device mismatch' },
    ]);
    t.same(await add('fd05::1/128', { ...DIRECT, nextHops: [{ dev: other }] }), []);
    t.same(await add('fd06::/122', onlink), []);
  },

  'columns hold what a list holds': async ({ t, kernel, dev }) => {
    const index = await dev();
    for (const family of [4, 6] as const) {
      const network = family === 4 ? '10.6' : 'fd06:';
      const via = family === 4 ? '10.1.0.2' : 'fd00::2';
      const ways: FibInfo[] = [
        { ...DIRECT, metric: 50, nextHops: [{ dev: index }] },
        { ...DIRECT, metric: 50, nextHops: [{ via, dev: index }] },
        { ...BLACKHOLE, metric: 50 },
      ];
      const changes = Array.from({ length: 300 }, (_, entry): WordedChange => {
        const place = family === 4 ? `${network}.${entry >> 8}.${entry & 255}/32` : `${network}:${entry + 1}/128`;
        return [ROUTE_ADD, place, ways[entry % ways.length]];
      });
      t.same(await kernel.applyRoutes(routeChanges(family, changes)), []);
      const listed = await kernel.routeList({ family, protocol: 80 });
      const columns = await kernel.routeColumns({ family, protocol: 80 });
      t.equal(columns.count, 300);
      const words = family === 4 ? 1 : 4;
      const expected = routeChanges(
        family,
        listed.map((route): WordedChange => [ROUTE_ADD, route.destination, route]),
      );
      t.same([...columns.addresses.subarray(0, 300 * words)], [...expected.addresses]);
      t.same([...columns.lengths.subarray(0, 300)], [...expected.lengths]);
      const infos = listed.map(({ family: _, destination: __, ...info }) => info);
      t.same(
        Array.from({ length: 300 }, (_, entry) => columns.infos[columns.infoIndex[entry]]),
        infos,
      );
    }
    t.equal((await kernel.routeColumns({ family: 4, table: 999 })).count, 0);
  },

  'an exclusive add never replaces; a replacement does; a deletion finds only its own protocol': async ({
    t,
    kernel,
    dev,
  }) => {
    const index = await dev();
    const bird: FibInfo = { kind: 'unicast', protocol: 12, table: 254, nextHops: [{ via: '10.1.0.2', dev: index }] };
    const ours: FibInfo = { ...DIRECT, nextHops: [{ via: '10.1.0.3', dev: index }] };
    const apply = (verb: number, info: FibInfo) => kernel.applyRoutes(routeChanges(4, [[verb, '10.7.0.0/26', info]]));
    const route = async () =>
      (await kernel.routeList({ family: 4 })).find((found) => found.destination === '10.7.0.0/26');
    t.same(await apply(ROUTE_ADD, bird), []);
    t.match(await apply(ROUTE_ADD, ours), [{ entry: 0, code: 'EEXIST' }]);
    t.match(await route(), { protocol: 12 });
    t.same(await apply(ROUTE_DELETE, ours), [], 'what is not ours is not there for us');
    t.match(await route(), { protocol: 12 });
    t.same(await apply(ROUTE_REPLACE, ours), []);
    t.match(await route(), { protocol: 80, nextHops: [{ via: '10.1.0.3', dev: index }] });
    t.same(await apply(ROUTE_DELETE, ours), []);
    t.equal(await route(), undefined);
    t.same(await apply(ROUTE_DELETE, ours), [], 'deleting what is not there counts as done');
  },

  'the route that an address matches is shown whole': async ({ t, kernel, dev }) => {
    const index = await dev();
    const two = (network: string) => [2, 3].map((host) => ({ via: `${network}${host}`, dev: index }));
    for (const [family, network, wide] of [
      [4, '10.1.0.', '10.8.0.0/16'],
      [6, 'fd00::', 'fd08::/32'],
    ] as const) {
      const address = wide.replace(/(0)?\/.*/, family === 4 ? '9' : '9');
      t.equal(await kernel.routeMatch(address), undefined);
      const change = [ROUTE_ADD, wide, { ...DIRECT, nextHops: two(network) }] as const;
      t.same(await kernel.applyRoutes(routeChanges(family, [change])), []);
      const found = await kernel.routeMatch(address);
      const ways = new Set(two(network).map(({ via, dev: out }) => `${via} ${out}`));
      t.match(found, { destination: wide, protocol: 80, table: 254, kind: 'unicast' });
      // Kernels differ in the order in which they list the ways of an IPv6 route.
      t.same(new Set(found?.nextHops.map(({ via, dev: out }) => `${via} ${out}`)), ways);
      t.match(await kernel.routeMatch(`${network}7`), { protocol: 2, nextHops: [{ dev: index }] });
    }
  },

  'refused routes are named by entry, the others are done': async ({ t, kernel, dev }) => {
    const index = await dev();
    const hop = (nextHop: object): FibInfo => ({ ...DIRECT, nextHops: [nextHop] });
    const failures = await kernel.applyRoutes(
      routeChanges(4, [
        [ROUTE_REPLACE, '10.8.0.0/26', hop({ dev: index })],
        [ROUTE_REPLACE, '10.8.1.0/26', hop({ via: '192.0.2.1', dev: index })],
        [ROUTE_REPLACE, '10.8.2.0/26', hop({ dev: 9999 })],
        [ROUTE_REPLACE, '10.8.3.0/26', hop({ dev: index })],
        [ROUTE_REPLACE, '10.8.4.1/26', hop({ dev: index })],
        [ROUTE_REPLACE, '10.8.5.0/26', { ...DIRECT, nextHops: [{ dev: index }], source: '192.0.2.9' }],
        [ROUTE_REPLACE, '10.8.6.0/26', { ...DIRECT, nextHops: [{ dev: 1 }] }],
      ]),
    );
    t.match(failures, [
      { entry: 1, code: 'ENETUNREACH', reason: 'Nexthop has invalid gateway' },
      { entry: 2, code: 'ENODEV' },
      { entry: 4, code: 'EINVAL', reason: 'Invalid prefix for given prefix length' },
      { entry: 5, code: 'EINVAL', reason: 'Invalid prefsrc address' },
      { entry: 6, code: 'ENETDOWN', reason: 'Device for nexthop is not up' },
    ]);
    t.equal(failures.length, 5);
    const ours = await kernel.routeList({ family: 4, protocol: 80 });
    t.same(ours.map(({ destination }) => destination).sort(), ['10.8.0.0/26', '10.8.3.0/26']);
  },

  'a look-up says which way the kernel would send': async ({ t, kernel, dev }) => {
    const index = await dev();
    await kernel.applyRoutes(
      routeChanges(4, [
        [ROUTE_ADD, '10.8.0.0/16', { ...DIRECT, nextHops: [{ via: '10.1.0.2', dev: index }] }],
        [ROUTE_ADD, '10.8.1.0/26', BLACKHOLE],
      ]),
    );
    const found = await kernel.routeGet('10.8.0.1');
    t.match(found, { destination: '10.8.0.1/32', source: '10.1.0.1', nextHops: [{ via: '10.1.0.2', dev: index }] });
    t.equal(await kernel.routeGet('10.8.1.1'), undefined, 'a blackhole is no way');
    t.equal(await kernel.routeGet('192.0.2.1'), undefined);
  },
};
