import { ASN } from '../bench.ts';
import type { Case } from '../case.ts';
import { HOST } from '../network.ts';

const KEPT = '172.16.1.0/24';
const DROPPED = '172.16.2.0/24';
const RESTART_TIME = 60;

const THIRD_ASN = 64514;
/** For the long-lived: the restart time runs out at once, and the stale time does not. */
const LONG_LIVED = { restartTime: 1, longLivedStaleTime: 600 };
const LLGR_STALE = '65535:6';

/** Graceful restart (RFC 4724): routes outlive the session, and what the restarted side no longer has is swept. */
export const restartCases: readonly Case[] = [
  {
    name: 'graceful restart: we restart',
    async run(t, bench) {
      const { us, peer, at, setup } = await bench.session({
        originate: [{ prefix: KEPT }, { prefix: DROPPED }],
        ours: { gracefulRestart: { time: RESTART_TIME } },
        theirs: { restartTime: RESTART_TIME },
      });
      await bench.seen(peer, KEPT, DROPPED);
      await us.speaker.stop('restart');
      await bench.until('the peer to see us go', async () => !(await peer.established()));
      const kept = await peer.routes('ipv4-unicast');
      t.same(kept.map(({ prefix }) => prefix).sort(), [KEPT, DROPPED], 'the peer keeps our routes');

      const again = await bench.speaker({
        ...setup,
        originate: [{ prefix: KEPT }],
        restarted: { forwarding: ['ipv4-unicast'] },
      });
      await bench.established(again, peer, at);
      await bench.gone(peer, DROPPED);
      t.equal((await bench.seen(peer, KEPT)).length, 1);
    },
  },
  {
    name: 'graceful restart: the peer restarts',
    async run(t, bench) {
      const { us, peer, at } = await bench.session({
        // What dials has its routes by then; what is dialled may answer sooner.
        dials: 'peer',
        routes: [{ prefix: KEPT }, { prefix: DROPPED }],
        ours: { gracefulRestart: { time: RESTART_TIME } },
        theirs: { restartTime: RESTART_TIME },
      });
      await bench.learned(us, KEPT, DROPPED);
      await peer.kill();
      await bench.until('the session to go', () => !us.established(at));
      t.match(us.speaker.explain(KEPT).paths, [{ stale: true }]);
      await peer.withdraw([DROPPED]);
      await peer.start();
      await bench.established(us, peer, at);
      await bench.until('the sweep', () => us.lost.includes(DROPPED));
      await bench.learned(us, KEPT);
      t.same(us.lost, [DROPPED], 'what the peer still has was never lost');
      t.match(us.speaker.explain(KEPT).paths, [{ stale: false }]);
    },
  },
  {
    name: 'long-lived graceful restart: the peer restarts',
    async run(t, bench) {
      const [own, third] = [bench.address(HOST.us), bench.address(HOST.third)];
      const { restartTime: time, longLivedStaleTime } = LONG_LIVED;
      const patient = { gracefulRestart: { time }, longLivedStaleTime };
      const { us, peer, at } = await bench.session({
        dials: 'peer',
        routes: [{ prefix: KEPT }],
        ours: patient,
        theirs: LONG_LIVED,
        otherPeers: [{ address: third, remoteAs: THIRD_ASN, passive: true, ...patient }],
      });
      const other = await bench.speaker({
        ...{ asn: THIRD_ASN, routerId: third, addresses: [third], originate: [] },
        peers: [{ address: own, remoteAs: ASN, localAddress: third, connectRetryTime: 1, ...patient }],
      });
      const communities = (): readonly string[] => other.speaker.explain(KEPT).paths[0]?.communities ?? [];
      await bench.learned(other, KEPT);
      t.same(communities(), []);
      await peer.kill();
      await bench.until('others to be told that the route is stale', () => communities().includes(LLGR_STALE));
      await peer.start();
      await bench.established(us, peer, at);
      await bench.until('the route anew', () => !communities().includes(LLGR_STALE));
      t.same([us.lost, other.lost], [[], []], 'it was never lost');
    },
  },
];
