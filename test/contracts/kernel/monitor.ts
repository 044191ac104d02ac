import { type FibInfo, type KernelEvent, ROUTE_ADD, ROUTE_DELETE } from '../../../src/netlink/index.ts';
import { routeChanges } from '../../fakes/route-changes.ts';
import { rejects } from '../rejects.ts';
import { DIRECT, type Scenarios } from './ground.ts';

/** What the kernel tells of by itself. */
export const NEWS: Scenarios = {
  'a monitor tells of every kind of change': async ({ t, kernel, dev }) => {
    const events: KernelEvent[] = [];
    const monitor = await kernel.monitor((event) => events.push(event));
    const index = await dev();
    const info: FibInfo = { ...DIRECT, nextHops: [{ dev: index }] };
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.8.0.0/26', info]]));
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_DELETE, '10.8.0.0/26', info]]));
    await kernel.neighborAdd({ dev: 'cali1', destination: '10.1.0.2', mac: '02:00:00:00:00:01' });
    for (const family of [4, 6] as const) {
      await kernel.ruleAdd({ family, priority: 99, table: 7 });
      await kernel.ruleDelete({ family, priority: 99, table: 7 });
    }
    await kernel.addressDelete({ dev: 'cali1', address: '10.1.0.1/24' });
    await kernel.linkDelete('cali1');
    await seen(events, ({ kind, ...event }) => kind === 'link' && 'change' in event && event.change === 'deleted');
    const told = (wanted: object) =>
      t.ok(
        events.some((event) => matches(event, wanted)),
        JSON.stringify(wanted),
      );
    told({ kind: 'link', change: 'new', link: { name: 'cali1' } });
    told({ kind: 'address', change: 'new', address: { dev: 'cali1', address: '10.1.0.1/24' } });
    told({ kind: 'route', change: 'new', route: { destination: '10.8.0.0/26', protocol: 80 } });
    told({ kind: 'route', change: 'deleted', route: { destination: '10.8.0.0/26', protocol: 80 } });
    told({ kind: 'neighbor', change: 'new', neighbor: { dev: 'cali1', destination: '10.1.0.2' } });
    for (const family of [4, 6]) {
      told({ kind: 'rule', change: 'new', rule: { family, priority: 99, table: 7 } });
      told({ kind: 'rule', change: 'deleted', rule: { family, priority: 99, table: 7 } });
    }
    told({ kind: 'address', change: 'deleted', address: { address: '10.1.0.1/24' } });
    monitor.stop();
  },

  'a monitor tells of queueing that somebody else has changed': async ({ t, kernel, path, dev }) => {
    await dev();
    const others = await kernel.inNamespace(path);
    const told: string[] = [];
    const monitor = await kernel.monitor((event) => event.kind === 'queueing' && told.push(event.dev));
    await kernel.qdiscReplace({ kind: 'ingress', dev: 'cali1' });
    await others.qdiscDelete('cali1', 'ingress');
    await seen(told, (name) => name === 'cali1');
    t.same(told, ['cali1'], 'and not of what it did itself');
    monitor.stop();
    others.close();
  },

  'a monitor leaves out what it was told to': async ({ t, kernel, path, dev }) => {
    const index = await dev();
    const others = await kernel.inNamespace(path);
    const told: string[] = [];
    const note = (event: KernelEvent) => event.kind === 'route' && told.push(event.route.destination);
    const options = { ignoreOwnRoutes: true, routeProtocols: [80, 12], routeTables: [254] };
    const monitor = await kernel.monitor(note, options);
    const info: FibInfo = { ...DIRECT, nextHops: [{ dev: index }] };
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.8.0.0/26', info]]));
    await others.applyRoutes(
      routeChanges(4, [
        [ROUTE_ADD, '10.8.1.0/26', { ...info, protocol: 4 }],
        [ROUTE_ADD, '10.8.2.0/26', { ...info, table: 1000 }],
        [ROUTE_ADD, '10.8.3.0/26', { ...info, protocol: 12 }],
        [ROUTE_DELETE, '10.8.0.0/26', info],
      ]),
    );
    await seen(told, (destination) => destination === '10.8.0.0/26');
    t.same(told, ['10.8.3.0/26', '10.8.0.0/26']);
    monitor.stop();
    others.close();
  },

  'a group of logged packets is read by one at a time': async ({ t, kernel, path }) => {
    const others = await kernel.inNamespace(path);
    const monitor = await kernel.packetLog(17, () => {});
    const second = await kernel.packetLog(18, () => {});
    await rejects(
      t,
      others.packetLog(17, () => {}),
      'EPERM',
    );
    monitor.stop();
    second.stop();
    others.close();
  },
};

/** Waits, turn by turn of the event loop, until an item that satisfies `wanted` has arrived. */
async function seen<T>(items: readonly T[], wanted: (item: T) => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !items.some(wanted); turn++)
    await new Promise((resolve) => setImmediate(resolve));
}

/** Whether `actual` has at least what `wanted` has, in depth. */
function matches(actual: unknown, wanted: object): boolean {
  if (typeof actual !== 'object' || actual === null) return false;
  const fields = new Map(Object.entries(actual));
  return Object.entries(wanted).every(([key, value]) =>
    typeof value === 'object' ? matches(fields.get(key), value) : fields.get(key) === value,
  );
}
