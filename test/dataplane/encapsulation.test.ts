import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { type DesiredTunnels, NO_TUNNELS } from '../../src/calc/index.ts';
import type { FilterInputs } from '../../src/dataplane/tables.ts';
import { hostsOf, vxlan } from '../calc/tunnels.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { filterTables, PacketFilter, textOf } from './packet-filter.ts';

const TABLE = { family: 'ip', name: 'vrouter-encapsulation' } as const;
const HOSTS = ['172.16.0.1/32', '172.16.0.2/32', '198.51.100.0/24', '2001:db8::1/128'];
const IPIP = { address: '10.244.1.0', subnet: '172.16.0.0/24' };

function inputs(tunnels: Partial<DesiredTunnels>): FilterInputs {
  return {
    pools: [],
    nat: { hosts: undefined, address: undefined, ports: undefined, outInterface: undefined, floatingIps: [] },
    services: { cidrs: [], loops: 'Drop' },
    spoofing: [],
    tunnels: { 4: [], 6: [] },
    wireguard: undefined,
    wireguard6: undefined,
    encapsulation: { ...NO_TUNNELS, hosts: hostsOf(...HOSTS), ...tunnels },
    interfacePrefix: 'cali',
  };
}

function text(family: 'ip' | 'ip6', tunnels: Partial<DesiredTunnels>): string | undefined {
  const found = filterTables(inputs(tunnels)).find(({ table }) => table.family === family && table.name === TABLE.name);
  return textOf(found)?.replaceAll(/ [0-9a-f]{8}"/g, ' …"');
}

/** Where a rule stands, and the rule, without its comment. */
function rulesOf(family: 'ip' | 'ip6', tunnels: Partial<DesiredTunnels>): readonly string[] {
  const lines = text(family, tunnels)?.split('\n') ?? [];
  return lines.flatMap((line) => /^add rule ip6? \S+ (.*) comment /.exec(line)?.[1] ?? []);
}

function reconciler(nft = new FakeNft()): { nft: FakeNft; clock: VirtualClock; nat: PacketFilter } {
  const clock = new VirtualClock();
  return { nft, clock, nat: new PacketFilter({ nft, clock, log: silentLog }) };
}

t.test('VXLAN is taken from nodes alone, and not tracked; set and rules come in one transaction', async (t) => {
  t.equal(
    text('ip', { vxlan4: vxlan([]) }),
    [
      'add table ip vrouter-encapsulation',
      'delete table ip vrouter-encapsulation',
      'add table ip vrouter-encapsulation',
      'add set ip vrouter-encapsulation all-hosts-net { type ipv4_addr ; flags interval ; }',
      'add element ip vrouter-encapsulation all-hosts-net { 172.16.0.1/32, 172.16.0.2/32, 198.51.100.0/24 }',
      'add chain ip vrouter-encapsulation input { type filter hook input priority 0 ; }',
      'add rule ip vrouter-encapsulation input iifname "cali*" udp dport 4789 counter drop comment "VXLAN comes from no pod …"',
      'add rule ip vrouter-encapsulation input iifname "cali*" meta l4proto 4 counter drop comment "IPIP comes from no pod …"',
      'add rule ip vrouter-encapsulation input udp dport 4789 ip saddr != @all-hosts-net counter drop comment "VXLAN comes from nodes alone …"',
      'add chain ip vrouter-encapsulation forward { type filter hook forward priority 0 ; }',
      'add rule ip vrouter-encapsulation forward iifname "cali*" udp dport 4789 counter drop comment "VXLAN comes from no pod …"',
      'add rule ip vrouter-encapsulation forward iifname "cali*" meta l4proto 4 counter drop comment "IPIP comes from no pod …"',
      'add rule ip vrouter-encapsulation forward udp dport 4789 ip saddr != @all-hosts-net ip daddr @all-hosts-net counter drop comment "VXLAN to nodes comes from nodes alone …"',
      'add chain ip vrouter-encapsulation prerouting { type filter hook prerouting priority -300 ; }',
      'add rule ip vrouter-encapsulation prerouting udp dport 4789 ip saddr @all-hosts-net notrack comment "VXLAN between nodes is not tracked …"',
      'add chain ip vrouter-encapsulation output { type filter hook output priority -300 ; }',
      'add rule ip vrouter-encapsulation output udp dport 4789 ip daddr @all-hosts-net notrack comment "VXLAN between nodes is not tracked …"',
      '',
    ].join('\n'),
  );
  t.same(
    rulesOf('ip6', { vxlan4: vxlan([]) }),
    rulesOf('ip6', {}),
    'of the other family there is only what pods may not',
  );
});

t.test('no pod sends VXLAN or IPIP, unless it is allowed: whether or not a pool asks for tunnels', async (t) => {
  const drops = (...matches: readonly string[]): readonly string[] =>
    ['input', 'forward'].flatMap((chain) => matches.map((match) => `${chain} iifname "cali*" ${match} counter drop`));
  const [vxlanOf, ipip] = [(port: number) => `udp dport ${port}`, 'meta l4proto 4'];
  const fromPods = { ipip: false, vxlan: false, vxlanPort: 4790 };
  for (const family of ['ip', 'ip6'] as const) {
    t.same(rulesOf(family, {}), drops(vxlanOf(4789), ipip), family);
    t.same(rulesOf(family, { fromPods }), drops(vxlanOf(4790), ipip));
    t.same(rulesOf(family, { fromPods: { ...fromPods, vxlan: true } }), drops(ipip));
    t.same(rulesOf(family, { fromPods: { ...fromPods, ipip: true } }), drops(vxlanOf(4790)));
    t.equal(text(family, { fromPods: { ...fromPods, ipip: true, vxlan: true } }), undefined);
  }
  const named = filterTables({ ...inputs({}), interfacePrefix: 'veth' });
  t.match(textOf(named[0]), 'iifname "veth*" udp dport 4789');
});

t.test('each carrier and family by itself, the port as it is set, and what pods may send', async (t) => {
  const drop = (chain: string, match: string, word = 'ip'): string =>
    `${chain} ${match} ${word} saddr != @all-hosts-net${chain === 'forward' ? ` ${word} daddr @all-hosts-net` : ''} counter drop`;
  const six = vxlan([], { family: 6, port: 4790 });
  const rules = (family: 'ip' | 'ip6', tunnels: Partial<DesiredTunnels>): readonly string[] =>
    rulesOf(family, tunnels).filter((rule) => !rule.includes('iifname'));
  t.same(rules('ip6', { vxlan6: six }), [
    drop('input', 'udp dport 4790', 'ip6'),
    drop('forward', 'udp dport 4790', 'ip6'),
    'prerouting udp dport 4790 ip6 saddr @all-hosts-net notrack',
    'output udp dport 4790 ip6 daddr @all-hosts-net notrack',
  ]);
  t.match(text('ip6', { vxlan6: six }), 'all-hosts-net { 2001:db8::1/128 }');
  t.same(rules('ip', { vxlan6: six }), []);
  t.same(rules('ip', { ipip: IPIP }), [drop('input', 'meta l4proto 4'), drop('forward', 'meta l4proto 4')]);
  t.same(rules('ip6', { ipip: IPIP }), []);
  const fromPods = { ...NO_TUNNELS.fromPods, ipip: true, vxlan: true };
  const both = { ipip: IPIP, vxlan4: vxlan([]), fromPods };
  t.same(
    rules('ip', both).filter((rule) => rule.endsWith('drop')),
    [drop('input', 'udp dport 4789'), drop('input', 'meta l4proto 4')],
    'what pods send is let through where that is asked for; in, it comes from nodes alone all the same',
  );
});

t.test('a node that comes or goes is an element; the table is found again, and goes with the tunnels', async (t) => {
  const { nft, nat } = reconciler();
  const with4 = (...hosts: readonly string[]): FilterInputs => inputs({ vxlan4: vxlan([]), hosts: hostsOf(...hosts) });
  await nat.apply(with4('172.16.0.1/32', '172.16.0.2/32'));
  const made = nft.done.length;
  await nat.apply(with4('172.16.0.1/32', '172.16.0.3/32', '2001:db8::3/128'));
  t.same(nft.done.slice(made), [
    'delete element ip vrouter-encapsulation all-hosts-net { 172.16.0.2 }\n' +
      'add element ip vrouter-encapsulation all-hosts-net { 172.16.0.3 }\n',
  ]);
  const { nat: next } = reconciler(nft);
  await next.apply(with4('172.16.0.1/32', '172.16.0.3/32'));
  t.equal(nft.done.length, made + 1, 'a restart writes nothing');
  t.match(
    next
      .entries()
      .filter(({ text }) => !text.includes('iifname'))
      .map(({ text, present, why }) => [text, present, why]),
    [
      [/ notrack$/, true, 'VXLAN between nodes is not tracked'],
      [/ notrack$/, true, 'VXLAN between nodes is not tracked'],
      [
        'ip vrouter-encapsulation input udp dport 4789 ip saddr != @all-hosts-net counter drop',
        true,
        'VXLAN comes from nodes alone',
      ],
      [/daddr @all-hosts-net counter drop$/, true, 'VXLAN to nodes comes from nodes alone'],
    ],
  );
  await next.apply(inputs({}));
  t.notOk(nft.tables.some(([name, { sets }]) => name.includes('encapsulation') && sets.length > 0));
});

t.test('each call of nft may fail once; in the end just the nodes that there are come in', async (t) => {
  const run = async (after: number): Promise<{ calls: number; elements: readonly string[] }> => {
    const { nft, nat, clock } = reconciler();
    nft.failCall(after);
    await nat.apply(inputs({ vxlan4: vxlan([]), hosts: hostsOf('172.16.0.1/32', '172.16.0.2/32') }));
    await nat.apply(inputs({ vxlan4: vxlan([]), hosts: hostsOf('172.16.0.1/32', '172.16.0.3/32') }));
    await clock.advanceAsync(1000);
    t.same(nat.failures(), [], `${after}`);
    const calls = nft.calls.length;
    const sets = (await nft.list(TABLE))?.sets ?? [];
    return { calls, elements: sets.flatMap(({ elements }) => elements).toSorted() };
  };
  const { calls, elements } = await run(Number.POSITIVE_INFINITY);
  t.same(elements, ['172.16.0.1', '172.16.0.3']);
  for (let after = 0; after < calls; after++) t.same((await run(after)).elements, elements, `call ${after}`);
});
