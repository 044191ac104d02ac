import t, { type Test } from 'tap';
import { sleep, systemClock } from '../../src/base/index.ts';
import { NO_TUNNELS } from '../../src/calc/index.ts';
import type { Dataplane } from '../../src/dataplane/index.ts';
import { gatewayRoute } from '../../src/dataplane/routes/render.ts';
import { prefixNumber } from '../../src/dataplane/routes/route-table.ts';
import { pool } from '../calc/pool.ts';
import { vtep, vxlan } from '../calc/tunnels.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { RealHost } from './real-host.ts';

t.setTimeout(3_600_000);

/** What `ip route` says of it in the end: it went, it stands as before, or another is in its place. */
type Fate = 'goes' | 'stays' | { readonly becomes: string };

interface Left {
  /** As `ip route add` takes it, and as `ip route show` prints it. */
  readonly route: string;
  readonly fate: Fate;
  /** How the status names it; absent for not at all. */
  readonly named?: 'place' | 'before' | 'within' | 'some';
}

/** Our own: the pod 10.244.1.2, the blocks 10.244.1.0/26 and fd00:1::/122, and BGP's routes to node 2 and to fd00:2::/122. */
const NODE_2 = '10.244.2.0/26 via 172.16.0.2 dev eth0 proto 80';
const BLOCK = 'blackhole 10.244.1.0/26 proto 80';
const POD = '10.244.1.2 dev caliweb proto 80 scope link';
const NODE_2_6 = 'fd00:2::/122 via fd01::2 dev eth0 proto 80 metric 1024';
const BLOCK_6 = 'blackhole fd00:1::/122 dev lo proto 80 metric 1024';

const LEFT: Readonly<Record<string, readonly Left[]>> = {
  'BIRD’s way to a node that there still is': [
    { route: '10.244.2.0/26 via 172.16.0.99 dev eth0 proto bird', fate: { becomes: NODE_2 } },
  ],
  'BIRD’s way to a former node': [{ route: '10.244.99.0/26 via 172.16.0.99 dev eth0 proto bird', fate: 'goes' }],
  'BIRD’s blackholes': [
    { route: 'blackhole 10.244.1.0/26 proto bird', fate: { becomes: BLOCK } },
    { route: 'blackhole 10.244.7.0/26 proto bird', fate: 'goes' },
    { route: 'unreachable 10.244.8.0/26 proto bird', fate: 'goes' },
  ],
  'BIRD’s routes with a metric': [
    { route: '10.244.2.0/26 via 172.16.0.99 dev eth0 proto bird metric 32', fate: 'goes' },
    { route: '10.244.98.0/26 via 172.16.0.99 dev eth0 proto bird metric 1024', fate: 'goes' },
    { route: 'blackhole 10.244.1.0/26 proto bird metric 1024', fate: 'goes' },
  ],
  'BIRD’s ways by several next hops': [
    {
      route:
        '10.244.97.0/26 proto bird nexthop via 172.16.0.98 dev eth0 weight 1 nexthop via 172.16.0.99 dev eth0 weight 1',
      fate: 'goes',
    },
  ],
  'BIRD’s route to a pod that moved': [{ route: '10.244.2.9 via 172.16.0.99 dev eth0 proto bird', fate: 'goes' }],
  'Felix’s routes to pods': [
    { route: '10.244.1.2 dev caliweb scope link', fate: { becomes: POD } },
    { route: '10.244.1.9 dev caliweb scope link', fate: 'goes' },
    { route: '192.0.2.9 dev caliweb scope link', fate: 'goes' },
    { route: '10.244.1.2 dev caliweb proto 80 scope link metric 1024', fate: 'goes' },
  ],
  'Felix’s routes through its VXLAN device': [
    { route: '10.244.96.0/26 via 10.244.96.0 dev vxlan.calico proto 80 onlink', fate: 'goes' },
    { route: '10.244.95.0/26 via 10.244.95.0 dev vxlan.calico onlink', fate: 'goes' },
  ],
  'IPv6 alike': [
    { route: 'fd00:2::/122 via fd01::99 dev eth0 proto bird metric 1024', fate: { becomes: NODE_2_6 } },
    { route: 'fd00:99::/122 via fd01::99 dev eth0 proto bird metric 1024', fate: 'goes' },
    { route: 'blackhole fd00:1::/122 dev lo proto bird metric 1024', fate: { becomes: BLOCK_6 } },
    { route: 'blackhole fd00:7::/122 dev lo proto bird metric 1024', fate: 'goes' },
  ],
  'BIRD’s IPv6 routes that go before ours': [
    { route: 'fd00:2::/122 via fd01::99 dev eth0 proto bird metric 32', fate: 'goes' },
    { route: 'blackhole fd00:1::/122 dev lo proto bird metric 32', fate: 'goes' },
    {
      route:
        'fd00:97::/122 proto bird metric 32 nexthop via fd01::98 dev eth0 weight 1 nexthop via fd01::99 dev eth0 weight 1',
      fate: 'goes',
    },
  ],
  'routes of BIRD outside all pools': [
    { route: '192.168.7.0/24 via 172.16.0.99 dev eth0 proto bird', fate: 'stays' },
    { route: 'blackhole 192.168.8.0/24 proto bird', fate: 'stays' },
    { route: 'fd77::/64 via fd01::99 dev eth0 proto bird metric 32', fate: 'stays' },
  ],
  'routes of an administrator, and of other daemons': [
    { route: '10.244.2.0/26 via 172.16.0.99 dev eth0 proto static', fate: 'stays', named: 'place' },
    { route: '10.244.2.7 via 172.16.0.99 dev eth0 proto ospf', fate: 'stays', named: 'within' },
    { route: '10.244.1.16/28 via 172.16.0.99 dev eth0', fate: 'stays', named: 'within' },
    { route: '10.244.93.0/26 via 172.16.0.99 dev eth0 proto static', fate: 'stays' },
    { route: '10.244.92.0/26 via 172.16.0.99 dev eth0 proto zebra', fate: 'stays' },
    { route: '10.244.91.0/28 dev caliweb proto static scope link', fate: 'stays' },
    { route: '10.244.2.0/26 via 172.16.0.99 dev eth0 proto static metric 7', fate: 'stays' },
    { route: '10.244.0.0/16 via 172.16.0.99 dev eth0 proto static', fate: 'stays' },
    { route: 'fd00:2::/122 via fd01::99 dev eth0 proto static metric 32', fate: 'stays', named: 'before' },
    { route: 'fd00:2::7 via fd01::99 dev eth0 proto static metric 1024', fate: 'stays', named: 'within' },
    { route: 'fd00:1::/122 via fd01::99 dev eth0 proto ra metric 1024', fate: 'stays', named: 'place' },
    { route: 'fd00:2::/122 via fd01::99 dev eth0 proto static metric 2048', fate: 'stays' },
  ],
};

