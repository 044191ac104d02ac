import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import { addressFromBytes, formatAddress, formatPrefix, networkAddress, prefix } from '../../src/base/index.ts';
import type { DumpedElement, TableDump } from '../../src/netlink/index.ts';
import { readElement } from '../../src/nftables/element-data.ts';
import { type NamedMap, type NamedSet, openNft, type TableListing, Transaction } from '../../src/nftables/index.ts';
import { listingOf } from '../../src/nftables/kernel-listing.ts';
import { parseListing } from '../../src/nftables/listing.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

const TABLE = { family: 'ip', name: 'vrouter-policy' } as const;
const SETS: readonly (readonly [set: NamedSet, elements: readonly string[]])[] = [
  [{ name: 'nobody', type: 'ipv4_addr' }, []],
  [{ name: 'hosts', type: 'ipv4_addr' }, ['0.0.0.0', '10.0.0.1', '255.255.255.255']],
  [{ name: 'hosts6', type: 'ipv6_addr' }, ['::', 'fd00::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']],
  [
    { name: 'nets', type: 'ipv4_addr', flags: ['interval'] },
    ['0.0.0.0/8', '10.0.0.0/24', '10.0.1.0/24', '10.9.0.1', '192.0.2.1-192.0.2.9', '224.0.0.0/3'],
  ],
  [{ name: 'everywhere', type: 'ipv4_addr', flags: ['interval'] }, ['0.0.0.0/0']],
  [{ name: 'nets6', type: 'ipv6_addr', flags: ['interval'] }, ['::/8', 'fd00::/64', 'fd00:0:0:1::/64', 'fe00::/7']],
  [{ name: 'interfaces', type: 'ifname' }, ['cali1', 'lo', 'cali0123456789a']],
  [{ name: 'port-ranges', type: 'inet_service', flags: ['interval'] }, ['80', '1024-2047', '65000-65535']],
  [
    { name: 'named-ports', type: 'ipv4_addr . inet_proto . inet_service' },
    ['10.0.0.1 . 6 . 80', '10.0.0.1 . 132 . 80', '10.0.0.2 . 17 . 53'],
  ],
  [{ name: 'named-ports6', type: 'ipv6_addr . inet_proto . inet_service' }, ['fd00::1 . 6 . 80']],
];
const PODS: NamedMap = { name: 'from-pods', type: 'ifname', value: 'verdict' };
const ENTRIES = ['jump other', 'goto other', 'accept', 'drop', 'return'].map((value, at) => ({
  key: `cali${at}`,
  value,
}));

function table(): Transaction {
  const sets = SETS.reduce(
    (all, [set, elements]) => all.addSet(set).addElements(set, elements),
    new Transaction(TABLE).addTable(),
  );
  return sets
    .addMap(PODS)
    .addChain({ name: 'other' }, [
      { expression: 'tcp dport { 22, 80-90 } accept', comment: 'lists have no names' },
      { expression: 'counter' },
    ])
    .addChain({ name: 'forward', base: { type: 'filter', hook: 'forward', priority: 0 } })
    .addChain({ name: 'early', base: { type: 'filter', hook: 'prerouting', priority: -300, policy: 'drop' } }, [
      { expression: 'accept', comment: 'ünïcode' },
    ])
    .addChain({ name: 'source', base: { type: 'nat', hook: 'postrouting', priority: 100 } })
    .addEntries(PODS, ENTRIES);
}

/** In one order: neither nft's nor the kernel's means anything. */
function sorted({ chains, sets, maps, rules }: TableListing): TableListing {
  const byName = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
    [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    chains: byName(chains),
    sets: byName(sets).map((set) => ({ ...set, elements: [...set.elements].sort() })),
    maps: byName(maps).map((map) => ({ ...map, entries: [...map.entries].sort((a, b) => (a.key < b.key ? -1 : 1)) })),
    rules: [...rules].sort((a, b) => a.handle - b.handle),
  };
}

