import { Speaker } from 'bgp-speaker-ts';
import t from 'tap';
import { Entries, silentLog, systemClock } from '../../src/base/index.ts';
import type { Desired, DesiredBgp, DesiredPeer } from '../../src/calc/index.ts';
import { until } from '../../src/lab/until.ts';
import { ROUTE_ADD } from '../../src/netlink/index.ts';
import { Routing } from '../../src/routing/index.ts';
import { Host, wanted } from '../dataplane/host.ts';
import { routeChanges } from '../fakes/route-changes.ts';

const ASN = 64512;
/** Loopback addresses and a port of this process's own. */
const TEN = `127.${(process.pid >> 8) & 255}.${process.pid & 255}`;
const [NODE, MOVED, PEER] = [`${TEN}.1`, `${TEN}.3`, `${TEN}.2`];
const PORT = 20_000 + (process.pid % 20_000);
const ANNOUNCE = [{ cidr: '10.1.0.0/26', why: 'own block' }];

/** A peer that lets both addresses of the node in. */
async function peer(): Promise<Speaker> {
  const listen = [{ address: PEER, port: PORT }];
  const speaker = new Speaker({ asn: ASN, routerId: '10.0.0.2', listen });
  const remote = { remoteAs: ASN, port: PORT, localAddress: PEER, passive: true };
  speaker.configure([NODE, MOVED].map((address) => ({ ...remote, address })));
  await speaker.start();
  return speaker;
}

function desired(address: string): Desired {
  const peering: DesiredPeer = {
    name: 'peer',
    type: 'global',
    address: PEER,
    asn: ASN,
    port: PORT,
    localAddress: address,
    filters: [],
    nextHop: 'auto',
  };
  const bgp: DesiredBgp = {
    asn: ASN,
    routerId: address,
    listenPort: PORT,
    listenAddresses: [address],
    peers: Entries.of([[`${PEER} ${PORT}`, peering]]),
    announce: Entries.of(ANNOUNCE.map((one) => [one.cidr, one])),
    filters: new Map(),
    problems: [],
    localPrefs: { 4: 2147482623, 6: 2147482623 },
    communities: [],
  };
  return { ...wanted([]), bgp };
}

t.test('a node whose address is another goes on announcing what it has', async (t) => {
  const host = await Host.create();
  const left = { kind: 'blackhole', protocol: 80, table: 254, nextHops: [] } as const;
  await host.kernel.applyRoutes(routeChanges(4, [[ROUTE_ADD, '10.9.0.0/26', left]]));
  await host.dataplane.start(wanted([]), { hold: true });
  const speaker = await peer();
  const routing = new Routing({
    kernel: host.kernel,
    routes: host.dataplane.routes,
    tunnels: { ipip: undefined },
    clock: systemClock,
    log: silentLog,
    timers: { holdTime: 90, connectRetryTime: 1, restartTime: 120 },
  });
  t.teardown(() => Promise.all([routing.stop('shutdown', 'done'), speaker.stop('shutdown')]));
  const announced = async (): Promise<boolean> => routing.peers()[0]?.status.prefixes.advertised === 1;
  await routing.apply(desired(NODE));
  await until(systemClock, 'the route to be announced', announced);
  await until(systemClock, 'the restart to be over', async () => !routing.restarting);

  await routing.apply(desired(MOVED));
  t.notOk(routing.restarting, 'it is no restart: nothing stale is kept');
  const isUp = async (): Promise<boolean> =>
    speaker.peers().some(({ address, state }) => address === MOVED && state === 'Established');
  await until(systemClock, 'the session from the new address', isUp);
  await until(systemClock, 'the route to be announced again', announced);
});
