import { type FibInfo, ROUTE_ADD } from '../../../src/netlink/index.ts';
import { routeChanges } from '../../fakes/route-changes.ts';
import { DIRECT, type Ground, type Scenarios } from './ground.ts';

/** What becomes of routes when a link goes down, loses its addresses or goes away. */
export const LOST_LINKS: Scenarios = {
  'a device that goes down takes its routes with it, and keeps its IPv4 addresses': async ({ t, kernel, dev }) => {
    const index = await dev();
    await kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.8.0.0/26', { ...DIRECT, nextHops: [{ dev: index }] }]]));
    await kernel.linkSet('cali1', { up: false });
    t.same(await kernel.routeList({ family: 4 }), []);
    t.equal((await kernel.addressList({ dev: 'cali1', family: 4 })).length, 1);
    await kernel.linkSet('cali1', { up: true });
    const back = (await kernel.routeList({ family: 4 })).map(({ destination }) => destination);
    t.same(back, ['10.1.0.0/24'], 'the connected route comes back by itself, ours does not');
  },

  'a route by two devices stays when one goes down, its way there dead until it is up again': async (ground) => {
    const { t, kernel } = ground;
    const { routes, ways } = await twoWays(ground);
    t.same(await ways(4), ['br0', 'cali1']);
    t.same(await ways(6), ['br0', 'cali1']);
    await kernel.linkSet('br0', { up: false });
    t.same(await routes(), ['10.8.0.0/26 of 2', 'fd08::/64 of 2'], 'the kernel lists the dead way too');
    t.same(await ways(4), ['cali1'], 'and sends by the other');
    t.same(await ways(6), ['cali1']);
    await kernel.linkSet('br0', { up: true });
    t.same(await ways(4), ['br0', 'cali1']);
    await kernel.linkSet('br0', { up: false });
    await kernel.linkSet('cali1', { up: false });
    t.same(await routes(), [], 'with the last way it goes');
  },

  'of a route by two devices, one that is deleted takes the way in IPv6 and the route in IPv4': async (ground) => {
    const { t, kernel } = ground;
    const { routes, ways } = await twoWays(ground);
    await kernel.linkDelete('br0');
    t.same(await routes(), ['fd08::/64 of 1']);
    t.same(await ways(6), ['cali1']);
  },

  'a route by two devices stays when one loses its last address, its way there dead until it has another': async (
    ground,
  ) => {
    const { t, kernel } = ground;
    const { routes, ways } = await twoWays(ground);
    await kernel.addressDelete({ dev: 'br0', address: '10.2.0.1/24' });
    t.match(await routes(), ['10.8.0.0/26 of 2']);
    t.same(await ways(4), ['cali1']);
    await kernel.addressAdd({ dev: 'br0', address: '10.2.0.1/24' });
    t.same(await ways(4), ['br0', 'cali1']);
  },
};

/** A route of each family by `cali1` and by `br0`. */
async function twoWays({ kernel, dev }: Ground) {
  const first = await dev();
  await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
  await kernel.linkSet('br0', { up: true });
  await kernel.addressAdd({ dev: 'br0', address: '10.2.0.1/24' });
  await kernel.addressAdd({ dev: 'br0', address: 'fd02::1/64' });
  const { index: second = 0 } = (await kernel.linkGet('br0')) ?? {};
  const by = (one: string, other: string): FibInfo => ({
    ...DIRECT,
    nextHops: [
      { via: one, dev: first },
      { via: other, dev: second },
    ],
  });
  await kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.8.0.0/26', by('10.1.0.2', '10.2.0.2')]]));
  await kernel.applyRoutes(routeChanges(6, [[ROUTE_ADD, 'fd08::/64', by('fd00::2', 'fd02::2')]]));
  return {
    /** Those that are listed, and by how many ways. */
    routes: async () => {
      const all = ([4, 6] as const).map((family) => kernel.routeList({ family, protocol: 80 }));
      return (await Promise.all(all)).flat().map(({ destination, nextHops }) => `${destination} of ${nextHops.length}`);
    },
    /** The devices by which packets go, in the order of their names: kernels differ in that of an IPv6 route's ways. */
    ways: async (family: 4 | 6) => {
      const found = await kernel.routeMatch(family === 4 ? '10.8.0.9' : 'fd08::9');
      return found?.nextHops.map((hop) => (hop.dev === first ? 'cali1' : 'br0')).sort();
    },
  };
}
