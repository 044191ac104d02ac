import t from 'tap';
import { HOST_MAC } from '../../src/dataplane/endpoints/render.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import {
  bytes,
  DESTINATION,
  type Extension,
  extended,
  fragment,
  HOP_BY_HOP,
  icmp,
  ipv4,
  ipv6,
  linkLayer,
  routing,
  udp,
} from './frames.ts';
import { Hostile, ICMPV6, UDP } from './hostile.ts';
import { FAMILIES } from './pod-network.ts';

t.setTimeout(240_000);

const { 4: IPV4, 6: IPV6 } = FAMILIES;
const GATEWAY = 'fe80::ecee:eeff:feee:eeee';
const ZEROS = Buffer.alloc(4);
const ATOMIC = fragment({ id: 5, offset: 0, more: false });
const RPL = 3;
const SEGMENTS = 4;

/** Ways to put something between the addresses and the datagram. */
const HEADERS: Readonly<Record<string, readonly Extension[]>> = {
  'hop-by-hop': [HOP_BY_HOP],
  destination: [DESTINATION],
  fragment: [ATOMIC],
  'routing of type 0': [routing(0, 0, ZEROS, [IPV6.node])],
  'all of them': [HOP_BY_HOP, DESTINATION, routing(0, 0, ZEROS, [IPV6.node]), ATOMIC],
};

t.test('no header before the datagram hides from where it is', needsRoot, async (t) => {
  const hostile = await Hostile.create(t);
  for (const [name, headers] of Object.entries(HEADERS)) {
    const before = hostile.heard('node');
    hostile.extended(IPV6.pod, IPV6.node, ...headers);
    t.equal(hostile.heard('node') - before, 1, `${name}: what is honest comes`);
  }
  const [node, outside, dropped] = [hostile.heard('node'), hostile.heard('outside'), hostile.dropped()];
  const claimed = ['::', 'fd00:244::77', IPV6.node, IPV6.outside];
  const forged = Object.values(HEADERS).flatMap((headers) =>
    claimed.flatMap((from) => [IPV6.node, IPV6.outside].map((to) => ({ from, to, headers }))),
  );
  for (const { from, to, headers } of forged) hostile.extended(from, to, ...headers);
  t.equal(hostile.dropped() - dropped, forged.length, 'each is counted');
  t.equal(hostile.heard('node') - node, 0);
  t.equal(hostile.heard('outside') - outside, 0);
});

t.test('no routing header leads a packet on, even where a node takes such', needsRoot, async (t) => {
  const names = ['all', 'default'].flatMap((name) => [
    `net.ipv6.conf.${name}.accept_source_route=1`,
    `net.ipv6.conf.${name}.seg6_enabled=1`,
    `net.ipv6.conf.${name}.rpl_seg_enabled=1`,
  ]);
  const hostile = await Hostile.create(t, { sysctls: names });
  for (const name of names) hostile.network.run('outside', 'sysctl', '-qw', name.replace('default', 'eth0'));
  const before = hostile.heard('outside');
  const at = { from: IPV6.pod, to: IPV6.outside };
  const datagram = udp(at, 9999, 'led');
  for (const [type, rest, hops] of [
    [0, ZEROS, [IPV6.outside]],
    [2, ZEROS, [IPV6.outside]],
    [RPL, ZEROS, [IPV6.outside]],
    [SEGMENTS, Buffer.of(1, 0, 0, 0), [IPV6.outside, IPV6.node]],
  ] as const) {
    const { next, payload } = extended([routing(type, 1, rest, hops)], UDP, datagram);
    hostile.frame('ip6', ipv6({ from: IPV6.pod, to: IPV6.node }, next, payload));
    t.equal(hostile.heard('outside') - before, 0, `of type ${type}`);
  }
});

