import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';

import { FibInfos } from '../../src/dataplane/routes/fib-infos.ts';
import { RouteReconciler } from '../../src/dataplane/routes/reconcile.ts';
import { BLACKHOLE } from '../../src/dataplane/routes/render.ts';
import { prefixNumber, RouteTable } from '../../src/dataplane/routes/route-table.ts';
import { type Kernel, KernelError, ROUTE_ADD, ROUTE_DELETE, ROUTE_REPLACE } from '../../src/netlink/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { routeChanges } from '../fakes/route-changes.ts';

const HOST = '/run/netns/host';

function table(): { table: RouteTable; want(cidr: string, metric: number): void } {
  const infos = new FibInfos();
  const table = new RouteTable(4, infos);
  const want = (cidr: string, metric: number) =>
    table.want('bgp', prefixNumber(table, cidr), metric === 0 ? 0 : infos.id({ ...BLACKHOLE, mtu: metric }));
  return { table, want };
}

t.test('what changes again before the kernel has answered waits for the answer', async (t) => {
  const { table: routes, want } = table();
  want('10.0.0.0/26', 1400);
  want('10.0.0.64/26', 1400);
  const first = routes.take(1)!;
  const second = routes.take(10)!;
  t.same([first.changes.count, second.changes.count], [1, 1], 'two batches are under way');
  want('10.0.0.0/26', 1300);
  t.equal(routes.take(10), undefined);
  routes.settle(first, []);
  const third = routes.take(10)!;
  t.same([third.changes.count, third.changes.verbs[0]], [1, ROUTE_REPLACE]);
  want('10.0.0.0/26', 0);
  t.equal(routes.take(10), undefined);
  routes.settle(second, []);
  t.equal(routes.take(10), undefined, 'the answer to others is not the answer');
  routes.settle(third, []);
  t.same([...routes.take(10)!.changes.verbs.subarray(0, 1)], [ROUTE_DELETE]);
});

t.test('what changes again and was refused is tried as it is wanted now', async (t) => {
  const { table: routes, want } = table();
  want('10.0.0.0/26', 1400);
  const first = routes.take(10)!;
  want('10.0.0.0/26', 1300);
  t.equal(routes.take(10), undefined);
  routes.settle(first, [{ entry: 0, code: 'EEXIST', reason: '' }]);
  t.equal(routes.take(10)!.changes.verbs[0], ROUTE_ADD);
});

/** A reconciler on a fake kernel whose `applyRoutes` goes through `around`. */
async function reconciler(around: (apply: Kernel['applyRoutes']) => Kernel['applyRoutes']) {
  const machine = new FakeMachine();
  machine.addNamespace(HOST);
  const kernel = machine.kernel(HOST);
  const clock = new VirtualClock();
  const applyRoutes = around((changes) => kernel.applyRoutes(changes));
  const seen = {
    applyRoutes,
    routeColumns: (filter: Parameters<Kernel['routeColumns']>[0]) => kernel.routeColumns(filter),
  };
  const routes = new RouteReconciler({ kernel: seen, clock, log: silentLog });
  await routes.start();
  const id = routes.infos.retain(routes.infos.id(BLACKHOLE));
  return { kernel, clock, routes, want: (cidr: string, info = id) => wantAt(routes, cidr, info) };
}

function wantAt(routes: RouteReconciler, cidr: string, info: number): void {
  routes.tables[4].want('blackhole', prefixNumber(routes.tables[4], cidr), info);
}

