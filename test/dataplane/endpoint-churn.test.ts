import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { DesiredWorkload } from '../../src/calc/index.ts';
import { EndpointReconciler } from '../../src/dataplane/endpoints/reconcile.ts';
import { RouteReconciler } from '../../src/dataplane/routes/reconcile.ts';
import type { FibInfo, Link } from '../../src/netlink/index.ts';
import { heapInUse } from '../fakes/heap.ts';

/** A kernel that takes everything, and counts settings that are read or written. */
function machine() {
  const clock = new VirtualClock();
  const routeColumns = async (family: 4 | 6) => ({
    family,
    count: 0,
    addresses: new Uint32Array(0),
    lengths: new Uint8Array(0),
    infoIndex: new Uint32Array(0),
    infos: [] as FibInfo[],
  });
  let settings = 0;
  const kernel = {
    routeColumns: ({ family }: { family: 4 | 6 }) => routeColumns(family),
    applyRoutes: async () => [],
    sysctl: async () => {
      settings++;
      return '1';
    },
    linkGet: async () => undefined,
    linkSet: async () => {},
    addressList: async () => [],
    addressAdd: async () => {},
  };
  const routes = new RouteReconciler({ kernel, clock, log: silentLog });
  const policy = { admits: () => true, lacking: () => undefined, onAdmitted: () => {} };
  const endpoints = new EndpointReconciler({ kernel, routes, policy, clock, log: silentLog });
  return { clock, routes, endpoints, settings: () => settings };
}

function workload(name: string, address: string): DesiredWorkload {
  const key = `default/${name}`;
  return { key, interfaceName: `cali${name}`, addresses: [address], floatingIps: [], sourcePrefixes: [], why: key };
}

function veth(name: string, index: number): Link {
  const mac = 'ee:ee:ee:ee:ee:ee';
  return { index, name: `cali${name}`, kind: 'veth', up: true, operState: 'up', flags: [], mtu: 1500, mac };
}

function address(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}/32`;
}

const NOWHERE = { routeSource: {} } as const;

t.test('pods and their interfaces come and go, and leave nothing', async (t) => {
  const { endpoints, routes } = machine();
  await routes.start();
  const round = async (from: number, to: number): Promise<void> => {
    for (let pod = from; pod < to; pod++) {
      const link = veth(String(pod), pod + 1);
      endpoints.linkChanged(link, true);
      endpoints.apply([workload(String(pod), address(pod % 1000))], NOWHERE);
      await routes.flush();
      endpoints.apply([], NOWHERE);
      endpoints.linkChanged(link, false);
      if (pod % 2 === 0) routes.linkLost(link.index);
      await routes.flush();
    }
    await routes.flush();
  };
  await round(0, 2000);
  const before = heapInUse();
  await round(2000, 32_000);
  const left = heapInUse() - before;
  // Compiled code and what the engine notes of it come and go by a megabyte; an entry kept for each pod would be ten.
  t.ok(left < 3_000_000, `${left} octets`);
  t.same(endpoints.strange('cali'), []);
});

t.test('a pod or a link that changes costs just that pod', async (t) => {
  const { endpoints, routes, settings } = machine();
  await routes.start();
  const pods = Array.from({ length: 100 }, (_, pod) => workload(String(pod), address(pod)));
  for (const pod of pods.keys()) endpoints.linkChanged(veth(String(pod), pod + 1), true);
  endpoints.apply(pods, NOWHERE);
  await new Promise((resolve) => setImmediate(resolve));
  await routes.flush();
  t.equal(routes.counts().programmed, 100);
  const before = settings();
  const { add, replace, delete: gone } = routes.written;
  endpoints.linkChanged(veth('7', 1007), true);
  endpoints.apply([...pods, workload('new', address(1000))], NOWHERE);
  endpoints.linkChanged(veth('new', 2000), true);
  await new Promise((resolve) => setImmediate(resolve));
  await routes.flush();
  const each = before / 100;
  t.equal(settings() - before, 2 * each, 'settings of two interfaces');
  t.equal(routes.written.add + routes.written.replace - add - replace, 2, 'and two routes');
  t.equal(routes.written.delete, gone);
});

t.test('two endpoints that name one interface or one address: the last by its key has it', async (t) => {
  const { endpoints, routes } = machine();
  await routes.start();
  const [one, other] = [workload('a', address(1)), { ...workload('b', address(1)), interfaceName: 'calib' }];
  endpoints.linkChanged(veth('a', 1), true);
  endpoints.linkChanged(veth('b', 2), true);
  const leads = async (...pods: readonly DesiredWorkload[]): Promise<number | undefined> => {
    endpoints.apply(pods, NOWHERE);
    await routes.flush();
    const table = routes.tables[4];
    for (let prefix = 0; prefix < table.prefixes.limit; prefix++) {
      if (table.desired(prefix) !== 0) return table.infos.info(table.desired(prefix)).nextHops[0].dev;
    }
    return undefined;
  };
  t.equal(await leads(one, other), 2);
  t.equal(await leads(other, one), 2, 'in whatever order they come');
  t.equal(await leads(one), 1, 'the other has it again');
  const shared = { ...other, addresses: [address(2)], interfaceName: 'calia' };
  await leads(one, shared);
  t.equal(routes.counts().programmed, 2);
  t.equal(await leads(one), 1);
  t.equal(endpoints.lacking('default/a'), undefined);
  t.equal(await leads(), undefined);
});