t.test('solicitations behind other headers make nobody a neighbor, and count as any', needsRoot, async (t) => {
  const hostile = await Hostile.create(t);
  const ask = (from: string, headers: readonly Extension[]): void => {
    const asked = Buffer.concat([ZEROS, bytes(GATEWAY), linkLayer(1, hostile.mac)]);
    const { next, payload } = extended(headers, ICMPV6, icmp(6, { from, to: GATEWAY }, 135, 0, asked));
    hostile.frame('ip6', ipv6({ from, to: GATEWAY }, next, payload));
  };
  const claimed = [IPV6.node, IPV6.outside, 'fd00:244::77', GATEWAY];
  for (const headers of Object.values(HEADERS)) for (const from of claimed) ask(from, headers);
  t.same(
    hostile.neighbors().filter((address) => claimed.includes(address)),
    [],
  );
  for (let n = 1; n < 100; n++) ask(`fe80::bad:${n}`, [DESTINATION]);
  t.ok(hostile.neighbors().length < 40, 'a pod has few addresses');
  for (let n = 1; n < 100; n++) ask(`fe80::bed:${n}`, [ATOMIC]);
  t.same(
    hostile.neighbors().filter((address) => address.includes(':bed:')),
    [],
    'and the kernel takes none in fragments (RFC 6980)',
  );
});