for (const [what, left] of Object.entries(LEFT)) {
  t.test(`${what}: taken over at the start, or left alone and named`, needsRoot, async (t) => {
    const host = await nodeIn(t);
    host.ip(...left.map(({ route }) => `route add ${route}`));
    const dataplane = await started(t, host);
    await fates(t, host, dataplane, left);
  });

  t.test(`${what}: taken over when it comes while the node runs, or left alone and named`, needsRoot, async (t) => {
    const host = await nodeIn(t);
    const dataplane = await started(t, host);
    for (const { route } of left) host.ip(`route replace ${route}`);
    await fates(t, host, dataplane, left);
  });
}

t.test(
  'what comes again after it was taken over has a living maker: it is left alone and named',
  needsRoot,
  async (t) => {
    const host = await nodeIn(t);
    const route = '10.244.2.0/26 via 172.16.0.99 dev eth0 proto bird';
    host.ip(`route add ${route}`);
    const dataplane = await started(t, host);
    await until('it is ours', () => shown(host).includes(NODE_2));
    host.ip(`route replace ${route}`);
    await until('it is named', () => dataplane.routes.foreign().length === 1);
    t.match(dataplane.routes.foreign(), [{ how: 'place', ours: '10.244.2.0/26', again: true }]);
    await dataplane.routes.resync();
    await dataplane.routes.flush();
    t.ok(shown(host).includes(route), 'nobody fights for it');
    host.ip(`route del ${route}`);
    await until('ours is back', () => shown(host).includes(NODE_2));
    t.same(dataplane.routes.foreign(), []);
  },
);

t.test('while a restart goes on, what Calico left stays until the peers have spoken', needsRoot, async (t) => {
  const host = await nodeIn(t);
  const stale = '10.244.99.0/26 via 172.16.0.99 dev eth0 proto bird';
  const second = '10.244.2.0/26 via 172.16.0.99 dev eth0 proto bird metric 32';
  host.ip(`route add ${stale}`, `route add ${second}`);
  const dataplane = await started(t, host, { holding: true });
  await until('ours is there', () => shown(host).includes(NODE_2));
  t.ok(shown(host).includes(stale));
  for (const table of Object.values(dataplane.routes.tables)) table.releaseDeletions();
  dataplane.routes.schedule();
  await until('they are gone', () => !shown(host).includes(stale) && !shown(host).includes(second));
});

