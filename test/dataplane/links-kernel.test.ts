import t, { type Test } from 'tap';
import { sleep, systemClock } from '../../src/base/index.ts';
import type { Dataplane } from '../../src/dataplane/index.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { RealHost, STATES } from './real-host.ts';
import { Watch } from './watch.ts';

t.setTimeout(3_600_000);

const DEVICE = 'vxlan.calico';
const POD = '10.244.1.2/32';
const BLOCK = '10.244.1.0/26';
const TUNNELLED = '10.244.2.0/26';
const DIRECT = '10.244.3.0/26';
const VTEP = '10.244.2.0';

interface Change {
  readonly what: string;
  /** Lines of ip(8). Each inner list is done at once; in between the dataplane settles. */
  readonly steps: readonly (readonly string[])[];
  /** What no packet may miss, since the change is none of its business: destinations of routes and of neighbours. */
  readonly untouched: readonly string[];
}

const UPLINK = ['link add eth0 type veth peer name cable', 'link set cable up', 'link set eth0 up'];
const WEB = ['link add caliweb type veth peer name web', 'link set caliweb up', 'link set web up'];
const ADDRESS = 'addr add 172.16.0.1/24 dev eth0';

const CHANGES: readonly Change[] = [
  {
    what: 'vxlan.calico is deleted',
    steps: [[`link delete ${DEVICE}`]],
    untouched: [POD, BLOCK],
  },
  {
    what: 'vxlan.calico is set down',
    steps: [[`link set ${DEVICE} down`]],
    untouched: [POD, BLOCK],
  },
  {
    what: 'vxlan.calico is replaced by another of that name',
    steps: [[`link delete ${DEVICE}`, `link add ${DEVICE} type vxlan id 7 dstport 4790 dev eth0`]],
    untouched: [POD, BLOCK],
  },
  {
    what: 'the pod’s interface is deleted, and comes back later',
    steps: [['link delete caliweb'], WEB],
    untouched: [BLOCK, TUNNELLED, DIRECT, VTEP],
  },
  {
    what: 'the pod’s interface is deleted and made again at once',
    steps: [['link delete caliweb', ...WEB]],
    untouched: [BLOCK, TUNNELLED, DIRECT, VTEP],
  },
  {
    what: 'the pod’s interface is set down, and up later',
    steps: [['link set caliweb down'], ['link set caliweb up']],
    untouched: [BLOCK, TUNNELLED, DIRECT, VTEP],
  },
  {
    what: 'the uplink is set down, and up later',
    steps: [['link set eth0 down'], ['link set eth0 up']],
    untouched: [POD, BLOCK, TUNNELLED, VTEP],
  },
  {
    what: 'the uplink is set down and up at once',
    steps: [['link set eth0 down', 'link set eth0 up']],
    untouched: [POD, BLOCK, TUNNELLED, VTEP],
  },
  {
    what: 'the uplink is deleted, and vxlan.calico with it; it comes back later',
    steps: [['link delete eth0'], [...UPLINK, ADDRESS]],
    untouched: [POD, BLOCK],
  },
  {
    what: 'the uplink is deleted and made again at once',
    steps: [['link delete eth0', ...UPLINK, ADDRESS]],
    untouched: [POD, BLOCK],
  },
  {
    what: 'the uplink gets its address later than it comes back',
    steps: [['link delete eth0'], UPLINK, [ADDRESS]],
    untouched: [POD, BLOCK],
  },
  {
    what: 'the uplink loses its address, and gets it again',
    steps: [['addr flush dev eth0'], [ADDRESS]],
    untouched: [POD, BLOCK],
  },
];

/** Nothing is left to do, and nothing has failed: what is tried again later has been. */
async function idle({ routes, tunnels, endpoints }: Dataplane): Promise<void> {
  const failing = (): number => routes.failures().length + tunnels.failures().length + endpoints.failures().length;
  while (routes.pending || failing() > 0) await sleep(systemClock, 20);
}

async function changed(t: Test, host: RealHost, { what, steps, untouched }: Change): Promise<void> {
  host.furnish();
  const dataplane = RealHost.dataplane(host.kernel, host.nft);
  await dataplane.start(STATES.before);
  await dataplane.routes.flush();
  const whole = await host.dump();
  t.match(whole, /10\.244\.2\.0\/26 via 10\.244\.2\.0 dev vxlan\.calico/, 'it stands');
  const watch = await Watch.start(host);
  for (const [index, step] of steps.entries()) {
    host.ip(...step);
    if (index < steps.length - 1) await watch.quiet();
  }
  t.equal(await host.until(whole), whole, `${what}: all is as it was`);
  await idle(dataplane);
  await watch.quiet();
  t.not(watch.all().length, 0, `${what}: the watch sees what was repaired`);
  t.same(watch.of(untouched), [], `${what}: the rest was left alone`);

  watch.clear();
  await dataplane.resync();
  await watch.quiet();
  t.same(watch.all(), [], `${what}: nor is there anything left to do`);
  watch.stop();
  dataplane.stop();
}

t.test('whatever becomes of a link, the final state is the desired one', needsRoot, async (t) => {
  const { path, remove } = makeNamespace();
  t.teardown(remove);
  const host = await RealHost.open(path, new FakeNft());
  t.teardown(() => host.close());
  for (const change of CHANGES) await t.test(change.what, (t) => changed(t, host, change));
});
