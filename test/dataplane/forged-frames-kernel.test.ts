import t from 'tap';
import { HOST_MAC } from '../../src/dataplane/endpoints/render.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { arp, BROADCAST, bytes, ipv4, linkLayer, udp } from './frames.ts';
import { Hostile, ICMP, UDP } from './hostile.ts';
import { FAMILIES } from './pod-network.ts';

t.setTimeout(240_000);

const { 4: IPV4, 6: IPV6 } = FAMILIES;
const GATEWAY = 'fe80::ecee:eeff:feee:eeee';
/** The pod may send from networks besides its own addresses, so that the kernel's own check of sources is off. */
const ALLOWED = ['192.0.2.0/24', '2001:db8:9::/48'];

t.test('a datagram from nobody, or to the loopback of the host, comes to no stack', needsRoot, async (t) => {
  const hostile = await Hostile.create(t);
  const honest = hostile.heard('node');
  hostile.udp(IPV4.pod, IPV4.node);
  hostile.udp(IPV6.pod, IPV6.node);
  t.equal(hostile.heard('node') - honest, 2, 'what is honest does');
  const [node, outside] = [hostile.heard('node'), hostile.heard('outside')];
  const sources = [
    '0.0.0.0',
    '127.0.0.1',
    '169.254.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '10.244.1.77',
    IPV4.node,
    IPV4.outside,
  ];
  for (const from of sources) for (const to of [IPV4.node, IPV4.outside]) hostile.udp(from, to);
  const sources6 = ['::', '::1', 'ff02::1', 'fd00:244::77', IPV6.node, IPV6.outside, `::ffff:${IPV4.node}`];
  for (const from of sources6) for (const to of [IPV6.node, IPV6.outside]) hostile.udp(from, to);
  hostile.udp('fe80::1', IPV6.outside);
  hostile.udp(IPV4.pod, '127.0.0.1');
  hostile.udp(IPV4.pod, '127.9.9.9');
  hostile.udp(IPV6.pod, '::1');
  hostile.udp(IPV4.pod, IPV4.node, { vlans: [7] });
  hostile.udp(IPV4.pod, IPV4.outside, { to: BROADCAST });
  t.equal(hostile.heard('node') - node, 0);
  t.equal(hostile.heard('outside') - outside, 0);
  hostile.udp(IPV4.pod, IPV4.node, { from: '02:00:00:00:00:01' });
  t.equal(hostile.heard('node') - node, 1, 'a MAC that it makes up brings it nothing: the host looks at addresses');
});

t.test('nor does one that its options would lead on, even where a node takes such', needsRoot, async (t) => {
  const hostile = await Hostile.create(t);
  hostile.network.run('node', 'sysctl', '-qw', 'net.ipv4.conf.all.accept_source_route=1');
  hostile.network.run('outside', 'sysctl', '-qw', 'net.ipv4.conf.all.accept_source_route=1');
  const before = hostile.heard('outside');
  for (const type of [131, 137]) {
    const options = Buffer.concat([Buffer.of(type, 7, 4), bytes(IPV4.outside), Buffer.of(0)]);
    const at = { from: IPV4.pod, to: IPV4.node };
    hostile.frame('ip', ipv4({ ...at, options }, UDP, udp({ from: IPV4.pod, to: IPV4.outside }, 9999, 'led')));
  }
  t.equal(hostile.heard('outside'), before);
});

t.test('claims of ARP and neighbor discovery make nobody another one neighbor', needsRoot, async (t) => {
  const hostile = await Hostile.create(t);
  hostile.network.ping('node', IPV4.pod);
  const others = [IPV4.node, IPV4.outside, '10.244.1.77', '127.0.0.1', '224.0.0.1'];
  for (const from of others) {
    for (const about of [from, IPV4.outside, '169.254.1.1']) {
      for (const to of [HOST_MAC, BROADCAST]) {
        for (const operation of ['request', 'reply'] as const)
          hostile.frame('arp', arp(operation, { mac: hostile.mac, from, about }), { to });
      }
    }
  }
  for (const from of [IPV6.node, IPV6.outside, 'fd00:244::77', '::1', 'ff02::1', GATEWAY, 'fe80::1']) {
    const target = from === 'fe80::1' ? IPV6.outside : from;
    const advertised = Buffer.concat([Buffer.of(0xe0, 0, 0, 0), bytes(target), linkLayer(2, hostile.mac)]);
    hostile.icmp(from, 'ff02::1', 136, advertised);
    if (from !== 'fe80::1')
      hostile.icmp(from, GATEWAY, 135, Buffer.concat([Buffer.alloc(4), bytes(GATEWAY), linkLayer(1, hostile.mac)]));
  }
  const claimed = [...others, IPV6.node, IPV6.outside, 'fd00:244::77', GATEWAY];
  t.same(
    hostile.neighbors().filter((address) => claimed.includes(address)),
    [],
  );
  for (const { node, outside } of [IPV4, IPV6]) {
    t.ok(hostile.network.ping('node', outside), outside);
    t.ok(hostile.network.ping('outside', node), node);
  }
});

