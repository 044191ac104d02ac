import t, { type Test } from 'tap';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { prefixNumber, RouteReconciler } from '../../src/dataplane/routes/reconcile.ts';
import { BLACKHOLE, gatewayRoute, workloadRoute } from '../../src/dataplane/routes/render.ts';
import { type FibInfo, type Kernel, openKernel } from '../../src/netlink/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

const root = process.getuid?.() === 0;

/** A namespace of some kernel and the path of another one of it. */
type Ground = readonly [kernel: Kernel, otherPath: string];

const KERNELS: Readonly<Record<string, (t: Test) => Promise<Ground>>> = {
  'the fake kernel': async () => {
    const machine = new FakeMachine();
    for (const path of ['/one', '/two']) machine.addNamespace(path);
    return [machine.kernel('/one'), '/two'];
  },
  ...((root || process.env['CI']) && {
    'the real kernel': async (t: Test): Promise<Ground> => {
      const spaces = [makeNamespace(), makeNamespace()];
      const kernel = await openKernel({ namespace: spaces[0].path });
      t.teardown(() => {
        kernel.close();
        for (const space of spaces) space.remove();
      });
      return [kernel, spaces[1].path];
    },
  }),
};

/** `eth0` with fd01::1/64, up; gives its index. */
async function furnish([kernel, otherPath]: Ground): Promise<number> {
  const mac = 'ee:ee:ee:ee:ee:ee';
  await kernel.linkAdd({ kind: 'veth', name: 'eth0', mac, mtu: 1500, peerName: 'eth0', peerNamespace: otherPath });
  await kernel.linkSet('eth0', { up: true });
  const other = await kernel.inNamespace(otherPath);
  await other.linkSet('eth0', { up: true });
  other.close();
  await kernel.addressAdd({ dev: 'eth0', address: 'fd01::1/64' });
  return (await kernel.linkGet('eth0'))?.index ?? 0;
}

for (const [name, ground] of Object.entries(KERNELS)) {
  t.test(`IPv6 routes on ${name} are what was wanted, and stay so when they are looked at`, async (t) => {
    const here = await ground(t);
    const dev = await furnish(here);
    const [kernel] = here;
    const routes = new RouteReconciler({ kernel, clock: systemClock, log: silentLog });
    t.teardown(() => routes.stop());
    await routes.start();
    const table = routes.tables[6];
    const want = async (cidr: string, info: FibInfo): Promise<void> => {
      table.want('workload', prefixNumber(table, cidr), routes.infos.id(info));
      await routes.flush();
    };
    const way = (last: number) => ({ via: `fd01::${last}`, dev });
    await want('fd00::1/128', workloadRoute(dev));
    await want('fd00:1::/64', BLACKHOLE);
    await want('fd00:2::/64', gatewayRoute([way(2)]));
    await want('fd00:3::/64', gatewayRoute([way(2), way(3)]));
    t.same(routes.written, { add: 4, replace: 0, delete: 0 });
    await routes.resync();
    await routes.flush();
    t.same(routes.written, { add: 4, replace: 0, delete: 0 }, 'a look finds nothing to do');
    await want('fd00:2::/64', gatewayRoute([way(3), way(4)]));
    await want('fd00:3::/64', gatewayRoute([way(4)]));
    await want('fd00:1::/64', workloadRoute(dev));
    t.same(
      routes.written,
      { add: 4, replace: 3, delete: 0 },
      'a change is one step: there is no moment without a route',
    );
    await routes.resync();
    await routes.flush();
    t.same(routes.written, { add: 4, replace: 3, delete: 0 });
    t.same(routes.failures(), []);
    t.equal((await kernel.routeList({ family: 6, protocol: 80 })).length, 4);
  });
}
