import t, { type Test } from 'tap';
import {
  type Kernel,
  type KernelError,
  type KernelEvent,
  printKernel,
  ROUTE_ADD,
  ROUTE_DELETE,
  ROUTE_REPLACE,
  type RouteHow,
} from '../../src/netlink/index.ts';
import { routeChanges, type WordedChange } from '../fakes/route-changes.ts';
import { rejects } from './rejects.ts';

/** Two fresh namespaces of one kernel, and their paths. */
export interface TwoNamespaces {
  readonly kernel: Kernel;
  readonly path: string;
  readonly otherPath: string;
  close(): Promise<void>;
}

interface Ground extends TwoNamespaces {
  readonly t: Test;
  /** Index of `cali1`, which is up, with 10.1.0.1/24 and fd00::1/64, and has a veth peer `eth0` over there. */
  dev(): Promise<number>;
}

const DIRECT = { kind: 'unicast', protocol: 80, table: 254 } as const;
const BLACKHOLE: RouteHow = { kind: 'blackhole', protocol: 80, table: 254, nextHops: [] };

/** What every implementation of `Kernel` promises: each scenario is a sentence and what `ip` shows afterwards. */
const SCENARIOS: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  'a fresh namespace has loopback and the three rules': async ({ t, kernel }) => {
    t.equal(
      await printKernel(kernel),
      `link
  1: lo: <LOOPBACK> mtu 65536 state DOWN link/loopback 00:00:00:00:00:00
rule
  0: from all lookup local
  32766: from all lookup main
  32767: from all lookup default
  0: from all lookup local
  32766: from all lookup main
`,
    );
  },

  'a veth is born with its peer in the other namespace': async ({ t, kernel, otherPath, dev }) => {
    await dev();
    const other = await kernel.inNamespace(otherPath);
    const [here] = (await kernel.linkList()).filter(({ name }) => name === 'cali1');
    const [there] = (await other.linkList()).filter(({ name }) => name === 'eth0');
    t.match(here, { kind: 'veth', mtu: 1400, mac: 'ee:ee:ee:ee:ee:ee', up: true, alias: 'pod one' });
    t.match(there, { kind: 'veth', mtu: 1400, mac: '02:00:00:00:00:99', up: true });
    t.ok(here.flags.includes('LOWER_UP') && there.flags.includes('LOWER_UP'), 'both have a carrier');
    t.equal(here.linkIndex, there.index);
    t.type(here.linkNamespaceId, 'number');
    other.close();
  },

  'a link is found by its name, as the list has it': async ({ t, kernel, dev }) => {
    await dev();
    t.same(
      await kernel.linkGet('cali1'),
      (await kernel.linkList()).find(({ name }) => name === 'cali1'),
    );
    t.equal(await kernel.linkGet('cali2'), undefined);
  },

  'a link that is up but whose peer is down has no carrier': async ({ t, kernel, otherPath, dev }) => {
    await dev();
    const other = await kernel.inNamespace(otherPath);
    await other.linkSet('eth0', { up: false });
    const [here] = (await kernel.linkList()).filter(({ name }) => name === 'cali1');
    t.ok(here.up && !here.flags.includes('LOWER_UP'));
    other.close();
  },

  'deleting one end of a veth deletes the other, with addresses and routes': async ({ t, kernel, otherPath, dev }) => {
    await dev();
    await kernel.linkDelete('cali1');
    const other = await kernel.inNamespace(otherPath);
    t.same(await names(other), ['lo']);
    t.same(await names(kernel), ['lo']);
    t.same(await kernel.addressList({ family: 4 }), []);
    t.same(await kernel.routeList({ family: 4 }), []);
    other.close();
  },

  'links may be ended many at a time, and each is answered for itself': async ({ t, kernel }) => {
    await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
    for (const round of [1, 2]) {
      const veths = Array.from({ length: 12 }, (_, index) => `v${index}`);
      for (const name of veths) await kernel.linkAdd({ kind: 'veth', name, peerName: `peer-${name}` });
      const ended = await Promise.allSettled([...veths, 'lo', 'nothing'].map((name) => kernel.linkDelete(name)));
      t.same(
        ended.map((one) => (one.status === 'rejected' ? (one.reason as KernelError).code : 'done')),
        [...veths.map(() => 'done'), 'EOPNOTSUPP', 'ENODEV'],
        `round ${round}`,
      );
      t.same(await names(kernel), ['lo', 'br0']);
    }
  },

  'a link can be renamed, and moved to another namespace': async ({ t, kernel, otherPath }) => {
    await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
    await kernel.linkSet('br0', { name: 'br1' });
    t.same(await names(kernel), ['lo', 'br1']);
    await kernel.linkAdd({ kind: 'veth', name: 'v0', peerName: 'v1' });
    await kernel.linkSet('v1', { namespace: otherPath, name: 'eth9' });
    const other = await kernel.inNamespace(otherPath);
    t.same(await names(kernel), ['lo', 'br1', 'v0']);
    t.same(await names(other), ['lo', 'eth9']);
    other.close();
  },

  'a link joins a bridge and leaves it': async ({ t, kernel, dev }) => {
    await dev();
    await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
    const bridge = (await kernel.linkList()).find(({ name }) => name === 'br0')?.index ?? 0;
    const master = async () => (await kernel.linkList()).find(({ name }) => name === 'cali1')?.masterIndex;
    await kernel.linkSet('cali1', { masterIndex: bridge });
    t.equal(await master(), bridge);
    await kernel.linkSet('cali1', { masterIndex: 0 });
    t.equal(await master(), undefined);
  },

  'a VXLAN device keeps its attributes, and its forwarding database': async ({ t, kernel, dev }) => {
    const parentIndex = await dev();
    const vxlan = { vni: 4096, port: 4789, local: '10.1.0.1', parentIndex, learning: false };
    await kernel.linkAdd({ kind: 'vxlan', name: 'vxlan.calico', mtu: 1350, mac: '66:01:02:03:04:05', vxlan });
    const link = (await kernel.linkList()).find(({ name }) => name === 'vxlan.calico');
    t.match(link, { kind: 'vxlan', mtu: 1350, mac: '66:01:02:03:04:05', vxlan });
    const entry = { dev: 'vxlan.calico', destination: '10.1.0.7', mac: '66:01:02:03:04:06', fdb: true };
    await kernel.neighborAdd(entry);
    await kernel.neighborAdd({ ...entry, destination: '10.1.0.8' });
    const fdb = { dev: 'vxlan.calico', fdb: true };
    t.same(await kernel.neighborList(fdb), [{ ...entry, destination: '10.1.0.8', state: 'permanent' }]);
    await kernel.neighborDelete({ ...entry, destination: '10.1.0.8' });
    t.same(await kernel.neighborList(fdb), []);
  },

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
    const direct: RouteHow = { ...DIRECT, nextHops: [{ dev: index }] };
    const via: RouteHow = { ...DIRECT, nextHops: [{ via: '10.1.0.2', dev: index }] };
    const onlink: RouteHow = { ...DIRECT, nextHops: [{ via: '192.0.2.1', dev: index, onlink: true }] };
    const several: RouteHow = {
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
    const via: RouteHow = { ...DIRECT, metric: 1024, nextHops: [{ via: 'fd00::2', dev: index }] };
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
    const add = (destination: string, how: RouteHow) =>
      kernel.applyRoutes(routeChanges(6, [[ROUTE_ADD, destination, how]]));
    const onlink: RouteHow = { ...DIRECT, nextHops: [{ via: 'fd05::1', dev: other, onlink: true }] };
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
      const ways: RouteHow[] = [
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
      const hows = listed.map(({ family: _, destination: __, ...how }) => how);
      t.same(
        Array.from({ length: 300 }, (_, entry) => columns.hows[columns.howIndex[entry]]),
        hows,
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
    const bird: RouteHow = { kind: 'unicast', protocol: 12, table: 254, nextHops: [{ via: '10.1.0.2', dev: index }] };
    const ours: RouteHow = { ...DIRECT, nextHops: [{ via: '10.1.0.3', dev: index }] };
    const apply = (verb: number, how: RouteHow) => kernel.applyRoutes(routeChanges(4, [[verb, '10.7.0.0/26', how]]));
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
      t.match(found, { destination: wide, protocol: 80, table: 254, kind: 'unicast' });
      t.same(
        found?.nextHops.map(({ via, dev: out }) => ({ via, dev: out })),
        two(network),
      );
      t.match(await kernel.routeMatch(`${network}7`), { protocol: 2, nextHops: [{ dev: index }] });
    }
  },

  'refused routes are named by entry, the others are done': async ({ t, kernel, dev }) => {
    const index = await dev();
    const hop = (nextHop: object): RouteHow => ({ ...DIRECT, nextHops: [nextHop] });
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

  'settings of links are listed, and the kernel tells of some that somebody changes': async ({ t, kernel, dev }) => {
    await dev();
    const events: KernelEvent[] = [];
    const monitor = await kernel.monitor((event) => events.push(event));
    const changes = {
      'net.ipv4.conf.cali1.forwarding': '1',
      'net.ipv4.conf.cali1.rp_filter': '2',
      'net.ipv4.conf.cali1.proxy_arp': '1',
      'net.ipv4.conf.cali1.route_localnet': '1',
      'net.ipv4.neigh.cali1.proxy_delay': '0',
      'net.ipv6.conf.cali1.forwarding': '1',
      'net.ipv6.conf.cali1.proxy_ndp': '1',
      'net.ipv6.conf.cali1.accept_ra': '0',
      'net.ipv6.conf.cali1.accept_dad': '0',
    };
    for (const [name, value] of Object.entries(changes)) await kernel.sysctl(name, value);
    const listed = await kernel.linkSettings();
    for (const [name, value] of Object.entries(changes)) t.equal(listed.get(name), value, name);
    t.equal(listed.get('net.ipv6.conf.cali1.disable_ipv6'), '0');
    await kernel.sysctl('net.ipv4.ip_forward', '1');
    await kernel.sysctl('net.ipv6.conf.all.forwarding', '1');
    await kernel.sysctl('net.ipv4.ip_forward', '0');
    await seen(
      events,
      (event) => event.kind === 'setting' && event.name === 'net.ipv4.conf.cali1.forwarding' && event.value === '0',
    );
    const settings = events.flatMap((event) => (event.kind === 'setting' ? [`${event.name}=${event.value}`] : []));
    for (const name of ['forwarding', 'rp_filter', 'proxy_arp']) {
      const setting = `net.ipv4.conf.cali1.${name}` as keyof typeof changes;
      t.ok(settings.includes(`${setting}=${changes[setting]}`), setting);
    }
    t.ok(settings.includes('net.ipv6.conf.cali1.proxy_ndp=1'));
    t.ok(settings.includes('net.ipv6.conf.all.forwarding=1'));
    t.ok(settings.includes('net.ipv4.conf.all.forwarding=0'), 'ip_forward, by its other name');
    t.equal((await kernel.linkSettings()).get('net.ipv4.conf.cali1.forwarding'), '0', 'which counts for every link');
    monitor.stop();
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

  'a device that goes down takes its routes with it, and keeps its IPv4 addresses': async ({ t, kernel, dev }) => {
    const index = await dev();
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.8.0.0/26', { ...DIRECT, nextHops: [{ dev: index }] }]]));
    await kernel.linkSet('cali1', { up: false });
    t.same(await kernel.routeList({ family: 4 }), []);
    t.equal((await kernel.addressList({ dev: 'cali1', family: 4 })).length, 1);
    await kernel.linkSet('cali1', { up: true });
    const back = (await kernel.routeList({ family: 4 })).map(({ destination }) => destination);
    t.same(back, ['10.1.0.0/24'], 'the connected route comes back by itself, ours does not');
  },

  'rules are added once, and deleted as they were added': async ({ t, kernel }) => {
    const rule = { family: 4, priority: 99, table: 1000, mark: 0x100000, mask: 0x100000, invert: true } as const;
    await kernel.ruleAdd(rule);
    await rejects(t, kernel.ruleAdd(rule), 'EEXIST');
    await kernel.ruleAdd({ family: 4, priority: 100, table: 7, source: '10.0.0.0/8', destination: '10.9.0.0/16' });
    await kernel.ruleAdd({ family: 6, priority: 100, table: 7, source: 'fd00::/8', incoming: 'lo', protocol: 80 });
    t.match(
      await printKernel(kernel),
      `
  99: not from all fwmark 0x100000/0x100000 lookup 1000
  100: from 10.0.0.0/8 to 10.9.0.0/16 lookup 7
`,
    );
    t.match(await printKernel(kernel), '\n  100: from fd00::/8 iif lo lookup 7 proto 80\n');
    await kernel.ruleDelete(rule);
    await rejects(t, kernel.ruleDelete(rule), 'ENOENT');
  },

  'neighbours are permanent unless said otherwise, and replace themselves': async ({ t, kernel, dev }) => {
    await dev();
    await kernel.neighborAdd({ dev: 'cali1', destination: '10.1.0.2', mac: '02:00:00:00:00:01' });
    await kernel.neighborAdd({ dev: 'cali1', destination: '10.1.0.2', mac: '02:00:00:00:00:02' });
    await kernel.neighborAdd({ dev: 'cali1', destination: 'fd00::2', mac: '02:00:00:00:00:03' });
    const ours = (await kernel.neighborList({ dev: 'cali1' })).filter(({ state }) => state === 'permanent');
    t.match(
      ours.sort((a, b) => (a.mac < b.mac ? -1 : 1)),
      [
        { destination: '10.1.0.2', mac: '02:00:00:00:00:02', family: 4 },
        { destination: 'fd00::2', mac: '02:00:00:00:00:03', family: 6 },
      ],
    );
    await kernel.neighborDelete({ dev: 'cali1', destination: 'fd00::2', mac: '02:00:00:00:00:03' });
    await rejects(t, kernel.neighborDelete({ dev: 'cali1', destination: '10.1.0.77', mac: '' }), 'ENOENT');
  },

  'proxy neighbours have no MAC': async ({ t, kernel, dev }) => {
    await dev();
    const proxy = { dev: 'cali1', destination: 'fd00::99', mac: '', proxy: true };
    await kernel.neighborAdd(proxy);
    const found = (await kernel.neighborList({ dev: 'cali1' })).filter((entry) => entry.proxy);
    t.match(found, [{ destination: 'fd00::99', mac: '', family: 6 }]);
    await kernel.neighborDelete(proxy);
    t.same(
      (await kernel.neighborList({ dev: 'cali1' })).filter((entry) => entry.proxy),
      [],
    );
  },

  'what is not there, or there already, is refused by its errno': async ({ t, kernel, dev }) => {
    await dev();
    await rejects(t, kernel.linkAdd({ kind: 'bridge', name: 'cali1' }), 'EEXIST');
    await rejects(t, kernel.linkAdd({ kind: 'bridge', name: 'a-name-that-is-too-long' }), 'ERANGE');
    await rejects(t, kernel.linkSet('nothing', { up: true }), 'ENODEV');
    await rejects(t, kernel.linkDelete('nothing'), 'ENODEV');
    await rejects(t, kernel.addressAdd({ dev: 'nothing', address: '10.0.0.1/32' }), 'ENODEV');
    await rejects(t, kernel.addressDelete({ dev: 'cali1', address: '10.77.0.1/32' }), 'EADDRNOTAVAIL');
    await rejects(
      t,
      kernel.neighborAdd({ dev: 'nothing', destination: '10.0.0.1', mac: '02:00:00:00:00:01' }),
      'ENODEV',
    );
    await rejects(t, kernel.inNamespace('/run/netns/vrt-there-is-none'), 'ENOENT');
    await rejects(t, kernel.sysctl('net.ipv4.conf.nothing.proxy_arp'), 'ENOENT');
  },

  'a sysctl is written in its own namespace': async ({ t, kernel, otherPath, dev }) => {
    await dev();
    t.equal(await kernel.sysctl('net.ipv4.conf.cali1.proxy_arp'), '0');
    t.equal(await kernel.sysctl('net.ipv4.conf.cali1.proxy_arp', '1'), '1');
    const other = await kernel.inNamespace(otherPath);
    // A namespace begins with what its host has.
    const before = await other.sysctl('net.ipv4.ip_forward');
    const after = before === '0' ? '1' : '0';
    t.equal(await kernel.sysctl('net.ipv4.ip_forward', after), after);
    t.equal(await other.sysctl('net.ipv4.ip_forward'), before);
    other.close();
  },

  'a monitor tells of every kind of change': async ({ t, kernel, dev }) => {
    const events: KernelEvent[] = [];
    const monitor = await kernel.monitor((event) => events.push(event));
    const index = await dev();
    const how: RouteHow = { ...DIRECT, nextHops: [{ dev: index }] };
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.8.0.0/26', how]]));
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_DELETE, '10.8.0.0/26', how]]));
    await kernel.neighborAdd({ dev: 'cali1', destination: '10.1.0.2', mac: '02:00:00:00:00:01' });
    for (const family of [4, 6] as const) {
      await kernel.ruleAdd({ family, priority: 99, table: 7 });
      await kernel.ruleDelete({ family, priority: 99, table: 7 });
    }
    await kernel.addressDelete({ dev: 'cali1', address: '10.1.0.1/24' });
    await kernel.linkDelete('cali1');
    await seen(events, ({ kind, ...event }) => kind === 'link' && 'change' in event && event.change === 'deleted');
    const told = (wanted: object) =>
      t.ok(
        events.some((event) => matches(event, wanted)),
        JSON.stringify(wanted),
      );
    told({ kind: 'link', change: 'new', link: { name: 'cali1' } });
    told({ kind: 'address', change: 'new', address: { dev: 'cali1', address: '10.1.0.1/24' } });
    told({ kind: 'route', change: 'new', route: { destination: '10.8.0.0/26', protocol: 80 } });
    told({ kind: 'route', change: 'deleted', route: { destination: '10.8.0.0/26', protocol: 80 } });
    told({ kind: 'neighbor', change: 'new', neighbor: { dev: 'cali1', destination: '10.1.0.2' } });
    for (const family of [4, 6]) {
      told({ kind: 'rule', change: 'new', rule: { family, priority: 99, table: 7 } });
      told({ kind: 'rule', change: 'deleted', rule: { family, priority: 99, table: 7 } });
    }
    told({ kind: 'address', change: 'deleted', address: { address: '10.1.0.1/24' } });
    monitor.stop();
  },

  'a monitor tells of queueing that somebody else has changed': async ({ t, kernel, path, dev }) => {
    await dev();
    const others = await kernel.inNamespace(path);
    const told: string[] = [];
    const monitor = await kernel.monitor((event) => event.kind === 'queueing' && told.push(event.dev));
    await kernel.qdiscReplace({ kind: 'ingress', dev: 'cali1' });
    await others.qdiscDelete('cali1', 'ingress');
    await seen(told, (name) => name === 'cali1');
    t.same(told, ['cali1'], 'and not of what it did itself');
    monitor.stop();
    others.close();
  },

  'a monitor leaves out what it was told to': async ({ t, kernel, path, dev }) => {
    const index = await dev();
    const others = await kernel.inNamespace(path);
    const told: string[] = [];
    const note = (event: KernelEvent) => event.kind === 'route' && told.push(event.route.destination);
    const options = { ignoreOwnRoutes: true, routeProtocols: [80, 12], routeTables: [254] };
    const monitor = await kernel.monitor(note, options);
    const how: RouteHow = { ...DIRECT, nextHops: [{ dev: index }] };
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.8.0.0/26', how]]));
    await others.applyRoutes(
      routeChanges(4, [
        [ROUTE_ADD, '10.8.1.0/26', { ...how, protocol: 4 }],
        [ROUTE_ADD, '10.8.2.0/26', { ...how, table: 1000 }],
        [ROUTE_ADD, '10.8.3.0/26', { ...how, protocol: 12 }],
        [ROUTE_DELETE, '10.8.0.0/26', how],
      ]),
    );
    await seen(told, (destination) => destination === '10.8.0.0/26');
    t.same(told, ['10.8.3.0/26', '10.8.0.0/26']);
    monitor.stop();
    others.close();
  },

  'a group of logged packets is read by one at a time': async ({ t, kernel, path }) => {
    const others = await kernel.inNamespace(path);
    const monitor = await kernel.packetLog(17, () => {});
    const second = await kernel.packetLog(18, () => {});
    await rejects(
      t,
      others.packetLog(17, () => {}),
      'EPERM',
    );
    monitor.stop();
    second.stop();
    others.close();
  },
};

