import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import { type Chain, type NamedMap, openNft, Transaction } from '../../src/nftables/index.ts';
import { readRule } from '../../src/nftables/rule-words.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

const TARGETS: NamedMap = { name: 'targets', type: 'ifname', value: 'verdict' };

/** Rules of IPv4, as policy has them. */
const RULES = [
  'accept',
  'drop',
  'return',
  'counter',
  'counter drop',
  'jump other',
  'goto other',
  'meta l4proto 6 accept',
  'meta l4proto != 17 return',
  'ip saddr 10.0.0.1 goto other',
  'ip saddr != 10.0.0.1 goto other',
  'ip daddr 10.0.0.0/8 counter accept',
  'ip daddr != 10.0.0.0/16 accept',
  'ip saddr 10.1.2.0/24 ip daddr 10.0.0.0/23 accept',
  'ip saddr != 10.1.128.0/17 accept',
  'ip saddr 128.0.0.0/1 accept',
  'meta l4proto 6 ip saddr @hosts th dport 80 accept',
  'ip saddr @nets ip daddr != @hosts accept',
  'meta l4proto 17 th sport 53 return',
  'meta l4proto 6 th dport 80-90 accept',
  'meta l4proto 6 th dport != 80 accept',
  'meta l4proto 6 th dport != 80-90 accept',
  'ip saddr . meta l4proto . th dport @sockets accept',
  'ip daddr . meta l4proto . th dport != @sockets jump other',
  'meta l4proto . th dport @ports ip saddr @nets goto other',
  'meta l4proto 6 th dport { 80, 443 } accept',
  'meta l4proto 6 th dport != { 80, 443 } accept',
  'meta l4proto 6 th dport { 22, 80-90, 8000-65535 } accept',
  'meta l4proto 6 th sport != { 22, 80-90 } goto other',
  'meta l4proto { 6, 17 } accept',
  'ip saddr { 10.0.0.1, 10.0.0.9 } accept',
  'ip daddr != { 10.0.0.0/23, 10.1.2.0/24 } accept',
  'ip saddr { 10.0.0.1, 10.1.2.0/24 } ip daddr @hosts th dport { 80, 443 } accept',
  'iifname "eth0" accept',
  'iifname != "eth0.7" accept',
  'iifname "cali*" goto other',
  'oifname != "cali*" return',
  'oifname @links accept',
  'iifname vmap @targets',
  'ct state vmap { established : accept, related : accept, invalid : jump other }',
  'ct state invalid drop',
  'ct state established,related accept',
  'icmp type { 8, 13-17 } accept',
  'meta l4proto 1 icmp type 8 accept',
  'icmp type != 3 goto other',
  'icmp code 4 return',
  'meta mark and 0x20000 == 0x20000 goto other',
  'meta mark and 0x20000 != 0x20000 return',
  'meta mark set meta mark or 0x20000',
  'meta mark set meta mark and 0xfffdffff return',
];

const IN_IPV6: readonly (readonly [RegExp, string])[] = [
  [/\bicmp /g, 'icmpv6 '],
  [/\bl4proto 1 icmp/g, 'l4proto 58 icmp'],
  [/\bip /g, 'ip6 '],
  [/10\.0\.0\.1\b/g, 'fd00::1'],
  [/10\.0\.0\.0\/8/g, 'fd00::/8'],
  [/10\.0\.0\.0\/16/g, 'fd00::/16'],
  [/10\.1\.2\.0\/24/g, 'fd00:1::/64'],
  [/10\.0\.0\.0\/23/g, 'fd00:2::/47'],
  [/10\.0\.0\.9\b/g, 'fd00::9'],
  [/10\.1\.128\.0\/17/g, 'fd00:0:0:8000::/49'],
  [/128\.0\.0\.0\/1/g, '8000::/1'],
];

function inIpv6(rule: string): string {
  return IN_IPV6.reduce((text, [from, to]) => text.replace(from, to), rule);
}

/** Without the numbers of rules, which both count for themselves. */
function listed(namespace: string, family: string, table: string): string {
  const command = ['--debug=netlink', 'list', 'table', family, table];
  const text = execFileSync('nsenter', [`--net=${namespace}`, 'nft', ...command], { encoding: 'utf8' });
  const objects = text.replace(/^ip6? .*$/gm, '').replace(/^table .*$/gm, '');
  return objects.replace(/(^\telement .*\n)+/gm, (elements) => inOrder(elements));
}

/** Without what nft notes for itself: that below the first interval there is none, and that the last one is open. */
function inOrder(elements: string): string {
  const lines = elements.split('\n').map((line) => line.replace(/ {2}userdata = .*$/, ''));
  return lines
    .filter((line) => line !== '' && !/^\telement [0 ]+: 1 \[end\]$/.test(line))
    .sort()
    .join('\n');
}

