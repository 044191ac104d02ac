import type { PeerConfig } from 'bgp-speaker-ts';
import t from 'tap';
import { type Capability, encodeEndOfRib } from '../../src/bgp/wire/index.ts';
import { RawSession } from './raw-session.ts';
import { Network, type Node } from './speaker-network.ts';
import { update } from './wire/wire.ts';

const ASN = 64512;
const [A, B, C] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
const route = { prefix: '192.168.0.0/26' };
const restarted = { forwarding: ['ipv4-unicast'] } as const;

function peer(address: string, more: Partial<PeerConfig> = {}): PeerConfig {
  return { address, remoteAs: ASN, gracefulRestart: { time: 120 }, ...more };
}

async function pair(more: Partial<PeerConfig> = {}): Promise<{ network: Network; a: Node; b: Node }> {
  const network = new Network();
  const a = await network.node(A, ASN, [peer(B, more)]);
  const b = await network.node(B, ASN, [peer(A, more)]);
  a.speaker.originate([route, { prefix: '192.168.0.64/26' }]);
  network.run(3);
  t.equal(b.best.size, 2);
  return { network, a, b };
}

t.test('routes stay while a peer restarts, and those that it no longer has go with its End-of-RIB', async (t) => {
  const { network, a, b } = await pair();
  await a.speaker.stop('restart');
  network.run(1);
  t.equal(b.best.size, 2, 'kept');
  t.match(b.speaker.peers(), [{ gracefulRestart: 'helping' }]);
  t.match(b.speaker.explain(route.prefix).paths, [{ stale: true, best: true }]);
  const heard = b.changes;
  const again = await network.node(A, ASN, [peer(B)], { restarted });
  again.speaker.originate([route]);
  network.run(10);
  t.equal(b.state[A], 'Established');
  t.same(b.routes, [`${route.prefix} via ${A}`]);
  t.equal(b.changes, heard + 1, 'nothing but the withdrawal was told');
  t.match(b.speaker.explain(route.prefix).paths, [{ stale: false }]);
  t.notOk(b.speaker.peers()[0].gracefulRestart);
});

t.test('routes go when the peer does not return within its restart time', async (t) => {
  const { network, a, b } = await pair();
  await a.speaker.stop('restart');
  network.run(119);
  t.equal(b.best.size, 2);
  network.run(2);
  t.equal(b.best.size, 0);
  t.notOk(b.speaker.peers()[0].gracefulRestart);
});

t.test('routes go at once when the peer is shut down, or comes back with nothing kept', async (t) => {
  const { network, a, b } = await pair();
  await a.speaker.stop('shutdown');
  network.run(1);
  t.equal(b.best.size, 0);
  const again = await network.node(A, ASN, [peer(B)]);
  again.speaker.originate([route]);
  network.run(60);
  t.equal(b.best.size, 1);
  await again.speaker.stop('restart');
  network.run(1);
  t.equal(b.best.size, 1);
  await network.node(A, ASN, [peer(B)]);
  network.run(60);
  t.equal(b.best.size, 0);
});

t.test('long-lived stale routes are kept beyond the restart time, as the last choice', async (t) => {
  const network = new Network();
  const longLived = { longLivedStaleTime: 3600 };
  const a = await network.node(A, ASN, [peer(B, longLived)]);
  const b = await network.node(B, ASN, [peer(A, longLived), peer(C)]);
  const c = await network.node(C, ASN, [peer(B)]);
  a.speaker.originate([{ ...route, localPref: 500 }]);
  network.run(3);
  await a.speaker.stop('restart');
  network.run(121);
  t.same(b.routes, [`${route.prefix} via ${A}`]);
  c.speaker.originate([route]);
  network.run(1);
  t.same(b.routes, [`${route.prefix} via ${C}`]);
  t.match(b.speaker.explain(route.prefix).paths, [{ peer: C }, { peer: A, reason: 'lost on being long-lived stale' }]);
  network.run(3600);
  t.match(b.speaker.explain(route.prefix).paths, [{ peer: C }]);
});

const GRACEFUL: Capability = {
  kind: 'gracefulRestart',
  restarting: false,
  notification: false,
  time: 4095,
  families: [{ afi: 1, safi: 1, forwarding: true }],
};
const LONG_LIVED: Capability = {
  kind: 'longLived',
  families: [{ afi: 1, safi: 1, forwarding: true, staleTime: 0xffffff }],
};
const ROUTE = update('40 01 01 00 40 02 06 02 01 0000fde9 40 03 04 0a000002', '18 0a0100');
const DAY = 86_400;

