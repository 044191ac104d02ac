import t from 'tap';
import {
  type Desired,
  type DesiredTunnels,
  type DesiredVtep,
  type DesiredVxlan,
  NO_TUNNELS,
} from '../../src/calc/index.ts';
import { formatNeighbor, type KernelEvent } from '../../src/netlink/index.ts';
import { pool } from '../calc/pool.ts';
import { type VxlanMore, vtep, vxlan as vxlanTo } from '../calc/tunnels.ts';
import { HOST, Host, wanted } from './host.ts';

// Every call of the kernel failing once takes a while beside a busy test.
t.setTimeout(3_600_000);

const POOL = pool('10.244.0.0/16', { encapsulation: 'vxlan' });
const B = vtep('b', 2);
const C = vtep('c', 3);
/** Something that other rooms keep. */
const { blocks, workloads } = wanted(['10.244.1.0/26'], { web: '10.244.1.5' });

/** VXLAN with these two behind it, or with others. */
function vxlan(peers: readonly DesiredVtep[] = [B, C], more: VxlanMore = {}): DesiredVxlan {
  return vxlanTo(peers, more);
}

function tunnels(some: Partial<DesiredTunnels>): Desired {
  return { ...wanted([], {}, [POOL]), tunnels: { ...NO_TUNNELS, ...some } };
}

/** A host whose dataplane has started with these tunnels. */
async function started(some: Partial<DesiredTunnels>): Promise<Host> {
  const host = await Host.create();
  await host.dataplane.start(tunnels(some));
  await host.settle();
  return host;
}

/** All that belongs to tunnels, in the words of ip(8). */
async function shown(host: Host): Promise<string[]> {
  const links = (await host.kernel.linkList()).filter(({ kind }) => kind === 'vxlan' || kind === 'ipip');
  const addresses = await host.kernel.addressList();
  const devices = links.map(({ name, mtu, mac, up, kind, vxlan: of }) => {
    const own = addresses.filter(({ dev }) => dev === name).map(({ address }) => address);
    const network = of === undefined ? [kind] : [`vni ${of.vni}`, `port ${of.port}`, of.local, mac];
    return [name, ...network, `mtu ${mtu}`, up ? 'up' : 'down', ...own].join(' ');
  });
  const entries = [...(await host.kernel.neighborList()), ...(await host.kernel.neighborList({ fdb: true }))];
  return [...devices, ...entries.map(formatNeighbor).sort(), ...(await host.routes())];
}

const COMPLETE = [
  'vxlan.calico vni 4096 port 4789 172.16.0.1 66:00:00:00:00:01 mtu 1450 up 10.244.1.0/32',
  '10.244.2.0 dev vxlan.calico lladdr 66:00:00:00:00:02 PERMANENT',
  '10.244.3.0 dev vxlan.calico lladdr 66:00:00:00:00:03 PERMANENT',
  '66:00:00:00:00:02 dev vxlan.calico dst 172.16.0.2 self permanent',
  '66:00:00:00:00:03 dev vxlan.calico dst 172.16.0.3 self permanent',
  '10.244.2.0/26 via 10.244.2.0 dev vxlan.calico proto 80 onlink',
  '10.244.3.0/26 via 10.244.3.0 dev vxlan.calico proto 80 onlink',
];

t.test('VXLAN: the device, who is behind it, and the routes to their blocks', async (t) => {
  const host = await started({ vxlan4: vxlan() });
  t.same(await shown(host), COMPLETE);
  t.same(host.dataplane.tunnels.failures(), []);
});

t.test('a node in our own subnet is reached without the tunnel (CrossSubnet)', async (t) => {
  const routes = [{ cidr: '10.244.2.0/26', mode: 'subnet', via: '172.16.0.2', why: 'block of b' } as const];
  const host = await started({ vxlan4: vxlan([B], { routes }) });
  t.same(await host.routes(), ['10.244.2.0/26 via 172.16.0.2 dev eth0 proto 80 onlink']);
});