t.test('who looks for a duplicate of its address is heard, and achieves nothing else', needsRoot, async (t) => {
  const hostile = await Hostile.create(t);
  const { network } = hostile;
  const stat = (where: 'node' | 'pod' | 'outside', name: string): number =>
    Number(/\s(\d+)/.exec(network.run(where, 'nstat', '-asz', name).replace(/^#.*\n/, ''))?.[1]);
  const [heard, answered] = [stat('node', 'Icmp6InNeighborSolicits'), stat('pod', 'Icmp6InNeighborAdvertisements')];
  const solicited = 'ff02::1:ffee:eeee';
  const asked = Buffer.concat([ZEROS, bytes(GATEWAY)]);
  hostile.icmp('::', solicited, 135, asked);
  t.equal(stat('node', 'Icmp6InNeighborSolicits') - heard, 1, 'let through');
  t.equal(stat('pod', 'Icmp6InNeighborAdvertisements') - answered, 1, "the gateway's address is taken");
  const neighbors = hostile.neighbors();
  const routes = network.run('node', 'ip', '-6', 'route');
  const echoes = stat('pod', 'Icmp6InEchoReplies') + stat('outside', 'Icmp6InEchos');
  const own = linkLayer(1, hostile.mac);
  hostile.icmp('::', solicited, 135, Buffer.concat([asked, own]));
  for (const to of [solicited, 'ff02::1', 'ff02::2', GATEWAY, IPV6.node, IPV6.outside]) {
    for (const about of [IPV6.node, IPV6.outside, 'fd00:244::77', GATEWAY])
      hostile.icmp('::', to, 136, Buffer.concat([Buffer.of(0xe0, 0, 0, 0), bytes(about), linkLayer(2, hostile.mac)]));
    hostile.icmp('::', to, 128, ZEROS);
    hostile.icmp('::', to, 133, Buffer.concat([ZEROS, own]));
    hostile.icmp('::', to, 134, Buffer.concat([Buffer.of(64, 0, 7, 8), Buffer.alloc(8), own]));
    hostile.icmp('::', to, 137, Buffer.concat([ZEROS, bytes('fe80::1'), bytes('2001:db8:5::1')]));
  }
  t.same(hostile.neighbors(), neighbors);
  t.equal(network.run('node', 'ip', '-6', 'route'), routes);
  t.equal(stat('pod', 'Icmp6InEchoReplies') + stat('outside', 'Icmp6InEchos'), echoes);
  const dropped = hostile.dropped();
  for (const to of [IPV6.node, IPV6.outside]) hostile.icmp('::', to, 135, asked);
  for (const to of [IPV6.node, GATEWAY, 'ff02::1']) hostile.udp('::', to);
  t.equal(hostile.dropped() - dropped, 5, 'what is nothing of that kind is counted');
});

t.test('answers of DHCP that a pod makes come to no client', needsRoot, async (t) => {
  const hostile = await Hostile.create(t);
  const { network } = hostile;
  // Clients listen at the interface that they ask by; at any other, or for another's source, nothing may be heard.
  for (const where of ['node', 'outside'] as const) {
    network.run(where, 'nft', 'add table inet dhcp; add chain inet dhcp in { type filter hook input priority 0 ; }');
    for (const [name, match] of Object.entries({
      uplink: 'iifname eth0',
      foreign: `ip saddr != { ${IPV4.pod}, 0.0.0.0 }`,
      foreign6: `ip6 saddr != { ${IPV6.pod}, fe80::/10 }`,
    })) {
      network.run(where, 'nft', `add counter inet dhcp ${name}`);
      network.run(where, 'nft', `add rule inet dhcp in udp dport { 68, 546 } ${match} counter name ${name}`);
    }
  }
  const told = (where: 'node' | 'outside'): readonly (readonly unknown[])[] =>
    [...network.run(where, 'nft', 'list', 'counters').matchAll(/counter (\w+) \{\s*packets (\d+)/g)]
      .map(([, name, packets]) => [name, Number(packets)] as const)
      .sort();
  const none = ['foreign', 'foreign6', 'uplink'].map((name) => [name, 0]);
  const answer = (from: string, to: string): void => {
    const ports = from.includes(':') ? ([546, 547] as const) : ([68, 67] as const);
    const datagram = udp({ from, to }, ports[0], 'offer', ports[1]);
    const packet = from.includes(':') ? ipv6({ from, to }, UDP, datagram) : ipv4({ from, to }, UDP, datagram);
    for (const mac of [HOST_MAC, 'ff:ff:ff:ff:ff:ff'])
      hostile.frame(from.includes(':') ? 'ip6' : 'ip', packet, { to: mac });
  };
  const dropped = hostile.dropped();
  const forged = ['169.254.1.1', '10.244.1.77', IPV4.node, IPV4.outside];
  const everybody = ['255.255.255.255', '172.31.9.255', IPV4.node, IPV4.outside];
  for (const from of forged) for (const to of everybody) answer(from, to);
  t.equal(hostile.dropped() - dropped, forged.length * everybody.length * 2, 'each of a foreign server is counted');
  const forged6 = ['fd00:244::77', IPV6.node, IPV6.outside];
  for (const from of forged6) for (const to of ['ff02::1', IPV6.node, IPV6.outside]) answer(from, to);
  t.same([told('node'), told('outside')], [none, none]);
  // By nobody's address a client asks everybody, so that much is let through.
  for (const from of [IPV4.pod, '0.0.0.0']) for (const to of everybody.slice(0, 3)) answer(from, to);
  for (const from of [IPV6.pod, 'fe80::1', GATEWAY]) for (const to of ['ff02::1', GATEWAY, IPV6.node]) answer(from, to);
  t.same([told('node'), told('outside')], [none, none], "by its own address none comes by a client's interface");
});

t.test('tags of VLANs, two or none that counts, bring a frame nowhere else', needsRoot, async (t) => {
  const hostile = await Hostile.create(t);
  const [node, outside] = [hostile.heard('node'), hostile.heard('outside')];
  for (const vlans of [
    [7, 8],
    [8, 7],
    [0, 7],
    [7, 0],
    [4095, 1],
  ]) {
    for (const from of [IPV4.pod, IPV4.outside])
      for (const to of [IPV4.node, IPV4.outside]) hostile.udp(from, to, { vlans });
    for (const from of [IPV6.pod, IPV6.outside])
      for (const to of [IPV6.node, IPV6.outside]) hostile.udp(from, to, { vlans });
  }
  t.equal(hostile.heard('node') - node, 0);
  t.equal(hostile.heard('outside') - outside, 0);
  // Identifier 0 is a priority: such a frame is as good as one without a tag.
  for (const vlans of [[0], [0, 0]]) {
    const dropped = hostile.dropped();
    for (const from of [IPV4.outside, '10.244.1.77']) hostile.udp(from, IPV4.node, { vlans });
    for (const from of [IPV6.outside, 'fd00:244::77']) hostile.udp(from, IPV6.node, { vlans });
    t.equal(hostile.dropped() - dropped, 4, `forged, with ${vlans.length} of them`);
    t.equal(hostile.heard('node') - node, 0);
  }
});
