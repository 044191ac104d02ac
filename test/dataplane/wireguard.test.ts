import t from 'tap';
import {
  type Desired,
  type DesiredWireguard,
  type DesiredWireguardPeer,
  type DesiredWireguardRoute,
  NO_TUNNELS,
} from '../../src/calc/index.ts';
import { deviceNames, formatRoute, formatRule, type Kernel, ROUTE_ADD } from '../../src/netlink/index.ts';
import { byCidr, byNode } from '../calc/tunnels.ts';
import { routeChanges } from '../fakes/route-changes.ts';
import { Host, wanted } from './host.ts';

// The sweep at the end takes seconds on an idle machine, and much more beside busy tests.
t.setTimeout(3_600_000);

const DEV = 'wireguard.cali';
const [B, C, D] = ['b', 'c', 'd'].map((letter) => `${letter.repeat(42)}A=`);

const PEERS: readonly DesiredWireguardPeer[] = [peer('b', B, 2), peer('c', C, 3)];
const ROUTES: readonly DesiredWireguardRoute[] = [
  { cidr: '10.1.0.0/26', mode: 'throw', why: 'block of a; our own' },
  { cidr: '10.2.0.0/26', mode: 'tunnel', why: 'block of b' },
  { cidr: '10.3.0.0/26', mode: 'tunnel', why: 'block of c' },
];

interface Wanted extends Omit<Partial<DesiredWireguard>, 'peers' | 'routes'> {
  readonly peers?: readonly DesiredWireguardPeer[];
  readonly routes?: readonly DesiredWireguardRoute[];
}

function wireguard({ peers = PEERS, routes = ROUTES, ...more }: Wanted = {}): DesiredWireguard {
  return {
    family: 4,
    device: DEV,
    underlay: '172.16.0.1',
    address: '10.1.0.7',
    mtu: undefined,
    listenPort: 51820,
    mark: 0x100000,
    rulePriority: 99,
    tables: [{ min: 1, max: 250 }],
    hostEncryption: false,
    peers: byNode(peers),
    routes: byCidr(routes),
    ...more,
  };
}

function peer(node: string, publicKey: string, number: number): DesiredWireguardPeer {
  const allowedIps = [`10.${number}.0.0/26`];
  return { node, publicKey, endpoint: `172.16.0.${number}:51820`, keepalive: 0, allowedIps };
}

function desired(wireguard4?: DesiredWireguard): Desired {
  return { ...wanted([]), tunnels: { ...NO_TUNNELS, wireguard4 } };
}

async function started(first?: DesiredWireguard, host?: Host): Promise<Host> {
  const made = host ?? (await Host.create());
  await made.dataplane.start(desired(first));
  await made.settle();
  return made;
}

async function apply(host: Host, next?: DesiredWireguard): Promise<void> {
  host.dataplane.apply(desired(next));
  await host.settle();
}

/** All that belongs to WireGuard, in the words of ip(8) and wg(8). Keys of peers by their first letter. */
async function shown({ kernel }: { kernel: Kernel }): Promise<string[]> {
  const links = await kernel.linkList();
  const names = deviceNames(links);
  const devices: string[] = [];
  for (const { name, mtu, up } of links.filter(({ kind }) => kind === 'wireguard')) {
    const own = (await kernel.addressList({ dev: name })).map(({ address }) => address);
    const { publicKey, listenPort, mark, peers } = await kernel.wireguardGet(name);
    const key = publicKey === undefined ? 'no key' : 'key';
    devices.push([name, key, listenPort, mark.toString(16), `mtu ${mtu}`, up ? 'up' : 'down', ...own].join(' '));
    devices.push(
      ...peers
        .map(({ publicKey: of, endpoint, keepalive, allowedIps }) =>
          [of[0], endpoint, keepalive, ...allowedIps].join(' '),
        )
        .sort(),
    );
  }
  const rules = (await kernel.ruleList(4)).filter(({ mark }) => mark !== undefined);
  const routes: string[] = [];
  for (const table of new Set(rules.map((rule) => rule.table))) {
    routes.push(...(await kernel.routeList({ family: 4, table })).map((route) => formatRoute(route, names)));
  }
  return [...devices, ...rules.map(formatRule), ...routes.sort()];
}

const COMPLETE = [
  'wireguard.cali key 51820 100000 mtu 1440 up 10.1.0.7/32',
  'b 172.16.0.2:51820 0 10.2.0.0/26',
  'c 172.16.0.3:51820 0 10.3.0.0/26',
  '99: not from all fwmark 0x100000/0x100000 lookup 1 proto 80',
  '10.2.0.0/26 dev wireguard.cali table 1 proto 80 scope link',
  '10.3.0.0/26 dev wireguard.cali table 1 proto 80 scope link',
  'throw 10.1.0.0/26 table 1 proto 80',
];