/** Runs every scenario against the kernel that `open` gives, each in two fresh namespaces. */
export async function kernelContract(name: string, open: () => Promise<TwoNamespaces>): Promise<void> {
  for (const [sentence, scenario] of Object.entries(SCENARIOS)) {
    await t.test(`${name}: ${sentence}`, async (t) => {
      const ground = await open();
      t.teardown(() => ground.close());
      await scenario({ ...ground, t, dev: () => layWire(ground) });
    });
  }
}

async function layWire({ kernel, otherPath }: TwoNamespaces): Promise<number> {
  await kernel.linkAdd({
    kind: 'veth',
    name: 'cali1',
    peerName: 'eth0',
    peerNamespace: otherPath,
    mtu: 1400,
    mac: 'ee:ee:ee:ee:ee:ee',
    peerMac: '02:00:00:00:00:99',
    alias: 'pod one',
  });
  const other = await kernel.inNamespace(otherPath);
  await other.linkSet('eth0', { up: true });
  other.close();
  await kernel.linkSet('cali1', { up: true });
  await kernel.addressAdd({ dev: 'cali1', address: '10.1.0.1/24' });
  await kernel.addressAdd({ dev: 'cali1', address: 'fd00::1/64' });
  return (await kernel.linkList()).find(({ name }) => name === 'cali1')?.index ?? 0;
}

async function names(kernel: Kernel): Promise<string[]> {
  return (await kernel.linkList()).map(({ name }) => name);
}

/** Waits, turn by turn of the event loop, until an item that satisfies `wanted` has arrived. */
async function seen<T>(items: readonly T[], wanted: (item: T) => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !items.some(wanted); turn++)
    await new Promise((resolve) => setImmediate(resolve));
}

/** Whether `actual` has at least what `wanted` has, in depth. */
function matches(actual: unknown, wanted: object): boolean {
  if (typeof actual !== 'object' || actual === null) return false;
  const fields = new Map(Object.entries(actual));
  return Object.entries(wanted).every(([key, value]) =>
    typeof value === 'object' ? matches(fields.get(key), value) : fields.get(key) === value,
  );
}
