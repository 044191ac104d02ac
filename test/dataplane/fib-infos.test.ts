import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { FibInfos } from '../../src/dataplane/routes/fib-infos.ts';
import { prefixNumber, RouteReconciler } from '../../src/dataplane/routes/reconcile.ts';
import { workloadRoute } from '../../src/dataplane/routes/render.ts';
import { RouteTable } from '../../src/dataplane/routes/route-table.ts';
import type { RouteChanges } from '../../src/netlink/index.ts';
import { leftByMillion } from '../fakes/heap.ts';

t.test('a million pods come and go, each with an interface of its own, and leave nothing', async (t) => {
  const infos = new FibInfos();
  const table = new RouteTable(4, infos);
  const prefix = prefixNumber(table, '10.0.0.1/32');
  const answer = (): void => {
    for (let batch = table.take(10); batch !== undefined; batch = table.take(10)) table.settle(batch, []);
    infos.collect();
    prefixNumber(table, '10.0.0.1/32');
  };
  const left = leftByMillion((step) => {
    table.want('workload', prefix, infos.id(workloadRoute(step + 1)));
    if (step % 2 === 0) return;
    answer();
    table.want('workload', prefix, 0);
    answer();
  });
  t.ok(left < 1_000_000, `${left} octets`);
  t.ok(infos.all.length < 10, `${infos.all.length} numbers`);
});

t.test('a way is kept while a source wants it, the kernel has it or a batch is under way with it', async (t) => {
  const batches: RouteChanges[] = [];
  const kernel = {
    routeColumns: async () => ({
      family: 4 as const,
      count: 0,
      addresses: new Uint32Array(0),
      lengths: new Uint8Array(0),
      infoIndex: new Uint32Array(0),
      infos: [],
    }),
    applyRoutes: async (changes: RouteChanges) => {
      batches.push(changes);
      await new Promise((resolve) => setImmediate(resolve));
      for (let entry = 0; entry < changes.count; entry++) {
        t.not(changes.infos[changes.infoIndex[entry]].protocol, 0, 'a batch refers to what is still there');
      }
      return [];
    },
  };
  const routes = new RouteReconciler({ kernel, clock: new VirtualClock(), log: silentLog });
  await routes.start();
  const table = routes.tables[4];
  const want = (source: 'workload' | 'bgp', dev: number): void =>
    table.want(source, prefixNumber(table, '10.0.0.1/32'), dev === 0 ? 0 : routes.infos.id(workloadRoute(dev)));
  want('bgp', 1);
  want('workload', 2);
  await routes.flush();
  want('workload', 3);
  const flushing = routes.flush();
  await Promise.resolve();
  want('workload', 4);
  await flushing;
  await routes.flush();
  const devices = (): (number | undefined)[] =>
    routes.infos.all.flatMap(({ nextHops }) => nextHops.map(({ dev }) => dev));
  t.same(devices().sort(), [1, 4], 'what is wanted second is kept too');
  want('workload', 0);
  await routes.flush();
  want('bgp', 0);
  await routes.flush();
  t.same(devices(), []);
  t.equal(table.present, 0);
});
