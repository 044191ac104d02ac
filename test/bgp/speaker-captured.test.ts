import t from 'tap';
import { createUpdateView } from '../../src/bgp/wire/index.ts';
import { PEER, RawSession } from './raw-session.ts';
import { decode, EBGP, hex, prefixes } from './wire/wire.ts';

/** Whole messages, each with what a speaker in AS 65000 makes of it that hears it from its peer in AS 65001. */
interface Row {
  readonly what: string;
  readonly message: string;
  readonly routes: readonly string[];
  /** Why something is ignored. */
  readonly reason?: RegExp;
}

const MARKER = 'ff'.repeat(16);
const ROWS: readonly Row[] = [
  {
    what: 'a NEXT_HOP of 0.0.0.0 beside MP_REACH_NLRI says nothing (RFC 4760 §3)',
    message: `004a 02 0000 0033 40010100 40020602010000fde9 40030400000000
      800e1c 0002 01 10 20010db8000000000000000000000009 00 30 20010db80079`,
    routes: ['2001:db8:79::/48 via 2001:db8::9'],
  },
  {
    what: 'prefixes that no host can be in are no routes',
    message: '0034 02 0000 0014 40010100 40020602010000fde9 4003040a090909 04e0 087f 20ffffffff',
    routes: [],
    reason: /224\.0\.0\.0\/4 is a multicast prefix \(and 2 more/,
  },
  {
    what: 'a next hop in 240.0.0.0/4 is one',
    message: '002f 02 0000 0014 40010100 40020602010000fde9 400304f0000001 18c63364',
    routes: ['198.51.100.0/24 via 240.0.0.1'],
  },
  {
    what: 'a PREFIX_SID whose TLV goes beyond it is discarded (RFC 8669 §6)',
    message: '0039 02 0000 001d 40010100 40020602010000fde9 4003040a090909 c02806 0100ff000000 200a001d01',
    routes: ['10.0.29.1/32 via 10.9.9.9'],
    reason: /PREFIX_SID/,
  },
  {
    what: 'TUNNEL_ENCAP whose TLV goes beyond it withdraws (RFC 9012 §13)',
    message: '0038 02 0000 001c 40010100 40020602010000fde9 4003040a090909 c01705 0007000401 200a009101',
    routes: [],
    reason: /TUNNEL_ENCAP/,
  },
  {
    what: 'a malformed attribute beside a family that was not negotiated ends nothing',
    message: `004b 02 0000 0034 40010100 40020602010000fde9 c0080100
      800e20 000180 0c 0000000000000000ac140001 00 70 0001010000fde8000000640a0101`,
    routes: [],
    reason: /COMMUNITIES/,
  },
];

for (const { what, message, routes, reason } of ROWS) {
  t.test(what, async (t) => {
    const session = await new RawSession().open();
    session.say(hex(`${MARKER} ${message}`));
    t.equal(session.us.state[PEER], 'Established');
    t.same(session.us.routes, routes);
    const { last, reset } = session.status.malformed;
    t.equal(reset, 0);
    if (reason === undefined) t.equal(last, undefined);
    else t.match(last, { reason });
  });
}

t.test(
  'a prefix with a link-local next hop beside the global one and a NEXT_HOP of 0.0.0.0, as once captured',
  async (t) => {
    const message = hex(`${MARKER} 005a 02 0000 0043 40010102 40020402010001 40030400000000
    800e2e 0002 01 20 deadbeef000000000000000000000001 fe80000000000000000001fffe010000 00 40 0004000500000000`);
    const external = { ...EBGP, peerAs: 1 };
    for (const [name, session] of Object.entries({ internal: {}, external })) {
      const view = createUpdateView();
      t.same(decode(message, view, { ...session, fourOctetAs: false }), [], name);
      t.same(prefixes(view.mpAnnounced), ['00040005:00000000:00000000:00000000/64'], name);
    }
  },
);
