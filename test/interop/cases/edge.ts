import type { Case } from '../case.ts';
import { HOST } from '../network.ts';
import { floatOf } from '../peer.ts';

const OURS = '172.16.1.0/24';
const THEIRS = '172.17.1.0/24';
const [ASN, PEER_ASN, THIRD_ASN] = [64512, 64513, 64514];
/** Mbit/s. */
const BANDWIDTH = 2500;

/** Between networks: last choices, shares, roles, and next hops of others. */
export const edgeCases: readonly Case[] = [
  {
    name: 'GRACEFUL_SHUTDOWN received',
    async run(t, bench) {
      const routes = [{ prefix: THEIRS, communities: ['65535:0'] }];
      const { us } = await bench.session({ asn: ASN, peerAsn: PEER_ASN, routes });
      await bench.learned(us, THEIRS);
      t.match(us.speaker.explain(THEIRS).paths, [{ localPref: 0 }]);
    },
  },
  {
    name: 'GRACEFUL_SHUTDOWN sent',
    async run(t, bench) {
      const originate = [{ prefix: OURS, communities: ['graceful-shutdown'] }];
      const { peer } = await bench.session({ asn: ASN, peerAsn: PEER_ASN, originate });
      const [route] = await bench.seen(peer, OURS);
      t.same(route.communities, ['65535:0']);
    },
  },
  {
    name: 'link bandwidth received',
    async run(t, bench) {
      const { us } = await bench.session({ routes: [{ prefix: THEIRS, linkBandwidth: BANDWIDTH }] });
      await bench.learned(us, THEIRS);
      const [path] = us.speaker.explain(THEIRS).paths;
      t.match(path.extendedCommunities, [new RegExp(`^0x[04]004[0-9a-f]{4}${floatOf(BANDWIDTH).slice(2)}$`)]);
    },
  },
  {
    name: 'link bandwidth sent',
    async run(t, bench) {
      const { peer } = await bench.session({
        ...{ asn: ASN, peerAsn: PEER_ASN },
        ours: { linkBandwidth: BANDWIDTH * 1e6 },
        originate: [{ prefix: OURS }],
      });
      const [route] = await bench.seen(peer, OURS);
      t.equal(route.linkBandwidth, BANDWIDTH);
    },
  },
  {
    name: 'roles (RFC 9234)',
    async run(t, bench) {
      const { us, peer } = await bench.session({
        ...{ asn: ASN, peerAsn: PEER_ASN, originate: [{ prefix: OURS }], routes: [{ prefix: THEIRS }] },
        ours: { role: 'customer', strictRole: true },
        theirs: { role: 'provider' },
      });
      await bench.learned(us, THEIRS);
      await bench.seen(peer, OURS);
      t.same(us.downs, []);
    },
  },
  {
    name: 'next hop kept towards an external peer',
    async run(t, bench) {
      const [own, third] = [bench.address(HOST.us), bench.address(HOST.third)];
      const { peer } = await bench.session({
        ...{ asn: ASN, peerAsn: PEER_ASN },
        ours: { nextHop: 'keep' },
        otherPeers: [{ address: third, remoteAs: THIRD_ASN, passive: true }],
      });
      await bench.speaker({
        ...{ asn: THIRD_ASN, routerId: third, addresses: [third], originate: [{ prefix: OURS }] },
        peers: [{ address: own, remoteAs: ASN, localAddress: third, connectRetryTime: 1 }],
      });
      const [route] = await bench.seen(peer, OURS);
      t.equal(route.nextHop, third);
    },
  },
];