t.test('IPv6 has a device of its own, with twenty octets less', async (t) => {
  const host = await Host.create();
  await host.kernel.addressAdd({ dev: 'eth0', address: 'fd01::1/64' });
  const peer = { node: 'b', underlay: 'fd01::2', address: 'fd00::2', mac: '66:00:00:00:00:02' };
  const more = { family: 6, underlay: 'fd01::1', address: 'fd00::1' } as const;
  const routes = [{ cidr: 'fd00::/122', mode: 'tunnel', via: 'fd00::2', why: 'block of b' } as const];
  await host.dataplane.start(tunnels({ vxlan6: vxlan([peer], { ...more, routes }) }));
  await host.settle();
  t.same(await shown(host), [
    'vxlan-v6.calico vni 4096 port 4789 fd01::1 66:00:00:00:00:01 mtu 1430 up fd00::1/128',
    '66:00:00:00:00:02 dev vxlan-v6.calico dst fd01::2 self permanent',
    'fd00::2 dev vxlan-v6.calico lladdr 66:00:00:00:00:02 PERMANENT',
  ]);
  t.match(await host.kernel.routeList({ family: 6, protocol: 80 }), [
    { destination: 'fd00::2/128', nextHops: [{ via: undefined }] },
    { destination: 'fd00::/122', nextHops: [{ via: 'fd00::2', onlink: true }] },
  ]);
});

t.test('the same again, a full look, and a restart write nothing', async (t) => {
  const host = await started({ vxlan4: vxlan(), ipip: { address: '10.244.1.1', subnet: '172.16.0.0/24' } });
  host.writes();
  host.dataplane.apply(tunnels({ vxlan4: vxlan(), ipip: { address: '10.244.1.1', subnet: '172.16.0.0/24' } }));
  await host.dataplane.resync();
  await host.settle(200_000);
  t.same(host.writes(), []);
  host.dataplane.stop();
  await host.restarted().start(tunnels({ vxlan4: vxlan(), ipip: { address: '10.244.1.1', subnet: undefined } }));
  await host.settle(10_000);
  t.same(host.writes(), []);
});

t.test('nodes come, go and change: only their entries do', async (t) => {
  const host = await started({ vxlan4: vxlan([B]) });
  host.writes();
  host.dataplane.apply(tunnels({ vxlan4: vxlan() }));
  await host.settle();
  t.same(await shown(host), COMPLETE);
  t.same(host.writes().sort(), ['neighborAdd', 'neighborAdd', 'routeAdd']);
  host.dataplane.apply(tunnels({ vxlan4: vxlan([B, { ...C, underlay: '172.16.0.9' }]) }));
  await host.settle();
  t.same(host.writes(), ['neighborAdd'], 'its node has another address');
  host.dataplane.apply(tunnels({ vxlan4: vxlan([B]) }));
  await host.settle();
  t.same(host.writes().sort(), ['neighborDelete', 'neighborDelete', 'routeDelete']);
});

t.test('whatever somebody does to it is repaired within a second', async (t) => {
  const dev = 'vxlan.calico';
  const entry = { dev, destination: '10.244.2.0', mac: '66:00:00:00:00:02' };
  const attacks: Readonly<Record<string, (host: Host) => Promise<void>>> = {
    'the device is deleted': ({ kernel }) => kernel.linkDelete(dev),
    'the device is taken down': ({ kernel }) => kernel.linkSet(dev, { up: false }),
    'its MTU is changed': ({ kernel }) => kernel.linkSet(dev, { mtu: 1200 }),
    'its MAC is changed': ({ kernel }) => kernel.linkSet(dev, { mac: '66:00:00:00:00:99' }),
    'its address is removed': ({ kernel }) => kernel.addressDelete({ dev, address: '10.244.1.0/32' }),
    'it gets another address': ({ kernel }) => kernel.addressAdd({ dev, address: '10.244.1.9/32' }),
    'a neighbour is removed': ({ kernel }) => kernel.neighborDelete(entry),
    'a neighbour is another': ({ kernel }) => kernel.neighborAdd({ ...entry, mac: '66:00:00:00:00:77' }),
    'a neighbour is added': ({ kernel }) => kernel.neighborAdd({ ...entry, destination: '10.244.8.0' }),
    'a forwarding entry is removed': ({ kernel }) =>
      kernel.neighborDelete({ ...entry, destination: '172.16.0.2', fdb: true }),
  };
  for (const [what, attack] of Object.entries(attacks)) {
    const host = await started({ vxlan4: vxlan() });
    await attack(host);
    await host.settle(1000);
    t.same(await shown(host), COMPLETE, what);
  }
});

