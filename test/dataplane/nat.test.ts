import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import {
  type DesiredNat,
  type DesiredWireguard,
  type DesiredWireguardPeer,
  type DesiredWireguardRoute,
  NO_TUNNELS,
} from '../../src/calc/index.ts';
import type { FilterInputs } from '../../src/dataplane/tables.ts';
import { Transaction } from '../../src/nftables/index.ts';
import { pool } from '../calc/pool.ts';
import { byCidr, byNode, hostsOf } from '../calc/tunnels.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { filterTables, PacketFilter, textOf } from './packet-filter.ts';

const NAT = { natOutgoing: true } as const;
const POOLS = [pool('10.244.0.0/16', NAT), pool('10.99.0.0/16', { disabled: true }), pool('fd00::/64')];
const PLAIN: DesiredNat = {
  hosts: undefined,
  address: undefined,
  ports: undefined,
  outInterface: undefined,
  floatingIps: [],
};

function inputs(more: Partial<FilterInputs> = {}): FilterInputs {
  return {
    pools: POOLS,
    nat: PLAIN,
    services: { cidrs: [], loops: 'Drop' },
    spoofing: [],
    tunnels: { 4: [], 6: [] },
    wireguard: undefined,
    wireguard6: undefined,
    encapsulation: NO_TUNNELS,
    interfacePrefix: 'cali',
    ...more,
  };
}

function nat(settings: Partial<DesiredNat>, pools = POOLS): FilterInputs {
  return inputs({ pools, nat: { ...PLAIN, ...settings } });
}

