import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { DesiredWireguard, DesiredWireguardPeer, DesiredWireguardRoute } from '../../src/calc/index.ts';
import { type PolicyKernel, PolicyRouting } from '../../src/dataplane/wireguard/policy-routing.ts';
import { ROUTE_DELETE } from '../../src/netlink/index.ts';
import { byCidr, byNode } from '../calc/tunnels.ts';
import { routeChanges } from '../fakes/route-changes.ts';
import { HOST, Host } from './host.ts';

const ROUTES: readonly DesiredWireguardRoute[] = [
  { cidr: '10.1.0.0/26', mode: 'throw', why: 'block of a; our own' },
  { cidr: '10.2.0.0/26', mode: 'tunnel', why: 'block of b' },
];
const DESIRED: DesiredWireguard = {
  family: 4,
  device: 'eth0',
  underlay: '172.16.0.1',
  address: '10.1.0.7',
  mtu: undefined,
  listenPort: 51820,
  mark: 0x100000,
  rulePriority: 99,
  tables: [{ min: 1, max: 250 }],
  hostEncryption: false,
  peers: byNode<DesiredWireguardPeer>([]),
  routes: byCidr(ROUTES),
};

/** What `verb` does for the daemon, and then somebody else's deletion, of which the daemon hears before the answer. */
for (const verb of ['routeList', 'applyRoutes'] as const) {
  t.test(`a route that is deleted while the daemon waits for ${verb} is put back`, async (t) => {
    const host = await Host.create();
    const other = host.machine.kernel(HOST);
    const [eth0] = (await other.linkList()).filter(({ name }) => name === 'eth0');
    const own = host.machine.kernel(HOST);
    let races = false;
    const race = async (): Promise<void> => {
      if (!races) return;
      races = false;
      const protocol = 80;
      const gone = { protocol, table: 1, kind: 'throw', nextHops: [] } as const;
      await other.applyRoutes(routeChanges(4, [[ROUTE_DELETE, ROUTES[0].cidr, gone]]));
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    const kernel: PolicyKernel = {
      ruleList: (family) => own.ruleList(family),
      ruleAdd: (rule) => own.ruleAdd(rule),
      ruleDelete: (rule) => own.ruleDelete(rule),
      monitor: (listener, options) => own.monitor(listener, options),
      sysctl: (name, value) => own.sysctl(name, value),
      routeList: async (filter) => {
        const routes = await own.routeList(filter);
        if (verb === 'routeList' && filter.protocol !== undefined) await race();
        return routes;
      },
      applyRoutes: async (changes) => {
        const failures = await own.applyRoutes(changes);
        if (verb === 'applyRoutes') await race();
        return failures;
      },
    };
    const routing = new PolicyRouting(4, { kernel, clock: new VirtualClock(), log: silentLog });
    t.teardown(() => routing.stop());
    let pending = false;
    routing.onPending = () => (pending = true);
    const bring = async (): Promise<void> => {
      do {
        pending = false;
        await routing.bring(DESIRED, eth0.index);
      } while (pending);
    };
    races = verb === 'applyRoutes';
    await bring();
    if (verb === 'routeList') {
      races = true;
      routing.forget();
      await bring();
    }
    t.notOk(races);
    t.same((await other.routeList({ family: 4, table: 1 })).map(({ destination }) => destination).sort(), [
      '10.1.0.0/26',
      '10.2.0.0/26',
    ]);
  });
}
