import t from 'tap';
import type { RouteTable } from '../../src/dataplane/index.ts';
import { ROUTE_ADD } from '../../src/netlink/index.ts';
import { pool } from '../calc/pool.ts';
import { routeChanges } from '../fakes/route-changes.ts';
import { HOST, Host, wanted } from './host.ts';

const HIDDEN = { natOutgoing: true } as const;
const OTHERS = { kind: 'blackhole', protocol: 4, table: 254, nextHops: [] } as const;
const STALE = { kind: 'blackhole', protocol: 80, table: 254, nextHops: [] } as const;

t.test('blocks get a blackhole, pods a route to their interface', async (t) => {
  const host = await Host.create();
  await host.addPod('web', '10.244.1.2');
  await host.dataplane.start(wanted(['10.244.1.0/26', '10.244.9.9/32'], { web: '10.244.1.2' }));
  await host.settle();
  t.same(await host.routes(), ['10.244.1.2 dev caliweb proto 80 scope link', 'blackhole 10.244.1.0/26 proto 80']);
});

t.test('applying the same again, and looking at the kernel again, writes nothing', async (t) => {
  const host = await Host.create();
  await host.addPod('web', '10.244.1.2');
  const state = wanted(['10.244.1.0/26'], { web: '10.244.1.2' });
  await host.dataplane.start(state);
  await host.settle();
  host.writes();
  host.dataplane.apply(wanted(['10.244.1.0/26'], { web: '10.244.1.2' }));
  await host.dataplane.resync();
  await host.settle(200_000);
  t.same(host.writes(), []);
});

t.test('what a former run left is kept if wanted and removed if not; what is not ours stays', async (t) => {
  const host = await Host.create();
  await host.kernel.applyRoutes(
    routeChanges(4, [
      [ROUTE_ADD, '10.244.1.0/26', STALE],
      [ROUTE_ADD, '10.244.7.0/26', STALE],
      [ROUTE_ADD, '10.99.0.0/16', OTHERS],
    ]),
  );
  host.writes();
  await host.dataplane.start(wanted(['10.244.1.0/26']));
  await host.settle();
  t.same(await host.routes(), ['blackhole 10.244.1.0/26 proto 80']);
  t.same(
    host.writes().filter((call) => call.startsWith('route')),
    ['routeDelete'],
  );
  t.ok(
    (await host.kernel.routeList({ family: 4, protocol: 4 })).some(({ destination }) => destination === '10.99.0.0/16'),
  );
});

t.test('while deletions are held, stale routes forward on; then they go', async (t) => {
  const host = await Host.create();
  await host.kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.244.7.0/26', STALE]]));
  host.dataplane.routes.tables[4].holdDeletions();
  await host.dataplane.start(wanted([]));
  await host.settle(10_000);
  t.same(await host.routes(), ['blackhole 10.244.7.0/26 proto 80']);
  t.equal(host.dataplane.routes.counts().held, 1);
  host.dataplane.routes.tables[4].releaseDeletions();
  host.dataplane.routes.schedule();
  await host.settle();
  t.same(await host.routes(), []);
});

t.test(
  'a route of somebody else to the same place is left alone, named, and ours follows once it is gone',
  async (t) => {
    const host = await Host.create();
    await host.kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.244.1.0/26', OTHERS]]));
    await host.dataplane.start(wanted(['10.244.1.0/26', '10.244.2.0/26']));
    await host.settle();
    t.same(await host.routes(), ['blackhole 10.244.2.0/26 proto 80'], 'the other route is not held up');
    t.match(host.dataplane.routes.failures(), [{ prefix: '10.244.1.0/26', code: 'EEXIST' }]);
    await host.kernel.applyRoutes(routeChanges(4, [[2, '10.244.1.0/26', OTHERS]]));
    await host.settle(60_000);
    t.equal((await host.routes()).length, 2);
    t.same(host.dataplane.routes.failures(), []);
  },
);

t.test('a route of ours that somebody deletes or changes is repaired', async (t) => {
  const host = await Host.create();
  await host.dataplane.start(wanted(['10.244.1.0/26']));
  await host.settle();
  const other = host.machine.kernel(HOST);
  await other.applyRoutes(routeChanges(4, [[2, '10.244.1.0/26', STALE]]));
  await host.settle();
  t.same(await host.routes(), ['blackhole 10.244.1.0/26 proto 80']);
  await other.applyRoutes(routeChanges(4, [[1, '10.244.1.0/26', { ...STALE, kind: 'unreachable' }]]));
  await host.settle();
  t.same(await host.routes(), ['blackhole 10.244.1.0/26 proto 80']);
});

t.test('when the monitor has missed something, the kernel is listed again', async (t) => {
  const host = await Host.create();
  await host.dataplane.start(wanted(['10.244.1.0/26']));
  await host.settle();
  const routes = host.machine.namespace(HOST);
  t.ok(routes);
  host.machine.overflow(HOST);
  await host.settle();
  t.same(await host.routes(), ['blackhole 10.244.1.0/26 proto 80']);
});

