import type { Bench } from '../bench.ts';
import type { Case } from '../case.ts';
import { DEVICE, HOST } from '../network.ts';
import type { Neighbour } from '../peer.ts';

const OURS = ['172.16.1.0/24', '172.16.2.0/25'] as const;
const THEIRS = ['172.17.1.0/24', '172.17.2.128/25'] as const;
const OURS6 = ['2001:db8:1::/48', '2001:db8:2::/64'] as const;
const THEIRS6 = ['2001:db8:101::/48', '2001:db8:102::/64'] as const;

const prefixes = <P extends string>(list: readonly P[]) => list.map((prefix) => ({ prefix }));

/** Routes and withdrawals, refresh, several paths, foreign next hops. */
export const routeCases: readonly Case[] = [
  {
    name: 'IPv4 routes',
    async run(t, bench) {
      const { us, peer } = await bench.session({ originate: prefixes(OURS), routes: prefixes(THEIRS) });
      await bench.learned(us, ...THEIRS);
      const [first] = await bench.seen(peer, ...OURS);
      t.equal(first.nextHop, bench.address(HOST.us));
      t.same(us.best.get(THEIRS[0]), [bench.address(HOST.peer)]);
    },
  },
  {
    name: 'IPv6 routes',
    async run(t, bench) {
      const { us, peer } = await bench.session({
        sessionFamily: 6,
        originate: prefixes(OURS6),
        routes: prefixes(THEIRS6),
      });
      await bench.learned(us, ...THEIRS6);
      const [first] = await bench.seen(peer, ...OURS6);
      t.equal(first.nextHop, bench.address(HOST.us, 6));
      t.same(us.best.get(THEIRS6[0]), [bench.address(HOST.peer, 6)]);
    },
  },
  {
    name: 'IPv4 withdrawals',
    async run(t, bench) {
      const { us, peer } = await bench.session({ originate: prefixes(OURS), routes: prefixes(THEIRS) });
      await bench.learned(us, ...THEIRS);
      await bench.seen(peer, ...OURS);
      us.speaker.originate(prefixes(OURS.slice(0, 1)));
      await peer.withdraw(THEIRS.slice(0, 1));
      await bench.gone(peer, OURS[1]);
      await bench.until('the withdrawal', () => us.lost.length > 0);
      t.same([...us.best.keys()], [THEIRS[1]]);
      await peer.announce(prefixes(THEIRS.slice(0, 1)));
      await bench.learned(us, THEIRS[0]);
      await bench.seen(peer, OURS[0]);
    },
  },
  {
    name: 'IPv6 withdrawals',
    async run(t, bench) {
      const both = { sessionFamily: 6, originate: prefixes(OURS6), routes: prefixes(THEIRS6) } as const;
      const { us, peer } = await bench.session(both);
      await bench.learned(us, ...THEIRS6);
      await bench.seen(peer, ...OURS6);
      us.speaker.originate(prefixes(OURS6.slice(0, 1)));
      await peer.withdraw(THEIRS6.slice(0, 1));
      await bench.gone(peer, OURS6[1]);
      await bench.until('the withdrawal', () => us.lost.length > 0);
      t.same([...us.best.keys()], [THEIRS6[1]]);
    },
  },
  {
    name: 'IPv4 routes with IPv6 next hops',
    async run(t, bench) {
      const { us, peer } = await bench.session({
        sessionFamily: 6,
        families: ['ipv4-unicast', 'ipv6-unicast'],
        theirs: { extendedNextHop: true },
        originate: prefixes(OURS),
        routes: prefixes(THEIRS),
      });
      await bench.learned(us, ...THEIRS);
      const [first] = await bench.seen(peer, ...OURS);
      t.equal(first.nextHop, bench.address(HOST.us, 6));
      t.same(us.best.get(THEIRS[0]), [bench.address(HOST.peer, 6)]);
    },
  },
  {
    name: 'IPv4 routes over link-local addresses alone',
    async run(t, bench) {
      const [own, at] = [HOST.us, HOST.peer].map((host) => bench.address(host, 'link-local'));
      const [ours, theirs] = [own, at].map((address) => `${address}%${DEVICE}`);
      const { us, peer } = await bench.pair({
        families: ['ipv4-unicast'],
        ours: { address: theirs, localAddress: ours },
        theirs: { address: own, localAddress: at, interface: DEVICE, extendedNextHop: true },
        originate: prefixes(OURS),
        routes: prefixes(THEIRS),
      });
      await bench.established(us, peer, theirs);
      await bench.learned(us, ...THEIRS);
      const [first] = await bench.seen(peer, ...OURS);
      t.equal(first.nextHop, own);
      t.same(us.best.get(THEIRS[0]), [theirs]);
    },
  },
  {
    name: 'route refresh: we ask',
    async run(t, bench) {
      const { us, at } = await bench.session({ routes: prefixes(THEIRS) });
      await bench.learned(us, ...THEIRS);
      const before = us.status(at).messages.updatesReceived;
      us.speaker.refresh(at);
      await bench.until('the routes again', () => us.status(at).messages.updatesReceived > before);
      t.same([...us.best.keys()].sort(), THEIRS);
      t.same(us.lost, []);
    },
  },
  {
    name: 'route refresh: the peer asks',
    async run(t, bench) {
      const { us, peer, at } = await bench.session({ originate: prefixes(OURS) });
      await bench.seen(peer, ...OURS);
      const before = us.status(at).messages.updatesSent;
      await peer.askRefresh();
      await bench.until('our routes to go again', () => us.status(at).messages.updatesSent > before);
      t.equal((await bench.seen(peer, ...OURS)).length, 2);
      t.equal(us.status(at).flaps, 0);
    },
  },
  {
    name: 'several paths received (ADD-PATH)',
    async run(t, bench) {
      const [asn, peerAsn] = [64600, 64512];
      const prefix = THEIRS[0];
      const feeders: readonly Neighbour[] = bench.kind.propagates
        ? [bench.neighbour(HOST.third, 64603), bench.neighbour(HOST.fourth, 64604)]
        : [];
      const { us } = await bench.session({
        asn,
        peerAsn,
        ours: { addPath: 'receive' },
        theirs: { addPath: 'send' },
        otherNeighbours: feeders,
        routes: bench.kind.propagates ? [] : [1, 2].map((pathId) => ({ prefix, pathId })),
      });
      if (bench.kind.propagates) await feed(bench, bench.address(HOST.peer), peerAsn, prefix);
      await bench.until('both paths', () => us.speaker.explain(prefix).paths.length === 2);
      t.equal(us.best.size, 1);
    },
  },
  {
    name: 'several paths sent (ADD-PATH)',
    async run(t, bench) {
      const [asn, peerAsn] = [64600, 64512];
      const prefix = OURS[0];
      const { peer } = await bench.session({
        asn,
        peerAsn,
        ours: { addPath: 'send' },
        theirs: { addPath: 'receive' },
        otherPeers: [HOST.third, HOST.fourth].map((host) => ({
          address: bench.address(host),
          remoteAs: 64600 + host,
          passive: true,
        })),
      });
      await feed(bench, bench.address(HOST.us), asn, prefix);
      await bench.until('both paths at the peer', async () => {
        const paths = await peer.routes('ipv4-unicast');
        return paths.filter((path) => path.prefix === prefix).length === 2;
      });
      t.equal(await peer.established(), true);
    },
  },
  {
    name: 'route reflection',
    async run(t, bench) {
      const reflector = { clusterId: '10.255.0.1' };
      const { peer } = await bench.session({
        routes: prefixes(THEIRS),
        ours: { routeReflector: reflector },
        otherPeers: [{ address: bench.address(HOST.third), remoteAs: 64512, passive: true, routeReflector: reflector }],
      });
      const client = await bench.speaker({
        asn: 64512,
        routerId: bench.address(HOST.third),
        addresses: [bench.address(HOST.third)],
        peers: [
          {
            address: bench.address(HOST.us),
            remoteAs: 64512,
            localAddress: bench.address(HOST.third),
            connectRetryTime: 1,
          },
        ],
        originate: prefixes(OURS),
      });
      await bench.learned(client, ...THEIRS);
      const [route] = await bench.seen(peer, ...OURS);
      t.equal(route.nextHop, bench.address(HOST.third), 'a reflector leaves the next hop alone');
      t.match(client.speaker.explain(THEIRS[0]).paths, [
        { originatorId: bench.address(HOST.peer), nextHop: bench.address(HOST.peer) },
      ]);
    },
  },
];

/** Two speakers of ours that announce the same prefix to whoever is at `target`. */
async function feed(bench: Bench, target: string, targetAsn: number, prefix: string): Promise<void> {
  for (const host of [HOST.third, HOST.fourth]) {
    const localAddress = bench.address(host);
    await bench.speaker({
      asn: 64600 + host,
      routerId: localAddress,
      addresses: [localAddress],
      peers: [{ address: target, remoteAs: targetAsn, localAddress, connectRetryTime: 1 }],
      originate: [{ prefix }],
    });
  }
}