t.test('the device with its key, who is behind it, the rule, and the routes there', async (t) => {
  const host = await Host.create();
  const keys: (string | undefined)[] = [];
  host.listeners = { onKey: (family, key) => family === 4 && keys.push(key) };
  await started(wireguard(), host);
  t.same(await shown(host), COMPLETE);
  t.same(host.dataplane.tunnels.failures(), []);
  t.equal(keys.at(-1), (await host.kernel.wireguardGet(DEV)).publicKey, 'the key is told');
  t.ok(host.dataplane.tunnels.entries().every(({ present }) => present));
  t.equal(host.dataplane.podMtu, 1440);
});

t.test('each entry is explained', async (t) => {
  const host = await started(wireguard());
  t.same(
    host.dataplane.tunnels.entries().map(({ text, why }) => `${text.replace(/[bc]{42}A=/, 'KEY')}; ${why}`),
    [
      'wireguard.cali wireguard mtu 1440 address 10.1.0.7/32; FelixConfiguration: wireguardEnabled',
      'wireguard.cali peer KEY endpoint 172.16.0.2:51820 keepalive 0 allowed ips 10.2.0.0/26; node b',
      'wireguard.cali peer KEY endpoint 172.16.0.3:51820 keepalive 0 allowed ips 10.3.0.0/26; node c',
      '99: not from all fwmark 0x100000/0x100000 lookup 1 proto 80; WireGuard for IPv4',
      'throw 10.1.0.0/26 table 1 proto 80; block of a; our own',
      '10.2.0.0/26 dev wireguard.cali table 1 proto 80; block of b',
      '10.3.0.0/26 dev wireguard.cali table 1 proto 80; block of c',
    ],
  );
});

t.test('the same again, a full look, and a restart write nothing; the key stays', async (t) => {
  const host = await started(wireguard());
  const { publicKey } = await host.kernel.wireguardGet(DEV);
  host.writes();
  await apply(host, wireguard());
  await host.dataplane.resync();
  await host.settle(200_000);
  t.same(host.writes(), []);
  host.dataplane.stop();
  await host.restarted().start(desired(wireguard()));
  await host.settle(10_000);
  t.same(host.writes(), []);
  t.equal((await host.kernel.wireguardGet(DEV)).publicKey, publicKey);
});

t.test('nodes come, go and change: only what is theirs does', async (t) => {
  const [b, c] = PEERS;
  const host = await started(wireguard({ peers: [b], routes: ROUTES.slice(0, 2) }));
  host.writes();
  await apply(host, wireguard());
  t.same(await shown(host), COMPLETE);
  t.same(host.writes(), ['wireguardSet', 'wireguardSet', 'routeAdd'], 'a new peer is greeted, and then quiet');
  await apply(host, wireguard({ peers: [b, { ...c, endpoint: '172.16.0.9:51820' }] }));
  t.same(host.writes(), ['wireguardSet'], 'its node has another address');
  await apply(host, wireguard({ peers: [b, { ...c, publicKey: D }] }));
  t.match((await shown(host)).slice(1, 3), [/^b /, /^d 172.16.0.3:51820 0 10.3.0.0\/26/]);
  await apply(host, wireguard({ peers: [b, { ...c, publicKey: D }], routes: ROUTES.slice(0, 2) }));
  t.equal((await shown(host)).filter((line) => line.startsWith('10.3.')).length, 0);
});

t.test('a node without a key goes on to the ordinary routes', async (t) => {
  const routes = ROUTES.map((route) => (route.cidr === '10.3.0.0/26' ? ({ ...route, mode: 'throw' } as const) : route));
  const host = await started(wireguard());
  host.writes();
  await apply(host, wireguard({ peers: [peer('b', B, 2)], routes }));
  t.same(host.writes(), ['routeDelete', 'routeAdd', 'wireguardSet'], 'the way there leaves the tunnel before it does');
  t.same((await shown(host)).slice(1), [
    'b 172.16.0.2:51820 0 10.2.0.0/26',
    COMPLETE[3],
    COMPLETE[4],
    COMPLETE[6],
    'throw 10.3.0.0/26 table 1 proto 80',
  ]);
  host.writes();
  await apply(host, wireguard());
  t.same(host.writes(), ['wireguardSet', 'wireguardSet', 'routeDelete', 'routeAdd'], 'and enters it after');
  t.same(await shown(host), COMPLETE);
});