t.test('a pod’s interface that goes takes its route; one that comes back gets it again', async (t) => {
  const host = await Host.create();
  await host.addPod('web', '10.244.1.2');
  await host.dataplane.start(wanted([], { web: '10.244.1.2' }));
  await host.settle();
  t.equal((await host.routes()).length, 1);
  await host.kernel.linkDelete('caliweb');
  await host.settle();
  t.same(await host.routes(), []);
  host.machine.removeNamespace('/run/netns/web');
  await host.addPod('web', '10.244.1.2');
  await host.settle();
  t.same(await host.routes(), ['10.244.1.2 dev caliweb proto 80 scope link']);
});

t.test('an interface that somebody takes down is up again, with its route', async (t) => {
  const host = await Host.create();
  await host.addPod('web', '10.244.1.2');
  await host.dataplane.start(wanted([], { web: '10.244.1.2' }));
  await host.settle();
  await host.kernel.linkSet('caliweb', { up: false });
  await host.settle(1000);
  t.same(await host.routes(), ['10.244.1.2 dev caliweb proto 80 scope link']);
});

t.test('the host end of a pod gets the settings that make it one', async (t) => {
  const host = await Host.create();
  await host.addPod('web', '10.244.1.2');
  await host.dataplane.start(wanted([], { web: '10.244.1.2' }));
  await host.settle();
  for (const [name, value] of [
    ['net.ipv4.ip_forward', '1'],
    ['net.ipv4.conf.caliweb.proxy_arp', '1'],
    ['net.ipv4.conf.caliweb.rp_filter', '1'],
    ['net.ipv4.neigh.caliweb.proxy_delay', '0'],
  ] as const) {
    t.equal((await host.kernel.sysctl(name)).trim(), value, name);
  }
});

t.test('settings that somebody changed are put right at the next full look', async (t) => {
  const host = await Host.create();
  await host.addPod('web', '10.244.1.2');
  await host.dataplane.start(wanted([], { web: '10.244.1.2' }));
  await host.settle();
  const changed = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv4.conf.caliweb.proxy_arp'];
  for (const name of changed) await host.kernel.sysctl(name, '0');
  await host.settle(91_000);
  for (const name of changed) t.equal(await host.kernel.sysctl(name), '1', name);
});

t.test(
  'a pod that may send from networks of others is not asked for a route back; when that ends, it is',
  async (t) => {
    const host = await Host.create();
    await host.addPod('web', '10.244.1.2');
    const desired = wanted([], { web: '10.244.1.2' });
    const spoofs = desired.workloads.map((workload) => ({ ...workload, sourcePrefixes: ['192.0.2.0/24'] }));
    await host.dataplane.start(desired);
    const checked = async () => {
      await host.settle();
      return host.kernel.sysctl('net.ipv4.conf.caliweb.rp_filter');
    };
    t.equal(await checked(), '1');
    host.dataplane.apply({ ...desired, workloads: spoofs });
    t.equal(await checked(), '0');
    host.dataplane.apply(desired);
    t.equal(await checked(), '1');
  },
);

t.test('what a pod lacks is said: its interface, a route, and then nothing', async (t) => {
  const host = await Host.create();
  const desired = wanted([], { web: '10.244.1.2' });
  await host.dataplane.start(desired);
  await host.settle();
  const { endpoints } = host.dataplane;
  t.equal(endpoints.lacking('default/web'), 'interface caliweb is missing');
  t.equal(endpoints.lacking('default/other'), 'no such endpoint');
  await host.addPod('web', '10.244.1.2');
  await host.settle();
  t.equal(endpoints.lacking('default/web'), undefined);
  const routeSource = { 4: '192.0.2.99' };
  host.dataplane.apply({ ...desired, host: { ...desired.host, routeSource } });
  await host.settle();
  t.equal(endpoints.lacking('default/web'), 'route 10.244.1.2/32: Invalid prefsrc address');
  await host.kernel.linkSet('caliweb', { up: false });
  host.machine.failOnce({ verb: 'linkSet' });
  await host.settle();
  t.equal(endpoints.lacking('default/web'), 'interface caliweb is down');
});

t.test(
  'a host that may not be made to forward says so, and is asked again; so is one that is told later',
  async (t) => {
    const host = await Host.create();
    host.machine.failOnce({ verb: 'sysctl', code: 'EACCES' });
    await host.dataplane.start(wanted([]));
    t.match(host.dataplane.forwarding.failures(), [{ what: 'forwarding', reason: /EACCES|permission/i }]);
    await host.settle(1000);
    t.same(host.dataplane.forwarding.failures(), []);
    t.equal(await host.kernel.sysctl('net.ipv4.ip_forward'), '1');
    const later = await Host.create();
    await later.dataplane.start({ ...wanted([]), host: { ...wanted([]).host, forwarding: false } });
    later.dataplane.apply(wanted([]));
    await later.settle();
    t.equal(await later.kernel.sysctl('net.ipv4.ip_forward'), '1');
  },
);

