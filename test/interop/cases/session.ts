import type { Case } from '../case.ts';
import { HOST } from '../network.ts';

const WHO_DIALS = { us: 'we dial', peer: 'the peer dials', both: 'both dial' } as const;

/** Coming up and going down. */
export const sessionCases: readonly Case[] = [
  ...(['us', 'peer', 'both'] as const).map(
    (dials): Case => ({
      name: `session: ${WHO_DIALS[dials]}`,
      async run(t, bench) {
        const { us, peer, at } = await bench.session({ dials });
        if (dials !== 'both') t.same(us.downs, []);
        // Two connections may meet, and one that was up already be the one that goes.
        await bench.established(us, peer, at);
        t.equal(us.status(at).routerId, bench.address(HOST.peer));
      },
    }),
  ),
  {
    name: 'session over IPv6',
    async run(t, bench) {
      const { us, at } = await bench.session({ sessionFamily: 6 });
      t.match(us.status(at), { state: 'Established', negotiated: { families: ['ipv6-unicast'] } });
    },
  },
  {
    name: '4-octet AS numbers',
    async run(t, bench) {
      const [asn, peerAsn] = [4200000001, 4200000002];
      const { us, peer, at } = await bench.session({
        asn,
        peerAsn,
        originate: [{ prefix: '172.16.1.0/24' }],
        routes: [{ prefix: '172.16.2.0/24' }],
      });
      await bench.learned(us, '172.16.2.0/24');
      await bench.seen(peer, '172.16.1.0/24');
      t.equal(us.status(at).negotiated?.fourOctetAs, true);
      t.same(us.speaker.explain('172.16.2.0/24').paths[0].asPath, [peerAsn]);
    },
  },
  {
    name: 'another AS of ours towards the peer',
    async run(t, bench) {
      const { us, peer, at } = await bench.session({
        peerAsn: 65001,
        ours: { localAs: 65010 },
        theirs: { asn: 65010 },
        originate: [{ prefix: '172.16.1.0/24' }],
        routes: [{ prefix: '172.16.2.0/24' }],
      });
      await bench.learned(us, '172.16.2.0/24');
      await bench.seen(peer, '172.16.1.0/24');
      t.equal(us.status(at).remoteAs, 65001);
    },
  },
  {
    name: 'the peer stops',
    async run(t, bench) {
      const { us, peer, at } = await bench.session({ routes: [{ prefix: '172.17.1.0/24' }] });
      await bench.learned(us, '172.17.1.0/24');
      await peer.stop();
      await bench.until('its routes to go', () => us.lost.length > 0);
      t.equal(us.established(at), false);
      await peer.start();
      await bench.learned(us, '172.17.1.0/24');
      t.equal(us.downs.length, 1);
    },
  },
  {
    name: 'shutdown message received',
    async run(t, bench) {
      const { us, peer } = await bench.session();
      const text = await peer.shutdown('gone for maintenance');
      const said = () => us.notification('received', 6, 2) ?? us.notification('received', 6, 9);
      await bench.until('the reason', () => said() !== undefined);
      t.match(said(), text);
    },
  },
  {
    name: 'shutdown message sent',
    async run(t, bench) {
      const { us, peer } = await bench.session();
      await us.speaker.stop('shutdown', 'back in five minutes');
      await bench.until('the reason at the peer', async () =>
        (await peer.sessionText()).includes('back in five minutes'),
      );
      await bench.until('the end at the peer', async () => !(await peer.established()));
      t.equal(await peer.established(), false);
    },
  },
];