t.test('an address that moves from one node to another is allowed to one at any time', async (t) => {
  const host = await started(wireguard());
  const [b, c] = PEERS;
  const peers = [
    { ...b, allowedIps: c.allowedIps },
    { ...c, allowedIps: b.allowedIps },
  ];
  await apply(host, wireguard({ peers }));
  t.same((await shown(host)).slice(1, 3), ['b 172.16.0.2:51820 0 10.3.0.0/26', 'c 172.16.0.3:51820 0 10.2.0.0/26']);
});

t.test('whatever somebody does to it is repaired: what the kernel tells of, within a second', async (t) => {
  const rule = {
    family: 4,
    priority: 99,
    invert: true,
    mark: 0x100000,
    mask: 0x100000,
    table: 1,
    protocol: 80,
  } as const;
  const attacks: Readonly<Record<string, (kernel: Kernel) => Promise<unknown>>> = {
    'the device is deleted': (kernel) => kernel.linkDelete(DEV),
    'the device is taken down': (kernel) => kernel.linkSet(DEV, { up: false }),
    'its MTU is changed': (kernel) => kernel.linkSet(DEV, { mtu: 1200 }),
    'its address is removed': (kernel) => kernel.addressDelete({ dev: DEV, address: '10.1.0.7/32' }),
    'the rule is removed': (kernel) => kernel.ruleDelete(rule),
    'a rule of ours is added': (kernel) => kernel.ruleAdd({ ...rule, priority: 98 }),
  };
  for (const [what, attack] of Object.entries(attacks)) {
    const host = await started(wireguard());
    await attack(host.kernel);
    await host.settle(1000);
    t.same(await shown(host), COMPLETE, what);
  }
  const untold: Readonly<Record<string, (kernel: Kernel) => Promise<unknown>>> = {
    'a peer is removed': (kernel) => kernel.wireguardSet(DEV, { peers: [{ publicKey: B, remove: true }] }),
    'a peer is added': (kernel) => kernel.wireguardSet(DEV, { peers: [{ publicKey: D, allowedIps: ['10.2.0.0/26'] }] }),
    'the port is another': (kernel) => kernel.wireguardSet(DEV, { listenPort: 7, mark: 3 }),
  };
  for (const [what, attack] of Object.entries(untold)) {
    const host = await Host.create();
    host.restarted(1000);
    await started(wireguard(), host);
    await attack(host.kernel);
    await host.settle(1200);
    t.same(await shown(host), COMPLETE, `${what}: found by the look each second`);
    host.machine.calls.length = 0;
    await host.settle(1000);
    t.same(
      host.machine.calls.filter((call) => call.startsWith('wireguard')),
      ['wireguardGet'],
      'which then writes nothing',
    );
  }
});

t.test('off: the routes and the rule at once, the device after a while', async (t) => {
  const host = await Host.create();
  const keys: (string | undefined)[] = [];
  host.listeners = { onKey: (family, key) => family === 4 && keys.push(key) };
  await started(wireguard(), host);
  await apply(host);
  t.equal(keys.at(-1), undefined, 'others are told not to encrypt for us');
  t.match(await shown(host), [/^wireguard.cali/, /^b /, /^c /], 'what they have encrypted already is still read');
  t.same(await host.kernel.routeList({ family: 4, table: 1 }), []);
  await host.settle(10_000);
  t.same(await shown(host), []);
  await apply(host, wireguard());
  t.same(await shown(host), COMPLETE, 'and on again');
});

t.test('what a former run left and nobody wants goes', async (t) => {
  const host = await started(wireguard());
  host.dataplane.stop();
  await host.restarted().start(desired());
  await host.settle(10_000);
  t.same(await shown(host), []);
  t.same(await host.kernel.routeList({ family: 4, table: 1 }), []);
});

t.test('tables, rules and routes of others are left alone', async (t) => {
  const host = await Host.create();
  const { kernel } = host;
  const others = [
    { family: 4, priority: 50, table: 1, source: '192.0.2.0/24' },
    { family: 4, priority: 99, table: 7, mark: 0x100000, mask: 0x100000 },
  ] as const;
  for (const rule of others) await kernel.ruleAdd(rule);
  const how = { kind: 'blackhole', protocol: 4, table: 2, nextHops: [] } as const;
  await kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '192.0.2.0/24', how]]));
  await started(wireguard(), host);
  t.match(
    (await kernel.ruleList(4)).find(({ protocol }) => protocol === 80),
    { table: 3 },
    'the first that is free',
  );
  await apply(host);
  await host.settle(10_000);
  const left = await kernel.ruleList(4);
  t.equal(left.filter(({ priority }) => priority === 50 || priority === 99).length, 2);
  t.equal((await kernel.routeList({ family: 4, table: 2 })).length, 1);
});