t.test('a device of another network is made anew; one that nobody wants goes, after a while', async (t) => {
  const host = await started({ vxlan4: vxlan([B], { vni: 77 }) });
  t.match((await shown(host))[0], /vni 77/);
  host.dataplane.apply(tunnels({ vxlan4: vxlan() }));
  await host.settle();
  t.same(await shown(host), COMPLETE);
  host.dataplane.apply(tunnels({}));
  await host.settle();
  t.same(await host.routes(), [], 'routes at once');
  t.match(await shown(host), [/^vxlan.calico/], 'other nodes may still send through it');
  await host.settle(10_000);
  t.same(await shown(host), []);
});

t.test('wanted again before it has gone, it stays', async (t) => {
  const host = await started({ vxlan4: vxlan() });
  host.dataplane.apply(tunnels({}));
  await host.settle();
  host.dataplane.apply(tunnels({ vxlan4: vxlan() }));
  await host.settle(20_000);
  t.same(await shown(host), COMPLETE);
});

t.test('what a former run left and nobody wants goes; the address on tunl0 too, but not tunl0', async (t) => {
  const former = await started({ vxlan4: vxlan(), ipip: { address: '10.244.1.1', subnet: undefined } });
  former.dataplane.stop();
  await former.kernel.addressAdd({ dev: 'tunl0', address: '192.0.2.1/32' });
  await former.restarted().start(tunnels({}));
  await former.settle(20_000);
  t.same(await shown(former), ['tunl0 ipip mtu 1480 up 192.0.2.1/32'], 'an address outside all pools is not ours');
});

t.test('tunl0 goes down with our address, and comes up again: nobody else uses it', async (t) => {
  const ipip = { address: '10.244.1.1', subnet: undefined };
  const host = await started({ ipip });
  host.dataplane.apply(tunnels({}));
  await host.settle();
  t.same(await shown(host), ['tunl0 ipip mtu 1480 up 10.244.1.1/32'], 'other nodes may still send through it');
  await host.settle(10_000);
  t.same(await shown(host), ['tunl0 ipip mtu 1480 down']);
  host.dataplane.apply(tunnels({ ipip }));
  await host.settle();
  t.same(await shown(host), ['tunl0 ipip mtu 1480 up 10.244.1.1/32']);
});

t.test(
  'an old address stays until the new one is known: with its last address a device loses its routes',
  async (t) => {
    const host = await started({ vxlan4: vxlan() });
    host.dataplane.apply(tunnels({ vxlan4: vxlan([B, C], { address: undefined }) }));
    await host.settle();
    t.same(await shown(host), COMPLETE);
    host.dataplane.apply(tunnels({ vxlan4: vxlan([B, C], { address: '10.244.1.7' }) }));
    await host.settle();
    t.same(await shown(host), [COMPLETE[0].replace('10.244.1.0', '10.244.1.7'), ...COMPLETE.slice(1)]);
  },
);

t.test('a tunnel that can’t be, and is wanted no more, is no problem from then on', async (t) => {
  const host = await started({ vxlan4: vxlan([B], { underlay: '172.16.0.77' }) });
  t.equal(host.dataplane.tunnels.failures().length, 1);
  host.dataplane.apply(tunnels({}));
  await host.settle(100);
  t.same(host.dataplane.tunnels.failures(), []);
  await host.settle(10_000);
  t.same(host.dataplane.tunnels.failures(), []);
});

t.test('its own link has no address yet: that is said, and put right when it has', async (t) => {
  const host = await started({ vxlan4: vxlan([B], { underlay: '172.16.0.77' }) });
  t.match(host.dataplane.tunnels.failures(), [
    { what: 'vxlan.calico', reason: 'no link of this node has its address 172.16.0.77' },
  ]);
  await host.kernel.addressAdd({ dev: 'eth0', address: '172.16.0.77/24' });
  await host.settle(1000);
  t.match((await shown(host))[0], /172\.16\.0\.77/);
  t.same(host.dataplane.tunnels.failures(), []);
});

