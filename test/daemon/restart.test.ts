import t from 'tap';
import type { Family } from '../../src/base/index.ts';
import { ROUTE_ADD } from '../../src/netlink/index.ts';
import type { FakeMachine } from '../fakes/fake-kernel.ts';
import { routeChanges } from '../fakes/route-changes.ts';
import { loneDaemon, oneHost } from './lone-daemon.ts';

const LEARNED = { 4: '10.244.9.0/26', 6: 'fd00:10:244:9::/122' } as const;
const IPV6_ONLY = { IP: 'none', IP6: '::1/128' };
const [BGP, NO_BGP] = [{}, { CALICO_NETWORKING_BACKEND: 'vxlan' }];

/** A host on which a former run has left what it learned by BGP. */
async function hostWith(families: readonly Family[]): Promise<FakeMachine> {
  const machine = oneHost();
  const left = { kind: 'blackhole', protocol: 80, table: 254, nextHops: [] } as const;
  for (const family of families) {
    await machine.kernel('/host').applyRoutes(routeChanges(family, [[ROUTE_ADD, LEARNED[family], left]]));
  }
  return machine;
}

async function leftOn(machine: FakeMachine): Promise<string[]> {
  const kernel = machine.kernel('/host');
  const lists = [
    await kernel.routeList({ family: 4, protocol: 80 }),
    await kernel.routeList({ family: 6, protocol: 80 }),
  ];
  return lists.flat().map(({ destination }) => destination);
}

/** Its peer is away. */
const ROWS = [
  { node: 'an IPv4 node', environment: BGP, found: [4], kept: [4] },
  { node: 'an IPv6-only node', environment: IPV6_ONLY, found: [6], kept: [6] },
  { node: 'an IPv4 node that had IPv6 routes too', environment: BGP, found: [4, 6], kept: [4, 6] },
  { node: 'a node without BGP', environment: NO_BGP, found: [4, 6], kept: [] },
] as const;

for (const { node, environment, found, kept } of ROWS) {
  t.test(
    `${node} that comes back keeps what only its peers can ask for: ${kept.length} of ${found.length}`,
    async (t) => {
      const machine = await hostWith(found);
      await loneDaemon(t, { machine, environment });
      t.same(
        await leftOn(machine),
        kept.map((family) => LEARNED[family]),
      );
    },
  );
}