t.test('no advertisement of a router and no redirect changes a route', needsRoot, async (t) => {
  const hostile = await Hostile.create(t);
  for (const family of ['ipv4', 'ipv6'])
    hostile.network.run('node', 'sysctl', '-qw', `net.${family}.conf.all.accept_redirects=1`);
  const routes = (): string =>
    hostile.network.run(
      'node',
      'sh',
      '-c',
      `ip route; ip -6 route; ip route get 198.51.100.1; ip -6 route get 2001:db8:5::1 | sed 's/ pref.*//'`,
    );
  const before = routes();
  const prefix = Buffer.concat([Buffer.of(3, 4, 64, 0xc0), Buffer.alloc(12, 255), bytes('2001:db8:5::')]);
  const life = Buffer.concat([Buffer.of(64, 0, 0x07, 0x08), Buffer.alloc(8)]);
  hostile.icmp('fe80::1', 'ff02::1', 134, Buffer.concat([life, linkLayer(1, hostile.mac), prefix]));
  for (const from of ['fe80::1', GATEWAY, IPV6.outside])
    hostile.icmp(from, IPV6.node, 137, Buffer.concat([Buffer.alloc(4), bytes('fe80::1'), bytes('2001:db8:5::1')]));
  const quoted = ipv4({ from: IPV4.node, to: '198.51.100.1' }, ICMP, Buffer.of(8, 0, 0, 0, 0, 0, 0, 0));
  for (const from of [IPV4.outside, IPV4.pod])
    hostile.icmp(from, IPV4.node, 5, Buffer.concat([bytes(IPV4.pod), quoted]), 1);
  t.equal(routes(), before);
});

t.test('a pod that claims one address after another leaves place for the neighbors of others', needsRoot, async (t) => {
  const hostile = await Hostile.create(t, { sourcePrefixes: ALLOWED });
  for (let n = 1; n < 200; n++) {
    const [own, six, allowed] = [`192.0.2.${n}`, `fe80::bad:${n}`, `2001:db8:9::${n}`];
    hostile.frame('arp', arp('request', { mac: hostile.mac, from: own, about: '169.254.1.1' }));
    const asked = Buffer.concat([Buffer.alloc(4), bytes(GATEWAY), linkLayer(1, hostile.mac)]);
    for (const from of [six, allowed]) hostile.icmp(from, GATEWAY, 135, asked);
    hostile.udp(`fe80::bed:${n}`, GATEWAY);
  }
  const count = (what: RegExp): number => hostile.neighbors().filter((address) => what.test(address)).length;
  t.ok(count(/^192\.0\.2\./) < 40, 'ARP');
  t.ok(count(/:/) < 40, 'neighbor discovery, and answers to addresses of the link');
  t.ok(count(/:/) > 2, 'although it had some');
});

t.test('a pod that has forgotten its gateway finds it again, by whichever address it asks', needsRoot, async (t) => {
  const { network } = await Hostile.create(t);
  network.ip('pod', 'neigh flush all nud permanent');
  for (const { node } of [IPV4, IPV6]) t.ok(network.ping('pod', node), node);
  network.ip('pod', 'addr add fe80::77/64 dev eth0 nodad');
  t.ok(network.ping('pod', GATEWAY, '-I', 'eth0'));
  for (let n = 0; n < 3; n++) t.ok(network.ping('pod', GATEWAY, '-I', 'eth0', '-c', '20', '-i', '0.01'));
});