t.test('the MTU follows the host’s', async (t) => {
  const host = await started({ vxlan4: vxlan(), ipip: { address: '10.244.1.1', subnet: undefined } });
  await host.kernel.linkSet('eth0', { mtu: 9000 });
  await host.settle(1000);
  const mtus = (await host.kernel.linkList()).map(({ name, mtu }) => `${name} ${mtu}`);
  t.ok(mtus.includes('vxlan.calico 8950') && mtus.includes('tunl0 8980'), mtus.join());
});

t.test('an MTU that is set does not follow the host’s; mtuIfacePattern says whose counts', async (t) => {
  const host = await started({
    vxlan4: vxlan([B], { mtu: 1300 }),
    ipip: { address: '10.244.1.1', subnet: undefined, mtu: 1234 },
  });
  const mtus = async (): Promise<readonly string[]> =>
    (await host.kernel.linkList())
      .filter(({ kind }) => kind === 'ipip' || kind === 'vxlan')
      .map(({ name, mtu }) => `${name} ${mtu}`)
      .sort();
  t.same(await mtus(), ['tunl0 1234', 'vxlan.calico 1300']);
  await host.kernel.linkAdd({ kind: 'dummy', name: 'uplink0', mtu: 1400 });
  await host.kernel.linkSet('uplink0', { up: true });
  const desired = tunnels({ ipip: { address: '10.244.1.1', subnet: undefined } });
  host.dataplane.apply({ ...desired, host: { ...desired.host, uplinks: '^(?P<kind>uplink)' } });
  await host.settle(10_000);
  t.same(await mtus(), ['tunl0 1380']);
});

t.test('the MTU for pods is told when it changes', async (t) => {
  const host = await Host.create();
  const told: number[] = [];
  host.listeners = { onPodMtu: (mtu) => told.push(mtu) };
  await host.dataplane.start(tunnels({ vxlan4: vxlan() }));
  await host.kernel.linkSet('eth0', { mtu: 9000 });
  await host.settle(1000);
  host.dataplane.apply(wanted([]));
  await host.kernel.linkSet('eth0', { up: false });
  await host.settle(1000);
  host.dataplane.apply(tunnels({ vxlan4: vxlan([], { mtu: 1300 }) }));
  t.same(told, [1450, 8950, 9000, 1460, 1300]);
});

t.test('IPIP: tunl0 is made, or used as it is there already', async (t) => {
  for (const there of [false, true]) {
    const host = await Host.create();
    if (there) await host.kernel.linkAdd({ kind: 'ipip', name: 'tunl0' });
    const changes: (number | string | undefined)[] = [];
    const { tunnels: reconciler } = host.dataplane;
    host.listeners = { onIpip: () => changes.push(reconciler.ipip) };
    await host.dataplane.start(tunnels({ ipip: { address: '10.244.1.1', subnet: undefined } }));
    await host.settle();
    t.same(await shown(host), ['tunl0 ipip mtu 1480 up 10.244.1.1/32']);
    const index = (await host.kernel.linkList()).find(({ name }) => name === 'tunl0')?.index;
    t.same(changes, [index], 'routing is told');
    await host.kernel.linkDelete('tunl0');
    await host.settle(1000);
    t.same(await shown(host), ['tunl0 ipip mtu 1480 up 10.244.1.1/32']);
    t.equal(changes.length, 3, 'gone, and there again');
  }
});

t.test('a kernel without ipip: one sentence that says what to do, and the rest goes on', async (t) => {
  const host = await Host.create();
  host.machine.missingKinds.add('ipip');
  await host.dataplane.start(tunnels({ vxlan4: vxlan(), ipip: { address: '10.244.1.1', subnet: undefined } }));
  await host.settle(10_000);
  t.same(await shown(host), COMPLETE);
  t.equal(host.dataplane.tunnels.ipip, undefined);
  const failures = host.dataplane.tunnels.failures();
  t.equal(failures.length, 1);
  t.match(failures[0], { what: 'tunl0', reason: /this kernel has no ipip devices/ });
  host.machine.missingKinds.delete('ipip');
  await host.settle(60_000);
  t.same(host.dataplane.tunnels.failures(), []);
  t.type(host.dataplane.tunnels.ipip, 'number');
});

