import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { MemoryNetwork, Speaker } from '../../src/bgp/index.ts';
import type { Connection } from '../../src/bgp/transport/index.ts';
import { encodeOpen, KEEPALIVE } from '../../src/bgp/wire/index.ts';
import { Node } from './speaker-network.ts';
import { update } from './wire/wire.ts';

const [US, PEER] = ['10.0.0.1', '10.0.0.2'];
const BASE = '40 02 06 02 01 0000fde9 40 03 04 0a000002';
const GOOD = `40 01 01 00 ${BASE}`;
/** ORIGIN has an undefined value. */
const BAD = `40 01 01 07 ${BASE}`;

/** A speaker in AS 65000, and a peer in AS 65001 that says whatever it is told to. */
async function session() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock });
  const options = { asn: 65000, routerId: US, listen: [{ address: US, port: 179 }], clock };
  const us = new Node(US, new Speaker(options, network.host(US)));
  us.speaker.configure([{ address: PEER, remoteAs: 65001, passive: true, families: ['ipv4-unicast', 'ipv6-unicast'] }]);
  await us.speaker.start();
  let connection: Connection | undefined;
  network.host(PEER).dial(
    { address: US, port: 179 },
    {
      connected: (made) => {
        connection = made;
        made.receive({ data: () => {}, drained: () => {}, closed: () => {} });
      },
      failed: (reason) => t.fail(reason),
    },
  );
  clock.advance(10);
  connection!.write(
    encodeOpen({
      asn: 65001,
      holdTime: 0,
      routerId: 0x0a000002,
      capabilities: [
        { kind: 'multiprotocol', afi: 1, safi: 1 },
        { kind: 'multiprotocol', afi: 2, safi: 1 },
        { kind: 'fourOctetAs', asn: 65001 },
      ],
    }),
  );
  connection!.write(KEEPALIVE);
  clock.advance(10);
  t.equal(us.state[PEER], 'Established');
  const say = (message: Uint8Array): void => {
    connection!.write(message);
    clock.advance(10);
  };
  return { us, say, clock, malformed: () => us.speaker.peers()[0]!.malformed };
}

t.test('routes that are withdrawn by error are known until the peer says something better of them', async (t) => {
  const { us, say, clock, malformed } = await session();
  t.same(malformed(), { discard: 0, withdraw: 0, reset: 0, withdrawn: { count: 0, prefixes: [] } });
  say(update(GOOD, '18 0a0100 18 0a0200 18 0a0300'));
  t.equal(us.best.size, 3);
  say(update(BAD, '18 0a0100 18 0a0200 18 0a0900'));
  t.same(us.routes, [`10.3.0.0/24 via ${PEER}`]);
  t.match(malformed(), {
    withdraw: 1,
    last: { at: clock.wallTime() - 9, action: 'withdraw', reason: /ORIGIN/ },
    withdrawn: { count: 3, prefixes: ['10.1.0.0/24', '10.2.0.0/24', '10.9.0.0/24'] },
  });
  say(update(GOOD, '18 0a0100'));
  say(update('', '', '18 0a0900'));
  t.same(malformed().withdrawn, { count: 1, prefixes: ['10.2.0.0/24'] });
  t.equal(us.best.size, 2);
  say(update(GOOD, '18 0a0200'));
  t.same(malformed().withdrawn, { count: 0, prefixes: [] });
  t.equal(us.state[PEER], 'Established');
});

t.test('of IPv6 too, and they are forgotten with the session', async (t) => {
  const { say, malformed } = await session();
  const reach = `80 0e 1c 0002 01 10 20010db8 ${'00'.repeat(11)} 02 00 30 20010db80079`;
  say(update(`40 01 01 07 40 02 06 02 01 0000fde9 ${reach}`));
  t.same(malformed().withdrawn, { count: 1, prefixes: ['2001:db8:79::/48'] });
  say(update(BAD));
  t.match(
    malformed(),
    { reset: 1, withdraw: 1, withdrawn: { count: 0, prefixes: [] } },
    'nothing was announced: reset',
  );
});

t.test('however many a peer gets wrong, what is kept of it has a limit', async (t) => {
  const { us, say, malformed } = await session();
  for (let block = 0; block < 8; block++) {
    const nlri = Array.from({ length: 256 }, (_, at) => `18 0a ${hex(block)} ${hex(at)}`).join('');
    say(update(BAD, nlri));
  }
  t.equal(malformed().withdrawn.count, 1000);
  t.equal(malformed().withdrawn.prefixes.length, 10);
  t.equal(malformed().withdraw, 8);
  t.equal(us.state[PEER], 'Established');
});

t.test('prefixes that no host can be in are no routes, and the rest of the message counts', async (t) => {
  const { us, say, malformed } = await session();
  say(update(GOOD, '04 e0 08 7f 18 0a0100 20 ffffffff'));
  t.same(us.routes, [`10.1.0.0/24 via ${PEER}`]);
  t.match(malformed(), {
    discard: 1,
    last: { reason: /prefix ignored: 224\.0\.0\.0\/4 is a multicast prefix \(and 2 more/ },
  });
});

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
