import type { NextHopSet } from 'bgp-speaker-ts';
import t from 'tap';
import { parseAddress, parsePrefix } from '../../src/base/index.ts';
import { type Desired, NO_TUNNELS } from '../../src/calc/index.ts';
import { explainRoutes, explainRoutesOver, isLedWithoutBgp } from '../../src/daemon/explain-routes.ts';
import { gatewayRoute } from '../../src/dataplane/index.ts';
import { prefixNumber } from '../../src/dataplane/routes/reconcile.ts';
import { vtep, vxlan } from '../calc/tunnels.ts';
import { Host, wanted } from '../dataplane/host.ts';

const FLOATING = { external: '203.0.113.7', internal: '10.244.1.2' };

/** A node with a route from every source. */
function desired(): Desired {
  const plain = wanted(['10.244.1.0/26'], { web: '10.244.1.2' });
  return {
    ...plain,
    workloads: plain.workloads.map((workload) => ({ ...workload, floatingIps: [FLOATING] })),
    nat: { ...plain.nat, floatingIps: [{ ...FLOATING, why: 'floating IP of endpoint default/web' }] },
    tunnels: { ...NO_TUNNELS, vxlan4: vxlan([vtep('b', 2)]) },
  };
}

t.test('every route says what it is for', async (t) => {
  const host = await Host.create();
  await host.addPod('web', '10.244.1.2');
  const now = desired();
  await host.dataplane.start(now);
  const { routes } = host.dataplane;
  const dev = (await host.kernel.linkGet('eth0'))?.index ?? 0;
  const learned = prefixNumber(routes.tables[4], '10.244.3.0/26');
  routes.tables[4].want('bgp', learned, routes.infos.id(gatewayRoute([{ via: '172.16.0.3', dev }])));
  routes.schedule();
  await host.settle();
  const told: NextHopSet = { addresses: ['172.16.0.3'], localPref: 100 };
  const explain = (): Record<string, string> => {
    const entries = explainRoutes({
      dataplane: host.dataplane,
      desired: () => now,
      learned: (_, prefix) => (prefix === learned ? told : undefined),
    });
    t.ok(entries.every(({ wanted, present }) => wanted && present));
    return Object.fromEntries(entries.map(({ text, why }) => [text.split(/ (?:dev|via|proto)/)[0], why]));
  };
  t.match(explain(), {
    '10.244.1.2': 'endpoint default/web',
    '203.0.113.7': 'floating IP of endpoint default/web',
    '10.244.2.0/26': 'VXLAN: block of b',
    '10.244.3.0/26': 'BGP: next hop 172.16.0.3, local preference 100',
    'blackhole 10.244.1.0/26': 'own block: addresses that no pod has lead nowhere',
  });
  const sources = { dataplane: host.dataplane, desired: () => now, learned: () => told };
  const prefixes = ['10.244.2.0/26', '10.244.1.0/26', '10.244.3.0/26', '10.244.1.2/32', '10.244.9.0/26'];
  const withoutBgp = prefixes.filter((cidr) => isLedWithoutBgp(sources, parsePrefix(cidr)));
  t.same(withoutBgp, ['10.244.2.0/26', '10.244.1.0/26'], 'by VXLAN, and its own');
  const over = explainRoutesOver(sources, parseAddress('10.244.1.2'));
  t.match(over, [{ text: /^10\.244\.1\.2 dev/ }, { text: /^blackhole 10\.244\.1\.0\/26/ }]);
});

t.test('a route that nobody wants any more, and one that the kernel refuses', async (t) => {
  const host = await Host.create();
  await host.dataplane.start(wanted([]));
  const { routes } = host.dataplane;
  const table = routes.tables[4];
  const dev = (await host.kernel.linkGet('eth0'))?.index ?? 0;
  table.holdDeletions();
  table.found(prefixNumber(table, '10.9.0.0/26'), routes.infos.id(gatewayRoute([{ via: '172.16.0.9', dev }])));
  const nowhere = routes.infos.retain(routes.infos.id(gatewayRoute([{ via: '192.0.2.1', dev }])));
  table.want('bgp', prefixNumber(table, '10.8.0.0/26'), nowhere);
  await routes.flush();
  const sources = { dataplane: host.dataplane, desired: () => wanted([]), learned: () => undefined };
  t.match(explainRoutes(sources), [
    { text: /^10\.9\.0\.0/, wanted: false, present: true, why: /^left from a former run/ },
    { text: /^10\.8\.0\.0/, wanted: true, present: false, why: 'Nexthop has invalid gateway' },
  ]);
});

t.test('a route that stands in the place of another one is not taken for it', async (t) => {
  const host = await Host.create();
  await host.dataplane.start(wanted([]));
  const { routes } = host.dataplane;
  const table = routes.tables[4];
  const dev = (await host.kernel.linkGet('eth0'))?.index ?? 0;
  const prefix = prefixNumber(table, '10.8.0.0/26');
  table.want('bgp', prefix, routes.infos.id(gatewayRoute([{ via: '172.16.0.9', dev }])));
  await routes.flush();
  table.want('bgp', prefix, routes.infos.id(gatewayRoute([{ via: '192.0.2.1', dev }])));
  await routes.flush();
  const sources = { dataplane: host.dataplane, desired: () => wanted([]), learned: () => undefined };
  t.match(explainRoutes(sources), [
    { text: /via 192\.0\.2\.1/, wanted: true, present: false, why: 'Nexthop has invalid gateway' },
    { text: /via 172\.16\.0\.9/, wanted: false, present: true, why: 'in the place of another that is wanted' },
  ]);
});

t.test('an IPv6 tunnel’s routes: the way to the VTEP, and through it', async (t) => {
  const host = await Host.create();
  await host.kernel.addressAdd({ dev: 'eth0', address: 'fd01::1/64' });
  const peers = [{ node: 'b', underlay: 'fd01::2', address: 'fd00::2', mac: '66:00:00:00:00:02' }];
  const routes = [{ cidr: 'fd00::/122', mode: 'tunnel', via: 'fd00::2', why: 'block of b' }] as const;
  const vxlan6 = vxlan(peers, { family: 6, underlay: 'fd01::1', address: 'fd00::41', routes });
  const now: Desired = { ...wanted([]), tunnels: { ...NO_TUNNELS, vxlan6 } };
  await host.dataplane.start(now);
  await host.settle();
  const entries = explainRoutes({ dataplane: host.dataplane, desired: () => now, learned: () => undefined });
  t.match(entries, [
    { text: /^fd00::2 dev vxlan-v6/, wanted: true, present: true, why: 'VXLAN: tunnel address of b' },
    { text: /^fd00::\/122 via fd00::2/, wanted: true, present: true, why: 'VXLAN: block of b' },
  ]);
});
