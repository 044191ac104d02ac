import t from 'tap';
import { PEER, RawSession } from './raw-session.ts';
import { update } from './wire/wire.ts';

const BASE = '40 02 06 02 01 0000fde9 40 03 04 0a000002';
const GOOD = `40 01 01 00 ${BASE}`;
/** ORIGIN has an undefined value. */
const BAD = `40 01 01 07 ${BASE}`;

t.test('routes that are withdrawn by error are known until the peer says something better of them', async (t) => {
  const session = await new RawSession().open();
  const { us, clock } = session;
  t.same(session.status.malformed, { discard: 0, withdraw: 0, reset: 0, withdrawn: { count: 0, prefixes: [] } });
  session.say(update(GOOD, '18 0a0100 18 0a0200 18 0a0300'));
  t.equal(us.best.size, 3);
  session.say(update(BAD, '18 0a0100 18 0a0200 18 0a0900'));
  t.same(us.routes, [`10.3.0.0/24 via ${PEER}`]);
  t.match(session.status.malformed, {
    withdraw: 1,
    last: { at: clock.wallTime() - 9, action: 'withdraw', reason: /ORIGIN/ },
    withdrawn: { count: 3, prefixes: ['10.1.0.0/24', '10.2.0.0/24', '10.9.0.0/24'] },
  });
  session.say(update(GOOD, '18 0a0100'));
  session.say(update('', '', '18 0a0900'));
  t.same(session.status.malformed.withdrawn, { count: 1, prefixes: ['10.2.0.0/24'] });
  t.equal(us.best.size, 2);
  session.say(update(GOOD, '18 0a0200'));
  t.same(session.status.malformed.withdrawn, { count: 0, prefixes: [] });
  t.equal(us.state[PEER], 'Established');
});

t.test('of IPv6 too, and they are forgotten with the session', async (t) => {
  const session = await new RawSession().open();
  const reach = `80 0e 1c 0002 01 10 20010db8 ${'00'.repeat(11)} 02 00 30 20010db80079`;
  session.say(update(`40 01 01 07 40 02 06 02 01 0000fde9 ${reach}`));
  t.same(session.status.malformed.withdrawn, { count: 1, prefixes: ['2001:db8:79::/48'] });
  session.say(update(BAD));
  t.match(
    session.status.malformed,
    { reset: 1, withdraw: 1, withdrawn: { count: 0, prefixes: [] } },
    'nothing was announced: reset',
  );
});

t.test('however many a peer gets wrong, what is kept of it has a limit', async (t) => {
  const session = await new RawSession().open();
  const { us } = session;
  for (let block = 0; block < 8; block++) {
    const nlri = Array.from({ length: 256 }, (_, at) => `18 0a ${hex(block)} ${hex(at)}`).join('');
    session.say(update(BAD, nlri));
  }
  t.equal(session.status.malformed.withdrawn.count, 1000);
  t.equal(session.status.malformed.withdrawn.prefixes.length, 10);
  t.equal(session.status.malformed.withdraw, 8);
  t.equal(us.state[PEER], 'Established');
});

t.test('prefixes that no host can be in are no routes, and the rest of the message counts', async (t) => {
  const session = await new RawSession().open();
  const { us } = session;
  session.say(update(GOOD, '04 e0 08 7f 18 0a0100 20 ffffffff'));
  t.same(us.routes, [`10.1.0.0/24 via ${PEER}`]);
  t.match(session.status.malformed, {
    discard: 1,
    last: { reason: /prefix ignored: 224\.0\.0\.0\/4 is a multicast prefix \(and 2 more/ },
  });
});

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