for (const family of ['ip', 'ip6'] as const) {
  const rules = family === 'ip' ? RULES : RULES.map(inIpv6);
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';

  t.test(`the kernel has rules and sets of ${family} as nft would have made them`, async (t) => {
    const namespace = makeNamespace();
    const program = openNft({ namespace: namespace.path });
    const direct = openNft({ namespace: namespace.path, program: 'nft-that-is-not-there' });
    t.teardown(() => {
      program.close();
      direct.close();
      namespace.remove();
    });
    const content = (name: string, start: Transaction = new Transaction({ family, name })): Transaction => {
      let made = start
        .addSet({ name: 'hosts', type: address })
        .addSet({ name: 'nets', type: address, flags: ['interval'] })
        .addSet({ name: 'sockets', type: `${address} . inet_proto . inet_service` })
        .addSet({ name: 'ports', type: 'inet_proto . inet_service' })
        .addSet({ name: 'links', type: 'ifname' })
        .addMap(TARGETS)
        .addChain({ name: 'other' })
        .addChain({ name: 'rules' })
        .addEntries(TARGETS, [{ key: 'cali1', value: 'jump other' }]);
      for (const [at, expression] of rules.entries())
        made = made.addRule({ chain: 'rules', expression, comment: `${at}` });
      return made;
    };
    const hooks: readonly Chain[] = [
      { name: 'forward', base: { type: 'filter', hook: 'forward', priority: 0 } },
      { name: 'early', base: { type: 'filter', hook: 'prerouting', priority: -300, policy: 'drop' } },
      { name: 'source', base: { type: 'nat', hook: 'postrouting', priority: 100 } },
    ];
    const hooked = (made: Transaction): Transaction => hooks.reduce((all, chain) => all.addChain(chain), made);
    await direct.run(hooked(content('direct', new Transaction({ family, name: 'direct' }).addTable())));
    // A statement that only nft knows makes nft do all of it.
    await program.run(hooked(content('program', new Transaction({ family, name: 'program' }).addTable().flushTable())));
    t.equal(listed(namespace.path, family, 'direct'), listed(namespace.path, family, 'program'));

    const table = { family, name: 'direct' };
    const another = new Transaction(table).replaceChain({ name: 'rules' }, [
      { expression: 'jump other', comment: 'j' },
    ]);
    const bare = ['sockets', 'hosts', 'nets', 'ports', 'links'].reduce((made, name) => made.deleteSet(name), another);
    await direct.run(bare.deleteMap('targets'));
    t.match(await program.list(table), {
      ...{ sets: { length: 0 }, maps: { length: 0 } },
      rules: [{ chain: 'rules', comment: 'j' }],
    });
    await direct.run(new Transaction(table).flushChain('rules').deleteChain('rules').deleteChain('other'));
    t.match(await program.list(table), { chains: { length: hooks.length } });
    await direct.run(new Transaction(table).removeTable());
    t.equal(await program.list(table), undefined);
  });
}

t.test('what only nft understands is left to it', async (t) => {
  const left = [
    '',
    'queue',
    'jump',
    'counter name x',
    'ip6 saddr fd00::1 accept',
    'ip saddr fd00::1 accept',
    'ip saddr 0.0.0.0/0 accept',
    'ip saddr { } accept',
    'ip saddr { 10.0.0.1, fd00::1 } accept',
    'ip saddr { 10.0.0.1 accept',
    'ip saddr . th dport { 10.0.0.1 . 80 } accept',
    'iifname vmap { "cali1" : accept }',
    'iifname { "cali1", "cali2" } accept',
    'iifname "a-name-that-is-too-long" accept',
    'iifname eth0 accept',
    'iif "eth0" accept',
    'ct state tired accept',
    'ct state != invalid accept',
    'ct state vmap { established : tired }',
    'meta l4proto 6 icmp type 8 accept',
    'icmpv6 type 8 accept',
    'icmp type echo-request accept',
    'meta mark 1 accept',
    'meta mark set 1',
    'ip saddr 10.0.0.1-10.0.0.9 accept',
    'ip saddr . th dport 10.0.0.1 . 80 accept',
    'ip saddr @',
    'ip saddr !=',
    'th dport http accept',
    'th dport 90-80 accept',
    'meta l4proto 256 accept',
    'log prefix "a b" level info',
  ];
  for (const words of left) t.equal(readRule('ip', words), undefined, words);
});

t.test('words in any order are read as nft has them, or left to it: nothing throws', async (t) => {
  const words = [
    ...new Set(RULES.flatMap((rule) => [...rule.split(' '), ...inIpv6(rule).split(' ')])),
    '',
    '@',
    '-',
    '/',
  ];
  const texts = fc.oneof(
    fc.array(fc.constantFrom(...words), { maxLength: 8 }).map((chosen) => chosen.join(' ')),
    fc.tuple(fc.constantFrom('ip saddr', 'ip6 daddr', 'th dport', 'jump'), fc.string()).map((parts) => parts.join(' ')),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.constantFrom('ip', 'ip6'), texts, (family, text) => readRule(family, text)?.length !== 0),
    { seed: 20240612, numRuns: 5000 },
  );
  t.pass();
});

t.test('of what the kernel refuses nothing is done, and nft says what it is', async (t) => {
  const namespace = makeNamespace();
  const nft = openNft({ namespace: namespace.path });
  t.teardown(() => {
    nft.close();
    namespace.remove();
  });
  const table = { family: 'ip', name: 'calico' } as const;
  await nft.run(new Transaction(table).addTable().addChain({ name: 'c' }));
  const wrong = new Transaction(table).addRule({ chain: 'c', expression: 'accept' });
  await t.rejects(nft.run(wrong.addRule({ chain: 'c', expression: 'jump nowhere' })), { code: 'ENOENT' });
  await t.rejects(nft.run(new Transaction(table).addChain({ name: 'd' }).deleteSet('s')), { code: 'ENOENT' });
  t.match(await nft.list(table), { chains: [{ name: 'c' }], rules: { length: 0 } });
});