t.test('a device of another kind that is called tunl0 is left alone, and named', async (t) => {
  const host = await Host.create();
  await host.kernel.linkAdd({ kind: 'dummy', name: 'tunl0' });
  await host.dataplane.start(tunnels({ ipip: { address: undefined, subnet: undefined } }));
  await host.settle();
  t.match(host.dataplane.tunnels.failures(), [{ reason: /it is no IPIP device/ }]);
});

t.test('every single refusal of the kernel is got over', async (t) => {
  const run = async (after: number | undefined): Promise<{ shown: string[]; calls: number }> => {
    const host = await started({ vxlan4: vxlan([C], { vni: 77 }) });
    host.machine.calls.length = 0;
    if (after !== undefined) host.machine.failOnce({ after });
    host.dataplane.apply(tunnels({ vxlan4: vxlan(), ipip: { address: '10.244.1.1', subnet: undefined } }));
    await host.settle(60_000);
    const calls = host.machine.calls.length;
    return { shown: await shown(host), calls };
  };
  const { shown: whole, calls } = await run(undefined);
  t.same(whole, [...COMPLETE.slice(0, 1), 'tunl0 ipip mtu 1480 up 10.244.1.1/32', ...COMPLETE.slice(1)].sort(byDevice));
  t.ok(calls > 15);
  for (let after = 0; after < calls; after++) {
    t.same((await run(after)).shown.sort(byDevice), whole, `call ${after} of ${calls} fails`);
  }
});

/** Which of the two devices was made first is no matter. */
function byDevice(a: string, b: string): number {
  const rank = (line: string): number => (line.startsWith('tunl0') ? 0 : line.startsWith('vxlan.calico') ? 1 : 2);
  return rank(a) - rank(b);
}

t.test('each device and entry is explained', async (t) => {
  const host = await started({ vxlan4: vxlan([B]) });
  t.same(host.dataplane.tunnels.entries(), [
    {
      text: 'vxlan.calico vxlan id 4096 local 172.16.0.1 dev eth0 dstport 4789 nolearning mtu 1450 address 10.244.1.0/32',
      present: true,
      why: 'pool 10.244.0.0/16: vxlanMode Always',
    },
    { text: '66:00:00:00:00:02 dev vxlan.calico dst 172.16.0.2 self permanent', present: true, why: 'node b' },
    { text: '10.244.2.0 dev vxlan.calico lladdr 66:00:00:00:00:02 PERMANENT', present: true, why: 'node b' },
  ]);
  host.machine.failOnce({ verb: 'neighborAdd' });
  host.dataplane.apply(tunnels({ vxlan4: vxlan() }));
  await host.settle(10);
  const lacking = host.dataplane.tunnels.entries().filter(({ present }) => !present);
  t.equal(lacking.length, 1);
  t.match(lacking[0].why, /made to fail/);
  t.ok(host.machine.namespace(HOST));
});

t.test('whatever the kernel tells while a restart is under way, nothing is written', async (t) => {
  const state = { vxlan4: vxlan(), ipip: { address: '10.244.1.1', subnet: '172.16.0.0/24' } };
  const desired = { ...tunnels(state), blocks, workloads };
  const host = await Host.create();
  await host.addPod('web', '10.244.1.5');
  await host.dataplane.start(desired);
  await host.settle();
  const namespace = host.machine.namespace(HOST);
  const [link] = (await host.kernel.linkList()).filter(({ name }) => name === 'vxlan.calico');
  const [address] = (await host.kernel.addressList()).filter(({ dev }) => dev === 'vxlan.calico');
  const told: readonly KernelEvent[] = [
    { kind: 'resync' },
    { kind: 'link', change: 'new', link },
    { kind: 'address', change: 'deleted', address },
  ];
  const before = await shown(host);
  for (const event of told) {
    for (let turn = 0, early = true; early; turn++) {
      host.dataplane.stop();
      host.writes();
      const transactions = host.nft.done.length;
      let ended = false;
      const start = host
        .restarted()
        .start(desired)
        .finally(() => {
          ended = true;
        });
      for (let passed = 0; passed < turn; passed++) await undefined;
      early = !ended;
      namespace.tell(event);
      await start;
      await host.settle();
      const written = [...host.writes(), ...host.nft.done.slice(transactions)];
      if (written.length > 0) t.fail(`${JSON.stringify(event).slice(0, 80)} in turn ${turn}: ${written[0]}`);
    }
  }
  t.same(await shown(host), before);
});