/** The text for the table, with dots for fingerprints; undefined when there should be none. */
function text(name: string, of: FilterInputs): string | undefined {
  const found = filterTables(of).find(({ table }) => `${table.family} ${table.name}` === name);
  return textOf(found)?.replaceAll(/ [0-9a-f]{8}"/g, ' …"');
}

/** Just the rules of a table, without where they stand. */
function rules(name: string, of: FilterInputs): readonly string[] {
  const lines = text(name, of)?.split('\n') ?? [];
  return lines.filter((line) => line.startsWith('add rule ')).map((line) => line.split(' ').slice(5).join(' '));
}

/** Tables that there always are: what they say is about pods, not about pools. */
const STANDING = /vrouter-(?:encapsulation|neighbors|sources)/;

/** What was done about the tables that come and go. */
function done(nft: FakeNft): readonly string[] {
  return nft.done.filter((made) => !STANDING.test(made));
}

/** All that there is, in no order, without the numbers that rules get. */
function contents({ tables }: FakeNft): string {
  const lines = tables.map(([name, { rules, sets, maps, ...rest }]) => [
    name,
    rest,
    rules.map(({ chain, comment }) => `${chain} ${comment}`),
    sets.map((set) => ({ ...set, elements: [...set.elements].sort() })),
    maps.map((map) => ({ ...map, entries: map.entries.map(({ key, value }) => `${key} : ${value}`).sort() })),
  ]);
  return JSON.stringify(lines, undefined, 2);
}

function reconciler(nft = new FakeNft()): { nft: FakeNft; clock: VirtualClock; nat: PacketFilter } {
  const clock = new VirtualClock();
  return { nft, clock, nat: new PacketFilter({ nft, clock, log: silentLog }) };
}

t.test('packets from a pool with natOutgoing to outside every pool are masqueraded', async (t) => {
  t.equal(
    text('ip vrouter-nat', inputs()),
    [
      'add table ip vrouter-nat',
      'delete table ip vrouter-nat',
      'add table ip vrouter-nat',
      'add set ip vrouter-nat masq-ipam-pools { type ipv4_addr ; flags interval ; }',
      'add element ip vrouter-nat masq-ipam-pools { 10.244.0.0/16 }',
      'add set ip vrouter-nat network-ip-pools { type ipv4_addr ; flags interval ; }',
      'add element ip vrouter-nat network-ip-pools { 10.244.0.0/16, 10.99.0.0/16 }',
      'add chain ip vrouter-nat postrouting { type nat hook postrouting priority 100 ; }',
      'add rule ip vrouter-nat postrouting ip saddr @masq-ipam-pools ip daddr != @network-ip-pools masquerade fully-random comment "natOutgoing …"',
      '',
    ].join('\n'),
  );
  t.equal(text('ip6 vrouter-nat', inputs()), undefined);
});

t.test('how FelixConfiguration changes the translation', async (t) => {
  const match = 'ip saddr @masq-ipam-pools ip daddr != @network-ip-pools';
  const table: Readonly<Record<string, readonly [FilterInputs, readonly string[]]>> = {
    natPortRange: [
      nat({ ports: '32768-60999' }),
      [
        `${match} meta l4proto { tcp, udp } masquerade to :32768-60999 fully-random comment "natOutgoing ports …"`,
        `${match} masquerade fully-random comment "natOutgoing …"`,
      ],
    ],
    natOutgoingAddress: [
      nat({ address: '192.0.2.7' }),
      [`${match} snat to 192.0.2.7 fully-random comment "natOutgoing …"`],
    ],
    'both together': [
      nat({ address: '192.0.2.7', ports: '1000-2000' }),
      [
        `${match} meta l4proto { tcp, udp } snat to 192.0.2.7:1000-2000 fully-random comment "natOutgoing ports …"`,
        `${match} snat to 192.0.2.7 fully-random comment "natOutgoing …"`,
      ],
    ],
    'an address of the other family': [
      nat({ address: 'fd00::7' }),
      [`${match} masquerade fully-random comment "natOutgoing …"`],
    ],
    natOutgoingExclusions: [
      nat({ hosts: hostsOf('172.18.0.11/32', 'fd01::1/128') }),
      [`${match} ip daddr != @all-hosts-net masquerade fully-random comment "natOutgoing …"`],
    ],
    iptablesNATOutgoingInterfaceFilter: [
      nat({ outInterface: 'eth+' }),
      [`${match} oifname "eth*" masquerade fully-random comment "natOutgoing …"`],
    ],
  };
  for (const [what, [of, expected]] of Object.entries(table)) t.same(rules('ip vrouter-nat', of), expected, what);
  const v6 = nat({ address: 'fd00::7', ports: '1-2' }, [pool('fd00::/64', NAT)]);
  t.match(rules('ip6 vrouter-nat', v6)[0], 'snat to [fd00::7]:1-2');
  t.match(text('ip vrouter-nat', nat({ hosts: hostsOf('172.18.0.11/32') })), 'all-hosts-net { 172.18.0.11/32 }');
});

const FLOATING: DesiredNat['floatingIps'] = [
  { external: '203.0.113.8', internal: '10.244.1.2', why: 'floating IP of endpoint default/web' },
  { external: '203.0.113.7', internal: '10.244.1.2', why: 'floating IP of endpoint default/web' },
  { external: '2001:db8::7', internal: 'fd00::2', why: 'floating IP of endpoint default/web' },
];

t.test('what is for a floating IP is for its pod; what the pod sends to its own comes from there', async (t) => {
  t.equal(
    text('ip vrouter-nat', nat({ floatingIps: FLOATING }, [])),
    [
      'add table ip vrouter-nat',
      'delete table ip vrouter-nat',
      'add table ip vrouter-nat',
      'add map ip vrouter-nat fip-dnat { type ipv4_addr : ipv4_addr ; }',
      'add element ip vrouter-nat fip-dnat { 203.0.113.7 : 10.244.1.2, 203.0.113.8 : 10.244.1.2 }',
      'add map ip vrouter-nat fip-snat { type ipv4_addr . ipv4_addr : ipv4_addr ; }',
      'add element ip vrouter-nat fip-snat { 10.244.1.2 . 10.244.1.2 : 203.0.113.7 }',
      'add chain ip vrouter-nat prerouting { type nat hook prerouting priority -100 ; }',
      'add rule ip vrouter-nat prerouting dnat to ip daddr map @fip-dnat comment "floating IPs …"',
      'add chain ip vrouter-nat output { type nat hook output priority -100 ; }',
      'add rule ip vrouter-nat output dnat to ip daddr map @fip-dnat comment "floating IPs …"',
      'add chain ip vrouter-nat postrouting { type nat hook postrouting priority 100 ; }',
      'add rule ip vrouter-nat postrouting snat to ip saddr . ip daddr map @fip-snat comment "floating IPs, to itself …"',
      '',
    ].join('\n'),
  );
  t.match(text('ip6 vrouter-nat', nat({ floatingIps: FLOATING }, [])), 'fip-dnat { 2001:db8::7 : fd00::2 }');
});

t.test('floating IPs and natOutgoing are one table, in one transaction, each with its reason', async (t) => {
  const { nft, nat: reconciled } = reconciler();
  await reconciled.apply(nat({ floatingIps: FLOATING.slice(1, 2) }));
  t.equal(done(nft).length, 1);
  t.same(
    reconciled.entries().flatMap(({ text, present, why }) => (STANDING.test(text) ? [] : [[text, present, why]])),
    [
      ['ip vrouter-nat prerouting dnat to ip daddr map @fip-dnat', true, 'floating IPs'],
      ['ip vrouter-nat output dnat to ip daddr map @fip-dnat', true, 'floating IPs'],
      ['ip vrouter-nat postrouting snat to ip saddr . ip daddr map @fip-snat', true, 'floating IPs, to itself'],
      ['ip vrouter-nat fip-dnat { 203.0.113.7 : 10.244.1.2 }', true, 'floating IP of endpoint default/web'],
      [
        'ip vrouter-nat fip-snat { 10.244.1.2 . 10.244.1.2 : 203.0.113.7 }',
        true,
        'floating IP of endpoint default/web, to itself',
      ],
      [
        'ip vrouter-nat postrouting ip saddr @masq-ipam-pools ip daddr != @network-ip-pools masquerade fully-random',
        true,
        'natOutgoing',
      ],
    ],
  );
  await reconciled.apply(nat({}));
  t.equal(done(nft).length, 2);
  t.notMatch(contents(nft), 'fip', 'the floating IP is gone, natOutgoing stays');
});

t.test('sets hold what lies in nothing else; pools for services alone are not inside', async (t) => {
  const pools = [
    ...POOLS,
    pool('10.244.128.0/17'),
    pool('10.244.0.0/16', { ...NAT, name: 'twice' }),
    pool('10.97.0.0/16', { loadBalancerOnly: true }),
  ];
  t.match(text('ip vrouter-nat', inputs({ pools })), 'network-ip-pools { 10.244.0.0/16, 10.99.0.0/16 }\n');
});

t.test('with host encryption, what nodes send by the cable is looked back for there', async (t) => {
  const peer = (node: string, endpoint: string): DesiredWireguardPeer => {
    return { node, publicKey: node, endpoint, keepalive: 0, allowedIps: [] };
  };
  const wireguard: DesiredWireguard = {
    family: 4,
    device: 'wireguard.cali',
    underlay: '172.16.0.1',
    address: '172.16.0.1',
    mtu: undefined,
    listenPort: 51820,
    mark: 0x100000,
    rulePriority: 99,
    tables: [{ min: 1, max: 250 }],
    hostEncryption: true,
    peers: byNode([peer('c', '172.16.0.3:51820'), peer('b', '172.16.0.2:51820')]),
    routes: byCidr<DesiredWireguardRoute>([]),
  };
  const name = 'ip vrouter-wireguard';
  const expected = text(name, inputs({ wireguard }));
  t.match(expected, 'wireguard-nodes { 172.16.0.2, 172.16.0.3 }');
  t.match(expected, '{ type filter hook prerouting priority -300 ; }');
  t.match(rules(name, inputs({ wireguard })), [
    'iifname != "wireguard.cali" ip saddr @wireguard-nodes meta mark set meta mark or 0x100000 comment "FelixConfiguration: wireguardHostEncryptionEnabled …"',
  ]);
  t.equal(text(name, inputs({ wireguard: { ...wireguard, hostEncryption: false } })), undefined);
  t.equal(text(name, inputs({ wireguard: { ...wireguard, peers: byNode<DesiredWireguardPeer>([]) } })), undefined);
  t.equal(text('ip6 vrouter-wireguard', inputs({ wireguard })), undefined, 'IPv6 knows no rp_filter');
  t.match(
    rules('ip vrouter-tunnels', inputs({ wireguard, tunnels: { 4: ['wireguard.cali'], 6: [] } })),
    ['oifname "wireguard.cali" ip saddr != 172.16.0.1 fib saddr type local masquerade'],
    'what has the node’s own address goes as it is',
  );
});

t.test('what the host sends into a tunnel with another link’s address gets the tunnel’s', async (t) => {
  const of = inputs({ pools: [], tunnels: { 4: ['tunl0', 'vxlan.calico'], 6: ['vxlan-v6.calico'] } });
  const rule = (name: string): string =>
    `oifname "${name}" fib saddr . oif type != local fib saddr type local masquerade fully-random comment "tunnel source ${name} …"`;
  t.same(rules('ip vrouter-tunnels', of), [rule('tunl0'), rule('vxlan.calico')]);
  t.same(rules('ip6 vrouter-tunnels', of), [rule('vxlan-v6.calico')]);
  t.match(text('ip vrouter-tunnels', of), '{ type nat hook postrouting priority 100 ; }');
});

t.test('packets to services that nothing has translated do not loop', async (t) => {
  const cidrs = ['10.96.0.0/12', 'fd96::/108'];
  const of = inputs({ services: { cidrs, loops: 'Drop' } });
  t.same(rules('ip vrouter-services', of), ['ip daddr @service-ips drop comment "serviceLoopPrevention …"']);
  t.match(text('ip vrouter-services', of), 'add element ip vrouter-services service-ips { 10.96.0.0/12 }');
  t.match(
    text('ip vrouter-services', of),
    'add chain ip vrouter-services forward { type filter hook forward priority 0 ; }',
  );
  t.match(text('ip6 vrouter-services', of), 'service-ips { fd96::/108 }');
  t.match(rules('ip vrouter-services', inputs({ services: { cidrs, loops: 'Reject' } })), [/@service-ips reject /]);
  t.equal(text('ip vrouter-services', inputs({ services: { cidrs, loops: 'Disabled' } })), undefined);
});

t.test('a pod that may send from networks of others sends from no more than these', async (t) => {
  const long = `allowedSourcePrefixes of endpoint default/${'x'.repeat(200)}`;
  const of = inputs({
    spoofing: [
      {
        interfaceName: 'cali1',
        prefixes: ['192.0.2.0/24', '192.0.2.7/32', '2001:db8::/32', '198.51.100.0/24'],
        why: long,
      },
      { interfaceName: 'cali2', prefixes: ['2001:db8::/32'], why: 'allowedSourcePrefixes of endpoint default/six' },
    ],
  });
  const others =
    /^iifname "cali\*" fib saddr \. iif oif missing counter drop comment "pods send from their own addresses …"$/;
  const loopback = /^iifname "cali\*" ip daddr 127\.0\.0\.0\/8 counter drop comment/;
  t.match(rules('ip vrouter-sources', of), [
    loopback,
    /^iifname "cali1" ip saddr \{ 192\.0\.2\.0\/24, 198\.51\.100\.0\/24 \} accept comment/,
    others,
  ]);
  t.match(rules('ip6 vrouter-sources', of), [
    /^iifname "cali1" ip6 saddr \{ 2001:db8::\/32 \} accept comment/,
    /^iifname "cali2" ip6 saddr \{ 2001:db8::\/32 \} accept comment/,
    others,
  ]);
  for (const [family, expected] of [
    ['ip', [loopback, others]],
    ['ip6', [others]],
  ] as const) {
    const found = rules(`${family} vrouter-sources`, inputs());
    t.match(found, expected, 'nobody asks for anything');
    t.equal(found.length, expected.length);
  }
  t.match(text('ip vrouter-sources', of), '{ type filter hook prerouting priority -450 ; }', 'before defragmentation');
  const { nft, nat: reconciled } = reconciler();
  await reconciled.apply(of);
  const { length } = nft.done;
  await reconciled.resync();
  t.equal(nft.done.length, length, 'however long the reason is');
});

t.test('one transaction for a change, none when nothing differs, also after a restart', async (t) => {
  const { nft, nat } = reconciler();
  await nat.apply(inputs());
  t.equal(done(nft).length, 1);
  await nat.apply(inputs({ pools: [...POOLS] }));
  await nat.resync();
  await reconciler(nft).nat.apply(inputs());
  t.equal(done(nft).length, 1);
  await nat.apply(inputs({ pools: [...POOLS, pool('10.98.0.0/16', NAT)] }));
  t.equal(done(nft).length, 2);
  await nat.apply(inputs({ pools: [...POOLS, pool('10.98.0.0/16', NAT)], tunnels: { 4: ['tunl0'], 6: [] } }));
  t.equal(done(nft).length, 3, 'a tunnel’s address leaves the other tables alone');
  t.match(done(nft)[2], /^add table ip vrouter-tunnels\n/);
});

t.test('changes that come faster than nft answers end in the last one', async (t) => {
  const { nft, nat } = reconciler();
  void nat.apply(inputs({ tunnels: { 4: ['tunl0'], 6: [] } }));
  void nat.apply(inputs({ services: { cidrs: ['10.96.0.0/12'], loops: 'Drop' } }));
  await nat.apply(inputs());
  t.equal(await nft.list({ family: 'ip', name: 'vrouter-tunnels' }), undefined);
  t.equal(await nft.list({ family: 'ip', name: 'vrouter-services' }), undefined);
  t.ok(await nft.list({ family: 'ip', name: 'vrouter-nat' }));
});

t.test('where the rules stay as they are, elements alone are changed', async (t) => {
  const { nft, nat: reconciled } = reconciler();
  await reconciled.apply(nat({ floatingIps: FLOATING.slice(0, 1) }));
  const moved = { external: '203.0.113.8', internal: '10.244.1.3', why: 'floating IP of endpoint default/web2' };
  const pools = [...POOLS.slice(0, 1), pool('10.98.0.0/16', NAT)];
  await reconciled.apply(nat({ floatingIps: [moved] }, pools));
  t.equal(
    done(nft)[1],
    [
      'add element ip vrouter-nat masq-ipam-pools { 10.98.0.0/16 }',
      'delete element ip vrouter-nat network-ip-pools { 10.99.0.0/16 }',
      'add element ip vrouter-nat network-ip-pools { 10.98.0.0/16 }',
      'delete element ip vrouter-nat fip-dnat { 203.0.113.8 : 10.244.1.2 }',
      'add element ip vrouter-nat fip-dnat { 203.0.113.8 : 10.244.1.3 }',
      'delete element ip vrouter-nat fip-snat { 10.244.1.2 . 10.244.1.2 : 203.0.113.8 }',
      'add element ip vrouter-nat fip-snat { 10.244.1.3 . 10.244.1.3 : 203.0.113.8 }',
      '',
    ].join('\n'),
  );
});

t.test('the table goes with the last pool that has natOutgoing; what a former run left goes too', async (t) => {
  const { nft, nat } = reconciler();
  await nat.apply(inputs());
  await nat.apply(inputs({ pools: POOLS.slice(1) }));
  t.equal(await nft.list({ family: 'ip', name: 'vrouter-nat' }), undefined);
  await nat.resync();
  t.equal(done(nft).length, 2);
  await nat.apply(inputs());
  await reconciler(nft).nat.apply(inputs({ pools: [] }));
  t.equal(await nft.list({ family: 'ip', name: 'vrouter-nat' }), undefined);
});

t.test('whatever somebody does to a table is repaired', async (t) => {
  const table = { family: 'ip', name: 'vrouter-nat' } as const;
  const start = new Transaction(table);
  const set = { name: 'masq-ipam-pools', type: 'ipv4_addr' } as const;
  const map = { name: 'fip-dnat', type: 'ipv4_addr', value: 'ipv4_addr' } as const;
  const attacks: Readonly<Record<string, Transaction>> = {
    'it is deleted': start.removeTable(),
    'its rules are flushed': start.flushTable(),
    'a rule is added': start.addRule({ chain: 'postrouting', expression: 'accept' }),
    'an element is added': start.addElements(set, ['10.1.0.0/16']),
    'an element is removed': start.deleteElements(set, ['10.244.0.0/16']),
    'a floating IP is added': start.addEntries(map, [{ key: '203.0.113.9', value: '10.244.1.9' }]),
    'a floating IP is led elsewhere': start
      .deleteEntries(map, [{ key: '203.0.113.7', value: '10.244.1.2' }])
      .addEntries(map, [{ key: '203.0.113.7', value: '10.244.1.9' }]),
  };
  for (const [what, attack] of Object.entries(attacks)) {
    const { nft, nat: reconciled } = reconciler();
    await reconciled.apply(nat({ floatingIps: FLOATING }));
    const made = contents(nft);
    await nft.run(attack);
    t.not(contents(nft), made, what);
    await reconciled.resync();
    t.equal(contents(nft), made, what);
    t.equal(done(nft).length, 4, what);
  }
});

t.test('a refusal is named and tried again, and holds up no other table', async (t) => {
  const { nft, nat, clock } = reconciler();
  await nat.apply(inputs({ pools: [] }));
  nft.failOnce('Error: no such thing');
  await nat.apply(inputs({ tunnels: { 4: ['tunl0'], 6: [] } }));
  t.match(nat.failures(), [{ what: 'NAT for IPv4', reason: /no such thing/ }]);
  t.match(
    nat
      .entries()
      .flatMap(({ text, present, why }) => (STANDING.test(text) ? [] : [[text.split(' ')[1], present, why]])),
    [
      ['vrouter-nat', false, /no such thing/],
      ['vrouter-tunnels', true, 'tunnel source tunl0'],
    ],
  );
  await clock.advanceAsync(1000);
  t.same(nat.failures(), []);
  t.equal(done(nft).length, 2);
  t.ok(nat.entries().every(({ present }) => present));
});
