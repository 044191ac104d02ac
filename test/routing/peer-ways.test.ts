import t from 'tap';
import { Entries } from '../../src/base/index.ts';
import type { DesiredPeer } from '../../src/calc/index.ts';
import type { RouteNextHop } from '../../src/netlink/index.ts';
import { PeerWays } from '../../src/routing/peer-ways.ts';
import { Host, wanted } from '../dataplane/host.ts';

const GATEWAY = '172.16.0.254';

function peers(...reachableBy: readonly (string | undefined)[]): Entries<DesiredPeer> {
  return Entries.of(
    reachableBy.map((router, at) => [
      `10.77.0.${at} 179`,
      {
        ...{
          address: `10.77.0.${at}`,
          port: 179,
          asn: 65001,
          type: 'global',
          name: 'tor',
          filters: [],
          nextHop: 'auto',
        },
        ...(router !== undefined && { reachableBy: router }),
      } as DesiredPeer,
    ]),
  );
}

t.test('a peer’s route leads by its router, follows the way there, and goes with the wish', async (t) => {
  const host = await Host.create();
  await host.dataplane.start(wanted([]));
  const [link] = (await host.kernel.linkList()).filter(({ name }) => name === 'eth0');
  let ways: readonly RouteNextHop[] | undefined = [{ via: GATEWAY, dev: link.index }];
  const own = new PeerWays(host.dataplane.routes, { resolve: () => ways });
  own.apply(peers(GATEWAY, undefined));
  await host.settle();
  t.same(await host.routes(), [`10.77.0.0 via ${GATEWAY} dev eth0 proto 80`]);
  t.equal(host.dataplane.routes.tables[4].bySource.peer, 1);
  ways = [];
  own.nextHopsChanged(new Set([GATEWAY]));
  await host.settle();
  t.same(await host.routes(), []);
  t.same(own.problems(), [`BGP peer 10.77.0.0 is to be reached by ${GATEWAY} (reachableBy), to which there is no way`]);
  ways = [{ via: GATEWAY, dev: link.index }];
  own.nextHopsChanged(new Set([GATEWAY]));
  own.apply(peers(GATEWAY, GATEWAY));
  await host.settle();
  t.equal((await host.routes()).length, 2);
  own.apply(undefined);
  await host.settle();
  t.same(await host.routes(), []);
  t.same(own.problems(), []);
});