t.test('a table is read from the kernel as nft would list it', async (t) => {
  const namespace = makeNamespace();
  const program = openNft({ namespace: namespace.path });
  const nft = openNft({ namespace: namespace.path, program: 'nft-that-is-not-there' });
  t.teardown(() => {
    nft.close();
    program.close();
    namespace.remove();
  });
  await program.run(table());
  await program.run(
    new Transaction({ ...TABLE, name: 'another' }).addTable().addSet({ name: 'its', type: 'ipv4_addr' }),
  );
  const command = ['nft', '-j', '-p', 'list', 'table', TABLE.family, TABLE.name];
  const json = execFileSync('nsenter', [`--net=${namespace.path}`, ...command], { encoding: 'utf8' });
  const found = await nft.list(TABLE);
  t.same(found && sorted(found), sorted(parseListing(json)));
  t.same(
    found && sorted(found).sets.map(({ name, elements }) => [name, elements]),
    [...SETS]
      .sort(([a], [b]) => (a.name < b.name ? -1 : 1))
      .map(([{ name }, elements]) => [name, [...elements].sort()]),
  );
});

t.test('so is one of ARP, whose hooks have numbers of their own, and one of both families of IP', async (t) => {
  const namespace = makeNamespace();
  const nft = openNft({ namespace: namespace.path });
  t.teardown(() => {
    nft.close();
    namespace.remove();
  });
  for (const family of ['arp', 'inet'] as const) {
    const made = new Transaction({ family, name: 'neighbors' })
      .addTable()
      .addChain({ name: 'asking', base: { type: 'filter', hook: 'input', priority: 0 } });
    await nft.run(made);
    const listed = await nft.list(made.table);
    t.match(listed?.chains, [{ name: 'asking', type: 'filter', hook: 'input', priority: 0, policy: 'accept' }], family);
  }
});

t.test('what only nft can say is left to it', async (t) => {
  const namespace = makeNamespace();
  const program = openNft({ namespace: namespace.path });
  const nft = openNft({ namespace: namespace.path, program: 'nft-that-is-not-there' });
  t.teardown(() => {
    nft.close();
    program.close();
    namespace.remove();
  });
  const start = new Transaction(TABLE).removeTable().addTable();
  const only: Readonly<Record<string, Transaction>> = {
    'a map of addresses': start.addMap({ name: 'm', type: 'ipv4_addr', value: 'ipv4_addr' }),
    'a set that forgets': start.addSet({ name: 's', type: 'ipv4_addr', flags: ['timeout'], timeout: 5 }),
    'intervals of two parts': start.addSet({ name: 's', type: 'ipv4_addr . inet_service', flags: ['interval'] }),
    'a type of others': start.addSet({ name: 's', type: 'ether_addr' }),
  };
  for (const [what, made] of Object.entries(only)) {
    await program.run(made);
    await t.rejects(nft.list(TABLE), { code: 'NFT_MISSING' }, what);
    t.ok(await program.list(TABLE), what);
  }
});

const octets = fc.integer({ min: 0, max: 255 });
const network = fc
  .tuple(fc.tuple(octets, octets, octets, octets), fc.integer({ min: 0, max: 32 }))
  .map(([bytes, length]) => {
    const net = prefix(addressFromBytes(Uint8Array.from(bytes)), length);
    return length === 32 ? formatAddress(networkAddress(net)) : formatPrefix(net);
  });

t.test('an interval is said as it was, whatever the order in which the kernel tells of its ends', async (t) => {
  fc.assert(
    fc.property(network, fc.boolean(), (text, isReversed) => {
      const { key, end } = readElement('ipv4_addr', true, text)!;
      const below = { key: new Uint8Array(4), isEnd: true };
      const edges: readonly DumpedElement[] = [{ key, isEnd: false }, ...(end ? [{ key: end, isEnd: true }] : [])];
      const isFirst = key.every((octet) => octet === 0);
      const elements = isFirst ? edges : [below, ...edges];
      const set = { set: 's', flags: 4, type: 7, elements: isReversed ? [...elements].reverse() : elements };
      const dump: TableDump = { chains: [], rules: [], sets: [set] };
      return listingOf(dump)?.sets[0].elements.join() === text;
    }),
  );
  t.pass();
});
