import type { Filter, PeerConfig } from 'bgp-speaker-ts';
import t from 'tap';
import { Network } from './speaker-network.ts';

const [A, B, C] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

function peer(address: string, remoteAs: number, more: Partial<PeerConfig> = {}): PeerConfig {
  return { address, remoteAs, port: 179, ...more };
}

const GUARD: Filter = {
  name: 'edge',
  rules: [
    {
      ...{ name: 'inside 10.244.0.0/16', action: 'reject', guards: true },
      match: { prefix: { cidr: '10.244.0.0/16', operator: 'in' } },
    },
    { name: 'nothing of 10.9', match: { prefix: { cidr: '10.9.0.0/16', operator: 'in' } }, action: 'reject' },
  ],
  default: 'accept',
};

t.test('what a rule that guards rejects is counted and named apart, as long as the peer says it', async (t) => {
  const network = new Network();
  const a = await network.node(A, 65001, [peer(B, 65002)]);
  const b = await network.node(B, 65002, [peer(A, 65001, { importFilter: GUARD })]);
  const guarded = () => b.speaker.peers()[0].guarded;
  const wrong = [{ prefix: '10.244.5.0/26' }, { prefix: '10.244.1.7/32' }];
  a.speaker.originate([...wrong, { prefix: '10.9.0.0/24' }, { prefix: '10.8.0.0/24' }]);
  network.run(3);
  t.same(b.routes, [`10.8.0.0/24 via ${A}`]);
  t.same(guarded(), { count: 2, prefixes: ['10.244.1.7/32', '10.244.5.0/26'] });
  t.match(b.speaker.peers()[0].prefixes, { received: 4, accepted: 1, largest: 4 });
  a.speaker.originate([wrong[0]]);
  network.run(1);
  t.same(guarded(), { count: 1, prefixes: ['10.244.5.0/26'] });
  b.speaker.configure([peer(A, 65001)]);
  network.run(1);
  t.equal(guarded(), undefined, 'the rule is gone');
  t.same(b.routes, [`10.244.5.0/26 via ${A}`]);
  b.speaker.configure([peer(A, 65001, { importFilter: GUARD })]);
  a.speaker.originate([]);
  network.run(1);
  t.equal(guarded(), undefined, 'and so is what was said');
});

t.test('after too many prefixes the speaker stays away as long as it is told, and takes no connection', async (t) => {
  const network = new Network();
  const a = await network.node(A, 65001, [peer(B, 65002, { connectRetryTime: 1 })]);
  const b = await network.node(B, 65002, [peer(A, 65001, { maxPrefixes: 2, maxPrefixesRestart: 300 })]);
  const isUp = () => b.state[A] === 'Established';
  a.speaker.originate([{ prefix: '10.1.0.0/16' }, { prefix: '10.2.0.0/16' }]);
  network.run(3);
  t.ok(isUp(), 'as many as it may');
  a.speaker.originate([{ prefix: '10.1.0.0/16' }, { prefix: '10.2.0.0/16' }, { prefix: '10.3.0.0/16' }]);
  network.run(1);
  t.notOk(isUp());
  t.same(b.routes, []);
  a.speaker.originate([{ prefix: '10.1.0.0/16' }]);
  network.run(290);
  t.notOk(isUp(), 'not before');
  network.run(130);
  t.ok(isUp(), 'after that');
  t.same(b.routes, [`10.1.0.0/16 via ${A}`]);
});

t.test('private AS numbers are taken out of the paths that an external peer is told, but for its own', async (t) => {
  for (const [removePrivateAs, remoteAs, expected] of [
    [false, 3, [2, 64512]],
    [true, 3, [2]],
    [true, 64600, [2]],
  ] as const) {
    const network = new Network();
    const a = await network.node(A, 64512, [peer(B, 2)]);
    await network.node(B, 2, [peer(A, 64512), peer(C, remoteAs, { removePrivateAs })]);
    const c = await network.node(C, remoteAs, [peer(B, 2)]);
    a.speaker.originate([{ prefix: '10.1.0.0/16' }]);
    network.run(3);
    t.same(c.speaker.explain('10.1.0.0/16').paths[0].asPath, expected, `to AS ${remoteAs}`);
  }
});

t.test('next hops on a link are told with the link, and to nobody beyond it', async (t) => {
  const network = new Network();
  const [us, them, other] = ['fe80::1%eth1', 'fe80::2%eth1', 'fe80::3%eth1'];
  const both = { families: ['ipv4-unicast', 'ipv6-unicast'] } as const;
  const peers = [peer(them, 65001, both), peer(other, 65002, both)];
  const b = await network.node(us, 65002, peers, { routerId: A });
  const a = await network.node(them, 65001, [peer(us, 65002, both)], { routerId: B });
  const c = await network.node(other, 65002, [peer(us, 65002, both)], { routerId: C });
  a.speaker.originate([{ prefix: '10.1.0.0/16' }, { prefix: 'fd01::/64' }]);
  b.speaker.originate([{ prefix: '10.2.0.0/16' }]);
  network.run(3);
  t.same(b.routes, ['10.1.0.0/16 via fe80::2%eth1', 'fd01::/64 via fe80::2%eth1']);
  t.same(a.routes, ['10.2.0.0/16 via fe80::1%eth1']);
  const ours = ['10.1.0.0/16 via fe80::1%eth1', '10.2.0.0/16 via fe80::1%eth1', 'fd01::/64 via fe80::1%eth1'];
  t.same(c.routes, ours, 'an internal peer gets our own');
});
