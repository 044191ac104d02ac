import t from 'tap';
import type { PeerConfig } from '../../src/bgp/index.ts';
import { Network, type Node } from './speaker-network.ts';

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
