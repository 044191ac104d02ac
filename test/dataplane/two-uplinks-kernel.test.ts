import t from 'tap';
import { sleep, systemClock } from '../../src/base/index.ts';
import { gatewayRoute } from '../../src/dataplane/routes/render.ts';
import { prefixNumber } from '../../src/dataplane/routes/route-table.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { RealHost, STATES } from './real-host.ts';

t.setTimeout(3_600_000);

const FAR = '10.244.77.0/26';

t.test(
  'a route by two uplinks, of which one goes down or away: it is known what the kernel has left',
  needsRoot,
  async (t) => {
    const { path, remove } = makeNamespace();
    t.teardown(remove);
    const host = await RealHost.open(path, new FakeNft());
    t.teardown(() => host.close());
    host.furnish();
    const second = [
      'link add up2 type veth peer name cable2',
      'link set cable2 up',
      'link set up2 up',
      'addr add 172.17.0.1/24 dev up2',
    ];
    host.ip(...second);
    const dataplane = RealHost.dataplane(host.kernel, host.nft);
    t.teardown(() => dataplane.stop());
    await dataplane.start(STATES.before);
    const table = dataplane.routes.tables[4];
    const indexOf = (name: string): number =>
      Number(JSON.parse(host.run(['ip', '-j', 'link', 'show', name]))[0].ifindex);
    const want = (...ways: readonly (readonly [string, string])[]): void => {
      const hops = ways.map(([via, dev]) => ({ via, dev: indexOf(dev) }));
      table.want('bgp', prefixNumber(table, FAR), dataplane.routes.infos.id(gatewayRoute(hops)));
      dataplane.routes.schedule();
    };
    const shown = (): string => host.run(['ip', 'route', 'show', FAR]).replaceAll(/\s+/g, ' ');
    const until = async (what: RegExp): Promise<void> => {
      for (const end = systemClock.now() + 30_000; !what.test(shown()) && systemClock.now() < end; )
        await sleep(systemClock, 20);
      t.match(shown(), what);
    };
    const [one, two] = [
      ['172.16.0.9', 'eth0'],
      ['172.17.0.9', 'up2'],
    ] as const;
    const both = /via 172\.16\.0\.9 dev eth0 weight 1 nexthop via 172\.17\.0\.9 dev up2 weight 1 $/;

    want(one, two);
    await until(both);
    host.ip('link set eth0 down');
    await until(/eth0 weight 1 dead/);
    want(two);
    await until(/^10\.244\.77\.0\/26 via 172\.17\.0\.9 dev up2 proto 80 $/);
    host.ip('link set eth0 up');
    want(one, two);
    await until(both);
    host.ip('link delete up2');
    await until(/^$/);
    want(one);
    await until(/^10\.244\.77\.0\/26 via 172\.16\.0\.9 dev eth0 proto 80 $/);
    t.same(dataplane.routes.failures(), [], 'and nothing of ours was in its own way');
  },
);