t.test('a host that is told not to forward is left as it is', async (t) => {
  const host = await Host.create();
  await host.dataplane.start({ ...wanted([]), host: { ...wanted([]).host, forwarding: false } });
  await host.settle(91_000);
  t.equal(await host.kernel.sysctl('net.ipv4.ip_forward'), '0');
});

t.test('a pod’s namespace has its address, the gateway and the way there', async (t) => {
  const host = await Host.create();
  await host.addPod('web', '10.244.1.2');
  const pod = host.machine.kernel('/run/netns/web');
  t.match(await pod.addressList({ dev: 'eth0' }), [{ address: '10.244.1.2/32' }]);
  t.same(
    (await pod.routeList({ family: 4 })).map(({ destination, nextHops }) => [destination, nextHops[0].via]).sort(),
    [
      ['0.0.0.0/0', '169.254.1.1'],
      ['169.254.1.1/32', undefined],
    ],
  );
  t.match(await pod.neighborList({ dev: 'eth0' }), [{ destination: '169.254.1.1', mac: 'ee:ee:ee:ee:ee:ee' }]);
});

t.test('a pod interface that can’t be finished leaves nothing behind', async (t) => {
  const attempt = async (failing: number | undefined): Promise<{ done: boolean; left: number; calls: number }> => {
    const host = await Host.create();
    host.machine.calls.length = 0;
    if (failing !== undefined) host.machine.failOnce({ after: failing });
    const done = await host.addPod('web', '10.244.1.2').then(
      () => true,
      () => false,
    );
    const calls = host.machine.calls.length;
    const left = (await host.kernel.linkList()).filter(({ name }) => name.startsWith('cali')).length;
    return { done, left, calls };
  };
  const { calls } = await attempt(undefined);
  for (let failing = 0; failing < calls; failing++) {
    t.match(await attempt(failing), { done: false, left: 0 }, `call ${failing} fails`);
  }
});

t.test('every single refusal of the kernel and of nft is got over', async (t) => {
  const services = { cidrs: ['10.96.0.0/12', 'fd96::/108'], loops: 'Reject' } as const;
  const former = { ...wanted(['10.244.3.0/26'], {}, [pool('10.244.0.0/16', HIDDEN)]), services };
  const final = wanted(['10.244.1.0/26', '10.244.2.0/26'], { web: '10.244.1.2' }, [
    pool('10.244.0.0/16', HIDDEN),
    pool('10.99.0.0/16', HIDDEN),
    pool('fd00::/48', HIDDEN),
  ]);
  const run = async (fail: (host: Host) => void): Promise<{ shown: string[]; host: Host }> => {
    const host = await Host.create();
    await host.addPod('web', '10.244.1.2');
    await host.kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.244.7.0/26', STALE]]));
    await host.dataplane.start(former);
    await host.settle(10);
    host.machine.calls.length = 0;
    host.nft.calls.length = 0;
    fail(host);
    host.dataplane.apply(final);
    await host.settle(120_000);
    t.same(host.dataplane.tables.failures(), []);
    return { shown: [...(await host.routes()), ...host.nft.tables.map(tableText)], host };
  };
  const { shown, host } = await run(() => {});
  t.equal(
    shown.length,
    11,
    'three routes; for each family NAT and three tables about pods; service loops are prevented no more',
  );
  for (let after = 0; after < host.machine.calls.length - 2; after++) {
    const { shown: found } = await run(({ machine }) => machine.failOnce({ after }));
    t.same(found, shown, `call ${after} fails`);
  }
  const calls = [...host.nft.calls];
  t.equal(calls.filter((verb) => verb === 'run').length, 4, 'two tables are made, and two go');
  for (const [after, verb] of calls.entries()) {
    const { shown: found } = await run(({ nft }) => nft.failCall(after));
    t.same(found, shown, `call ${after} of nft, ${verb}, fails`);
  }
});

/** The number of a rule is nft's own business. */
function tableText([name, listing]: readonly [string, object]): string {
  return `${name} ${JSON.stringify(listing, (key, value) => (key === 'handle' ? undefined : value))}`;
}

t.test('who wins where two sources want the same prefix', async (t) => {
  const host = await Host.create();
  const table: RouteTable = host.dataplane.routes.tables[4];
  const prefix = table.prefixes.intern4(0x0af40102, 32);
  table.want('blackhole', prefix, 1);
  table.want('bgp', prefix, 2);
  t.equal(table.desired(prefix), 2, 'a learned route before the blackhole');
  table.want('workload', prefix, 3);
  t.equal(table.desired(prefix), 3, 'our own pod before what a peer says');
  table.want('workload', prefix, 0);
  t.equal(table.desired(prefix), 2);
});