t.test('rp_filter is told to look at the mark, and is told again', async (t) => {
  const SETTING = 'net.ipv4.conf.all.src_valid_mark';
  const host = await started(wireguard());
  t.equal(await host.kernel.sysctl(SETTING), '1');
  await host.kernel.sysctl(SETTING, '0');
  await host.dataplane.resync();
  t.equal(await host.kernel.sysctl(SETTING), '1');
});

t.test('no table free is said', async (t) => {
  const host = await Host.create();
  await host.kernel.ruleAdd({ family: 4, priority: 50, table: 5 });
  await started(wireguard({ tables: [{ min: 5, max: 5 }] }), host);
  t.match(host.dataplane.tunnels.failures(), [{ reason: /routeTableRanges/ }]);
  await host.kernel.ruleDelete({ family: 4, priority: 50, table: 5 });
  await host.settle(60_000);
  t.same(host.dataplane.tunnels.failures(), []);
});

t.test('port, mark, priority, tables and name change while it runs', async (t) => {
  const host = await started(wireguard());
  await apply(host, wireguard({ listenPort: 4500, mark: 0x200000, rulePriority: 77, tables: [{ min: 9, max: 9 }] }));
  t.same(await shown(host), [
    COMPLETE[0].replace('51820 100000', '4500 200000'),
    ...COMPLETE.slice(1, 3),
    '77: not from all fwmark 0x200000/0x200000 lookup 9 proto 80',
    ...COMPLETE.slice(4).map((line) => line.replace('table 1', 'table 9')),
  ]);
  t.same(await host.kernel.routeList({ family: 4, table: 1 }), []);
  await apply(host, wireguard());
  t.match((await shown(host))[3], /^99: .* lookup 9/, 'a table that ours is already, and may be, stays');
  await apply(host, wireguard({ device: 'wg0', tables: [{ min: 1, max: 1 }] }));
  await host.settle(10_000);
  t.same(
    await shown(host),
    COMPLETE.map((line) => line.replace(DEV, 'wg0')),
  );
});

t.test('what was refused is forgotten when it is switched off', async (t) => {
  const host = await Host.create();
  for (let time = 0; time < 20; time++) host.machine.failOnce({ verb: 'wireguardGet' });
  await host.dataplane.start(desired(wireguard()));
  t.match(host.dataplane.tunnels.failures(), [{ what: `peers of ${DEV}` }]);
  await apply(host);
  t.same(host.dataplane.tunnels.failures(), []);
});

t.test('a kernel without WireGuard: one sentence that says what to do, and the rest goes on', async (t) => {
  const host = await Host.create();
  host.machine.missingKinds.add('wireguard');
  const keys: (string | undefined)[] = [];
  host.listeners = { onKey: (family, key) => family === 4 && keys.push(key) };
  await started(wireguard(), host);
  t.same(await shown(host), []);
  t.ok(keys.length > 0 && keys.every((key) => key === undefined), 'others go on in clear');
  const failures = host.dataplane.tunnels.failures();
  t.equal(failures.length, 1);
  t.match(failures[0], { what: DEV, reason: /no wireguard devices.*; until then nothing is encrypted/ });
  t.match(host.dataplane.tunnels.entries(), [{ present: false, why: /no wireguard devices/ }]);
  host.machine.missingKinds.delete('wireguard');
  await host.settle(60_000);
  t.same(await shown(host), COMPLETE);
  t.same(host.dataplane.tunnels.failures(), []);
});

t.test('a device of another kind by that name is left alone, and named', async (t) => {
  const host = await Host.create();
  await host.kernel.linkAdd({ kind: 'dummy', name: DEV });
  await started(wireguard(), host);
  t.match(host.dataplane.tunnels.failures(), [{ reason: /it is no WireGuard device/ }]);
});

t.test('every single refusal of the kernel is got over', async (t) => {
  const run = async (after: number | undefined): Promise<{ shown: string[]; calls: number }> => {
    const host = await started(wireguard({ peers: [peer('c', C, 3)], mark: 0x200000 }));
    host.machine.calls.length = 0;
    if (after !== undefined) host.machine.failOnce({ after });
    await apply(host, wireguard());
    await host.settle(60_000);
    const calls = host.machine.calls.length;
    return { shown: await shown(host), calls };
  };
  const { calls } = await run(undefined);
  t.ok(calls > 10);
  for (let after = 0; after < calls; after++) {
    t.same((await run(after)).shown, COMPLETE, `call ${after} of ${calls} fails`);
  }
});
