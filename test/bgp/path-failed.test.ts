import type { PeerConfig } from 'bgp-speaker-ts';
import t from 'tap';
import { Network, type Node } from './speaker-network.ts';

const ASN = 64512;
const [A, B] = ['10.0.0.1', '10.0.0.2'];

/** Two that have agreed on graceful restart, NOTIFICATIONs included (RFC 8538); `b` has a route of `a`. */
async function pair(): Promise<{ network: Network; a: Node; b: Node }> {
  const network = new Network();
  const peer = (address: string): PeerConfig => ({
    ...{ address, remoteAs: ASN, gracefulRestart: { time: 120 }, gracefulNotification: true },
  });
  const a = await network.node(A, ASN, [peer(B)]);
  const b = await network.node(B, ASN, [peer(A)]);
  a.speaker.originate([{ prefix: '192.168.0.0/26' }]);
  network.run(3);
  t.equal(b.best.size, 1);
  return { network, a, b };
}

t.test(
  'a session whose way has failed ends at once, by Cease/10, and neither end keeps the other’s routes',
  async (t) => {
    const { network, a, b } = await pair();
    b.speaker.originate([{ prefix: '192.168.0.64/26' }]);
    network.run(1);
    t.equal(a.best.size, 1);
    b.events.length = 0;
    b.speaker.pathFailed(A, 'BFD session is Down', false);
    network.clock.advance(1);
    t.match(b.events, [
      { kind: 'notification', direction: 'sent', code: 6, subcode: 10 },
      { kind: 'state', from: 'Established' },
    ]);
    t.equal(b.best.size, 0);
    t.equal(a.best.size, 0, 'though both could have waited for a restart');
    t.match(b.speaker.peers(), [{ flaps: 1 }]);
    t.notOk(b.speaker.peers()[0].gracefulRestart);
    network.run(60);
    t.equal(b.best.size, 1, 'and it comes up again by itself');
  },
);

t.test('of a peer that restarts, the routes stay where its BFD restarts along with it (RFC 5882 §4.3.2)', async (t) => {
  const { network, a, b } = await pair();
  await a.speaker.stop('restart');
  network.run(1);
  b.speaker.pathFailed(A, 'BFD session is Down', false);
  network.run(1);
  t.equal(b.best.size, 1);
  t.match(b.speaker.peers(), [{ gracefulRestart: 'helping' }]);
});

t.test('they go where its BFD does not: nothing is forwarded any more (RFC 5882 §4.3.1)', async (t) => {
  const { network, a, b } = await pair();
  await a.speaker.stop('restart');
  network.run(1);
  b.speaker.pathFailed(A, 'BFD session is Down', true);
  network.run(1);
  t.equal(b.best.size, 0);
  t.notOk(b.speaker.peers()[0].gracefulRestart);
});

t.test('a way that works again is tried at once, whatever was waited for', async (t) => {
  const network = new Network();
  const peer = { remoteAs: ASN, connectRetryTime: 1000 };
  const a = await network.node(A, ASN, [{ address: B, ...peer, passive: true }]);
  network.links.silence(A, B);
  const b = await network.node(B, ASN, [{ address: A, ...peer }]);
  // By now it is tried every quarter of an hour or so.
  network.run(4000);
  network.links.silence(A, B, false);
  b.speaker.pathRestored(A);
  network.run(1);
  t.equal(b.state[A], 'Established');
  b.speaker.pathRestored(A);
  network.run(1);
  t.equal(a.state[B], 'Established', 'one that is up is left alone');
  t.equal(a.speaker.peers()[0].flaps, 0);
});

t.test('a peer that nobody knows has no way', async (t) => {
  const { b } = await pair();
  b.speaker.pathFailed('10.9.9.9', 'BFD session is Down', true);
  b.speaker.pathRestored('10.9.9.9');
  t.pass();
});