t.test('how long routes are kept for a peer has a limit, whatever it asks for (RFC 4724 §4.2)', async (t) => {
  const table: readonly (readonly [config: Partial<PeerConfig>, longLived: boolean, seconds: number])[] = [
    [{}, false, 600],
    [{ gracefulRestart: { time: 120 } }, false, 600],
    [{ gracefulRestart: { time: 1800 } }, false, 1800],
    [{ maxRestartTime: 30 }, false, 30],
    [{ maxRestartTime: 4095 }, false, 4095],
    [{ maxRestartTime: 0 }, false, 0],
    [{}, true, 600 + DAY],
    [{ gracefulRestart: { time: 120 }, longLivedStaleTime: 2 * DAY }, true, 600 + 2 * DAY],
    [{ maxRestartTime: 30, maxLongLivedStaleTime: 60 }, true, 90],
    [{ maxRestartTime: 4095, maxLongLivedStaleTime: 0xffffff }, true, 4095 + 0xffffff],
    [{ maxRestartTime: 0, maxLongLivedStaleTime: 0 }, true, 0],
  ];
  for (const [config, longLived, seconds] of table) {
    const session = await new RawSession(config).open([GRACEFUL, ...(longLived ? [LONG_LIVED] : [])]);
    session.say(ROUTE);
    session.cut();
    if (seconds > 0) session.clock.advance(seconds * 1000 - 100);
    t.equal(session.us.best.size, seconds > 0 ? 1 : 0, `${JSON.stringify(config)}: kept`);
    session.clock.advance(200);
    t.equal(session.us.best.size, 0, `${JSON.stringify(config)}: gone after ${seconds} s`);
  }
});

t.test('a peer that returns and never ends its table does not keep its old routes for ever', async (t) => {
  const session = await new RawSession({ maxRestartTime: 60 }).open([GRACEFUL]);
  session.say(ROUTE);
  session.cut();
  session.clock.advance(50_000);
  await session.open([{ ...GRACEFUL, restarting: true }]);
  t.equal(session.status.state, 'Established');
  session.clock.advance(59_000);
  t.equal(session.us.best.size, 1, 'it may have a lot to say');
  session.clock.advance(2000);
  t.equal(session.us.best.size, 0);
  session.say(ROUTE);
  session.clock.advance(3_600_000);
  t.equal(session.us.best.size, 1, 'what it says now is no stale route');
});

t.test('the limit of one session is none of the next', async (t) => {
  const session = await new RawSession({ maxRestartTime: 60 }).open([GRACEFUL]);
  session.say(ROUTE);
  session.cut();
  await session.open([{ ...GRACEFUL, restarting: true }]);
  session.say(ROUTE, encodeEndOfRib('ipv4-unicast'));
  session.clock.advance(30_000);
  session.cut();
  session.clock.advance(59_000);
  t.equal(session.us.best.size, 1);
  session.clock.advance(2000);
  t.equal(session.us.best.size, 0);
});

t.test('a start is settled by the End-of-RIB of all peers, or after five seconds', async (t) => {
  const { network, b } = await pair();
  const settled = ({ events }: Node): boolean => events.some(({ kind }) => kind === 'settled');
  t.ok(settled(b));
  const c = await network.node(C, ASN, [peer(A), peer('10.0.0.99')]);
  network.run(4);
  t.notOk(settled(c));
  network.run(2);
  t.ok(settled(c));
});

t.test(
  'an End-of-RIB is told when the routes before it have been: whoever sweeps by it sweeps nothing that is wanted',
  async (t) => {
    const network = new Network();
    const a = await network.node(A, ASN, [peer(B)]);
    a.speaker.originate(Array.from({ length: 2000 }, (_, at) => ({ prefix: `10.${at >> 8}.${at & 255}.0/24` })));
    const b = await network.node(B, ASN, [peer(A)]);
    const known: number[] = [];
    b.speaker.onEvent(({ kind }) => kind === 'end-of-rib' && known.push(b.best.size));
    network.run(10);
    t.same(known, [2000]);
  },
);

t.test('a peer that asks is sent the whole table again, and nobody else', async (t) => {
  const { network, a, b } = await pair();
  const before = a.speaker.peers()[0].messages.updatesSent;
  b.speaker.refresh(A);
  network.run(1);
  t.equal(a.speaker.peers()[0].messages.updatesSent, before + 1);
  t.equal(b.best.size, 2);
});
