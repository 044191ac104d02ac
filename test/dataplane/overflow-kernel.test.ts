import t, { type Test } from 'tap';
import { type Log, silentLog, systemClock } from '../../src/base/index.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { RealHost, STATES } from './real-host.ts';
import { Watch } from './watch.ts';

t.setTimeout(3_600_000);

/** Changes of others, to routes that are none of ours: several times what a monitor's buffer of 4 MB holds. */
const FLOOD = Array.from({ length: 6000 }, () => ['route add 203.0.113.0/24 dev cable', 'route del 203.0.113.0/24']);
const OTHERS = 'route add 198.51.100.0/24 dev cable';
const DEVICE = 'vxlan.calico';

/** What is done to our entries while nobody hears of it: lines of ip(8). */
const DAMAGE: Readonly<Record<string, readonly string[]>> = {
  'routes, an address and a neighbour go': [
    'route del 10.244.2.0/26',
    'route del blackhole 10.244.1.0/26',
    `neigh del 10.244.3.0 dev ${DEVICE}`,
    `addr del 10.244.1.0/32 dev ${DEVICE}`,
  ],
  'a route is replaced, and one that nobody wants appears under our name': [
    'route replace 10.244.2.0/26 dev cable proto 80',
    'route add blackhole 10.244.77.0/26 proto 80',
    `neigh replace 10.244.3.0 lladdr 02:00:00:00:00:99 dev ${DEVICE} nud permanent`,
  ],
  'the tunnel’s device goes': [`link delete ${DEVICE}`],
  'the pod’s interface is another now': [
    'link delete caliweb',
    'link add caliweb type veth peer name web',
    'link set caliweb up',
    'link set web up',
  ],
  'the uplink goes down and up, and its routes with it': ['link set eth0 down', 'link set eth0 up'],
};

async function flooded(t: Test, host: RealHost, what: string): Promise<void> {
  host.furnish();
  let overflows = 0;
  const log: Log = { ...silentLog, info: (_, message) => (overflows += Number(/listing again/.test(message))) };
  const dataplane = RealHost.dataplane(host.kernel, host.nft, systemClock, log);
  await dataplane.start(STATES.before);
  await dataplane.routes.flush();
  const whole = await host.dump();
  // The event loop stands still meanwhile, so the monitor's buffer must overflow, and the damage comes last.
  host.ip(...FLOOD.flat(), OTHERS, ...DAMAGE[what]);
  t.not(await host.dump(), whole, 'there is something to repair');
  t.equal(await host.until(whole), whole, 'all is as it was');
  t.equal(overflows, 1, 'by one new listing');
  t.match(host.run(['ip', 'route', 'show', 'proto', 'boot']), '198.51.100.0/24', 'what others made stays');

  const watch = await Watch.start(host);
  await dataplane.resync();
  await watch.quiet();
  t.same(watch.all(), [], 'nor is there anything left to do');
  watch.stop();
  dataplane.stop();
}

t.test('changes that the kernel could not tell are found and repaired', needsRoot, async (t) => {
  const { path, remove } = makeNamespace();
  t.teardown(remove);
  const host = await RealHost.open(path, new FakeNft());
  t.teardown(() => host.close());
  for (const what of Object.keys(DAMAGE)) await t.test(what, (t) => flooded(t, host, what));
});