t.test('a batch is made ready while the kernel has the one before, and all are in their order', async (t) => {
  const order: string[] = [];
  let batches = 0;
  const { kernel, routes } = await reconciler((apply) => async (changes) => {
    const batch = ++batches;
    order.push(`given ${batch}`);
    await new Promise((resolve) => setImmediate(resolve));
    const failures = await apply(changes);
    order.push(`answered ${batch}`);
    return failures;
  });
  const id = routes.infos.retain(routes.infos.id(BLACKHOLE));
  for (let entry = 0; entry < 10_000; entry++) {
    routes.tables[4].want('blackhole', routes.tables[4].prefixes.intern4(0x0a000000 + entry * 64, 26), id);
  }
  await routes.flush();
  t.equal((await kernel.routeColumns({ family: 4 })).count, 10_000);
  t.same(order, ['given 1', 'given 2', 'answered 1', 'given 3', 'answered 2', 'answered 3']);
});

t.test('when answers are lost, the kernel is read again and nobody is blamed', async (t) => {
  let losing = true;
  const { clock, routes, want } = await reconciler((apply) => async (changes) => {
    const failures = await apply(changes);
    if (losing) throw new KernelError('ENOBUFS', 'netlink', 'answers of the kernel were lost');
    return failures;
  });
  want('10.0.0.0/26');
  want('10.0.0.64/26');
  await routes.flush();
  losing = false;
  await routes.resync();
  t.same(routes.failures(), [], 'the routes are there');
  t.match(routes.counts(), { desired: 2, programmed: 2, failed: 0 });
  await clock.advanceAsync(60_000);
  t.same(routes.failures(), []);
});

t.test('a refusal is forgotten when nothing is wanted any more', async (t) => {
  const { clock, routes, want } = await reconciler(
    () => async (changes) =>
      Array.from({ length: changes.count }, (_, entry) => ({ entry, code: 'EEXIST', reason: 'somebody else has it' })),
  );
  want('10.0.0.0/26');
  await routes.flush();
  t.match(routes.failures(), [{ prefix: '10.0.0.0/26', code: 'EEXIST' }]);
  want('10.0.0.0/26', 0);
  await clock.advanceAsync(60_000);
  t.same(routes.failures(), []);
});

t.test('after the end nothing is written and nothing waits', async (t) => {
  let routes: RouteReconciler | undefined;
  let given = 0;
  const made = await reconciler(() => async (changes) => {
    given++;
    routes?.stop();
    return Array.from({ length: changes.count }, (_, entry) => ({ entry, code: 'EIO', reason: '' }));
  });
  routes = made.routes;
  made.want('10.0.0.0/26');
  await routes.flush();
  t.same(routes.failures(), []);
  await made.clock.advanceAsync(60_000);
  t.equal(given, 1);
});

t.test('somebody who undoes a route again and again keeps us busy ten times a second, no more', async (t) => {
  let writes = 0;
  const { kernel, clock, routes, want } = await reconciler((apply) => (changes) => {
    writes++;
    return apply(changes);
  });
  want('10.0.0.0/26');
  await routes.flush();
  const undone = { ...BLACKHOLE, family: 4, destination: '10.0.0.0/26' } as const;
  for (let attack = 0; attack < 200; attack++) {
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_DELETE, undone.destination, BLACKHOLE]]));
    routes.observed(undone, false);
    await clock.advanceAsync(5);
  }
  t.ok(writes >= 10 && writes <= 12, `${writes} in a second`);
  await clock.advanceAsync(100);
  t.match(routes.counts(), { desired: 1, programmed: 1 }, 'and in the end it is there');
});

t.test('what somebody does while a change is under way is looked at, since nobody knows who was first', async (t) => {
  const change = { family: 4, destination: '10.0.0.0/26', ...BLACKHOLE } as const;
  let meddle = async (): Promise<void> => {};
  const { kernel, clock, routes, want } = await reconciler((apply) => async (changes) => {
    const failures = await apply(changes);
    await meddle();
    return failures;
  });
  meddle = async () => {
    meddle = async () => {};
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_DELETE, change.destination, BLACKHOLE]]));
    routes.observed(change, false);
  };
  want(change.destination);
  await routes.flush();
  await clock.advanceAsync(1000);
  t.equal((await kernel.routeList({ family: 4 })).length, 1);
  t.equal(routes.counts().programmed, 1);
});