t.test('a pool that comes later has what Calico left in it taken over', needsRoot, async (t) => {
  const host = await nodeIn(t);
  const stale = '10.250.9.0/26 via 172.16.0.99 dev eth0 proto bird';
  host.ip(`route add ${stale}`);
  const dataplane = await started(t, host);
  t.ok(shown(host).includes(stale), 'it is in no pool');
  dataplane.apply(state(['10.244.0.0/16', 'fd00::/16', '10.250.0.0/16']));
  await until('it is gone', () => !shown(host).includes(stale));
});

async function fates(t: Test, host: RealHost, dataplane: Dataplane, left: readonly Left[]): Promise<void> {
  const wrong = (): readonly string[] => {
    const now = shown(host);
    return left.flatMap(({ route, fate }) => {
      if (typeof fate === 'object' && !now.includes(fate.becomes)) return [`no ${fate.becomes}`];
      return now.includes(route) === (fate === 'stays') ? [] : [`${route}: ${fate}`];
    });
  };
  await until('all have their fate', () => wrong().length === 0, wrong);
  await dataplane.resync();
  await dataplane.routes.flush();
  t.same(wrong(), [], 'and so they stay');
  const named = dataplane.routes
    .foreign()
    .map(({ route, how }) => `${route.destination.replace(/\/(32|128)$/, '')} ${how}`);
  const expected = left.flatMap(({ route, named: how }) =>
    how ? [`${route.replace('blackhole ', '').split(' ')[0]} ${how}`] : [],
  );
  t.same(named.toSorted(), expected.toSorted());
  const places = expected.filter((text) => text.endsWith(' place')).length;
  t.equal(dataplane.routes.failures().length, places, 'only where another has the place is ours refused');
  for (const ours of [BLOCK, POD, NODE_2, BLOCK_6, NODE_2_6]) {
    if (places === 0) t.ok(shown(host).includes(ours), ours);
  }
}

/** A node on which Calico ran. */
async function nodeIn(t: Test): Promise<RealHost> {
  const { path, remove } = makeNamespace();
  const host = await RealHost.open(path, new FakeNft());
  t.teardown(() => {
    host.close();
    remove();
  });
  host.furnish();
  host.ip(
    'addr add fd01::1/64 dev eth0 nodad',
    'link add vxlan.calico type vxlan id 4096 dstport 4789 dev eth0',
    'link set vxlan.calico up',
  );
  return host;
}

async function started(t: Test, host: RealHost, { holding = false } = {}): Promise<Dataplane> {
  const dataplane = RealHost.dataplane(host.kernel, host.nft);
  t.teardown(() => dataplane.stop());
  if (holding) for (const table of Object.values(dataplane.routes.tables)) table.holdDeletions();
  const eth0 = (await host.kernel.linkGet('eth0'))?.index ?? 0;
  for (const [family, cidr, via] of [
    [4, '10.244.2.0/26', '172.16.0.2'],
    [6, 'fd00:2::/122', 'fd01::2'],
  ] as const) {
    const table = dataplane.routes.tables[family];
    table.want('bgp', prefixNumber(table, cidr), dataplane.routes.infos.id(gatewayRoute([{ via, dev: eth0 }])));
  }
  await dataplane.start(state(['10.244.0.0/16', 'fd00::/16']));
  return dataplane;
}

function state(pools: readonly string[]) {
  const tunnels = { ...NO_TUNNELS, vxlan4: vxlan([vtep('node5', 5)]) };
  const desired = wanted(
    ['10.244.1.0/26', 'fd00:1::/122'],
    { web: '10.244.1.2' },
    pools.map((cidr) => pool(cidr)),
  );
  return { ...desired, tunnels };
}

/** All routes, as `ip route show` prints them, without what the kernel adds. */
function shown(host: RealHost): readonly string[] {
  const text = host.run(['sh', '-c', 'ip -4 route show; ip -6 route show']);
  const joined = text.replaceAll(/ *\n\t/g, ' ');
  return joined.split('\n').map((line) =>
    line
      .replaceAll(/ (pref medium|linkdown)/g, '')
      .replaceAll(/ +/g, ' ')
      .trim(),
  );
}

async function until(what: string, isSo: () => boolean, tell: () => unknown = () => ''): Promise<void> {
  const end = systemClock.now() + 20_000;
  while (!isSo()) {
    if (systemClock.now() > end) throw new Error(`waited in vain until ${what}: ${tell()}`);
    await sleep(systemClock, 20);
  }
}
