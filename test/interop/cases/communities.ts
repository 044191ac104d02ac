import { ASN } from '../bench.ts';
import type { Case } from '../case.ts';
import { HOST } from '../network.ts';

const OURS = '172.16.1.0/24';
const THEIRS = '172.17.1.0/24';
const PEER_ASN = 64513;
/** The state of an origin's validity (RFC 8097). */
const VALIDITY = '0x4300000000000001';

/** Communities of each kind, there and back. */
export const communityCases: readonly Case[] = [
  {
    name: 'standard communities',
    async run(t, bench) {
      const { us, peer } = await bench.session({
        originate: [{ prefix: OURS, communities: ['64512:100', '64512:65535'] }],
        routes: [{ prefix: THEIRS, communities: ['64513:1', '64513:2'] }],
      });
      await bench.learned(us, THEIRS);
      const [route] = await bench.seen(peer, OURS);
      t.same([...route.communities].sort(), ['64512:100', '64512:65535']);
      t.same([...us.speaker.explain(THEIRS).paths[0].communities].sort(), ['64513:1', '64513:2']);
    },
  },
  {
    name: 'extended communities',
    async run(t, bench) {
      const { us, peer } = await bench.session({
        originate: [{ prefix: OURS, communities: ['rt:64512:100'] }],
        routes: [{ prefix: THEIRS, extendedCommunities: ['rt:64513:7'] }],
      });
      await bench.learned(us, THEIRS);
      const [route] = await bench.seen(peer, OURS);
      t.same(route.extendedCommunities, ['rt:64512:100']);
      t.same(us.speaker.explain(THEIRS).paths[0].extendedCommunities, ['rt:64513:7']);
    },
  },
  {
    name: 'extended communities that are not transitive stay in the AS',
    async run(t, bench) {
      const [own, third] = [bench.address(HOST.us), bench.address(HOST.third)];
      const { us, peer } = await bench.session({
        ...{ asn: ASN, peerAsn: PEER_ASN },
        otherPeers: [{ address: third, remoteAs: ASN, passive: true }],
      });
      await bench.speaker({
        ...{ asn: ASN, routerId: third, addresses: [third] },
        originate: [{ prefix: OURS, communities: ['rt:64512:100', VALIDITY] }],
        peers: [{ address: own, remoteAs: ASN, localAddress: third, connectRetryTime: 1 }],
      });
      const [route] = await bench.seen(peer, OURS);
      t.same(route.extendedCommunities, ['rt:64512:100']);
      t.match(us.speaker.explain(OURS).paths, [{ extendedCommunities: ['rt:64512:100', VALIDITY] }]);
    },
  },
  {
    name: 'large communities',
    async run(t, bench) {
      const { us, peer } = await bench.session({
        originate: [{ prefix: OURS, communities: ['64512:1:2', '4200000000:3:4'] }],
        routes: [{ prefix: THEIRS, largeCommunities: ['64513:5:6'] }],
      });
      await bench.learned(us, THEIRS);
      const [route] = await bench.seen(peer, OURS);
      t.same([...route.largeCommunities].sort(), ['4200000000:3:4', '64512:1:2']);
      t.same(us.speaker.explain(THEIRS).paths[0].largeCommunities, ['64513:5:6']);
    },
  },
];
