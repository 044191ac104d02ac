import t from 'tap';
import { NO_TUNNELS } from '../../src/calc/index.ts';
import { gatewayRoute } from '../../src/dataplane/index.ts';
import { prefixNumber } from '../../src/dataplane/routes/route-table.ts';
import { Host, wanted } from './host.ts';
import { BLOCK, VTEP, VXLAN6 } from './vxlan6.ts';

t.test('an IPv6 block that goes by BGP is handed over to VXLAN in one replacement', async (t) => {
  const host = await Host.create();
  await host.kernel.addressAdd({ dev: 'eth0', address: 'fd01::1/64' });
  await host.dataplane.start(wanted([]));
  const { routes } = host.dataplane;
  const eth0 = (await host.kernel.linkGet('eth0'))?.index ?? 0;
  const direct = routes.infos.retain(routes.infos.id(gatewayRoute([{ via: 'fd01::2', dev: eth0 }])));
  routes.tables[6].want('bgp', prefixNumber(routes.tables[6], BLOCK), direct);
  routes.schedule();
  await host.settle();
  host.writes();

  host.dataplane.apply({ ...wanted([]), tunnels: { ...NO_TUNNELS, vxlan6: VXLAN6 } });
  await host.settle();
  t.same(routes.failures(), []);
  t.same(
    host.writes().filter((verb) => verb.startsWith('route')),
    ['routeAdd', 'routeReplace'],
    'the way to the VTEP, then the block',
  );
  const device = (await host.kernel.linkGet('vxlan-v6.calico'))?.index;
  const found = await host.kernel.routeList({ family: 6, protocol: 80 });
  t.match(found.map(({ destination, nextHops }) => ({ destination, nextHops })).sort(byDestination), [
    { destination: BLOCK, nextHops: [{ via: VTEP, dev: device, onlink: true }] },
    { destination: `${VTEP}/128`, nextHops: [{ dev: device }] },
  ]);

  await t.test('and back: nothing of the tunnel is left', async (t) => {
    host.dataplane.apply(wanted([]));
    await host.settle(10_000);
    t.match(await host.kernel.routeList({ family: 6, protocol: 80 }), [
      { destination: BLOCK, nextHops: [{ dev: eth0 }] },
    ]);
    t.equal((await host.kernel.routeList({ family: 6, protocol: 80 })).length, 1);
  });
});

function byDestination(a: { readonly destination: string }, b: { readonly destination: string }): number {
  return a.destination < b.destination ? -1 : 1;
}
