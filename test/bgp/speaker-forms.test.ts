import t from 'tap';
import { Network } from './speaker-network.ts';

t.test('IPv4 routes go over an IPv6 session with IPv6 next hops (RFC 8950), on from peer to peer', async (t) => {
  const network = new Network();
  const families = ['ipv4-unicast', 'ipv6-unicast'] as const;
  const [A, B, C] = ['fd00::1', 'fd00::2', 'fd00::3'];
  const a = await network.node(A, 65001, [{ address: B, remoteAs: 65002, families }]);
  const b = await network.node(B, 65002, [
    { address: A, remoteAs: 65001, families },
    { address: C, remoteAs: 65002, families },
  ]);
  const c = await network.node(C, 65002, [{ address: B, remoteAs: 65002, families }]);
  a.speaker.originate([{ prefix: '10.1.0.0/16' }, { prefix: 'fd01::/48' }]);
  network.run(3);
  t.same(b.routes, [`10.1.0.0/16 via ${A}`, `fd01::/48 via ${A}`]);
  t.same(c.routes, [`10.1.0.0/16 via ${A}`, `fd01::/48 via ${A}`], 'an internal peer gets the next hop as it came');
  a.speaker.originate([]);
  network.run(1);
  t.same([b.routes, c.routes], [[], []]);
});

t.test('a route with an IPv6 next hop is not for a peer that can not take it, and says so', async (t) => {
  const network = new Network();
  const a = await network.node('10.0.0.1', 65001, [{ address: '10.0.0.2', remoteAs: 65001 }]);
  const b = await network.node('10.0.0.2', 65001, [{ address: '10.0.0.1', remoteAs: 65001 }]);
  a.speaker.originate([{ prefix: '10.1.0.0/16', nextHop: 'fd00::9' }]);
  network.run(3);
  t.same(b.routes, []);
  t.match(a.speaker.explain('10.1.0.0/16').announcements, [{ announced: false, reason: /RFC 8950/ }]);
});

t.test('local-as: a peer meets us under another AS number, and finds that in the path', async (t) => {
  const network = new Network();
  const [A, B, C] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
  const a = await network.node(A, 65001, [
    { address: B, remoteAs: 65002, localAs: 65100 },
    { address: C, remoteAs: 65003 },
  ]);
  const b = await network.node(B, 65002, [{ address: A, remoteAs: 65100 }]);
  const c = await network.node(C, 65003, [{ address: A, remoteAs: 65001 }]);
  a.speaker.originate([{ prefix: '10.1.0.0/16' }]);
  b.speaker.originate([{ prefix: '10.2.0.0/16' }]);
  network.run(3);
  t.same(b.speaker.explain('10.1.0.0/16').paths[0].asPath, [65100]);
  t.same(c.speaker.explain('10.1.0.0/16').paths[0].asPath, [65001]);
  t.same(c.speaker.explain('10.2.0.0/16').paths[0].asPath, [65001, 65002], 'it is between us and that peer alone');
});
