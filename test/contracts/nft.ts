import t, { type Test } from 'tap';
import {
  type MapElement,
  type NamedMap,
  type NamedSet,
  type Nft,
  NftError,
  type Table,
  type TableListing,
  Transaction,
} from '../../src/nftables/index.ts';

const TABLE: Table = { family: 'inet', name: 'vrt-calico' };
const POOLS: NamedSet = { name: 'masq-ipam-pools', type: 'ipv4_addr', flags: ['interval'] };
const DISPATCH: NamedMap = { name: 'cali-dispatch', type: 'ifname', value: 'verdict' };
const POSTROUTING = {
  name: 'cali-POSTROUTING',
  base: { type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept' },
} as const;
const NAT = { name: 'cali-nat-outgoing' };
const MASQUERADE = {
  expression: 'ip saddr @masq-ipam-pools ip daddr != @masq-ipam-pools masquerade',
  comment: 'nat-outgoing:1',
};

const HOSTS: NamedSet = { name: 'hosts', type: 'ipv4_addr' };

/** Elements of every type that our own tables have, as nft lists them. */
const ELEMENTS: readonly (readonly [set: NamedSet, elements: readonly string[]])[] = [
  [HOSTS, ['10.0.0.1', '255.255.255.255', '0.0.0.0']],
  [{ name: 'hosts6', type: 'ipv6_addr' }, ['fd00::1', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']],
  [
    { name: 'nets', type: 'ipv4_addr', flags: ['interval'] },
    ['0.0.0.0/8', '10.0.0.0/24', '10.0.1.0/24', '10.9.0.1', '192.0.2.1-192.0.2.9', '224.0.0.0/3'],
  ],
  [{ name: 'nets6', type: 'ipv6_addr', flags: ['interval'] }, ['::/8', 'fd00::/64', 'fd00:0:0:1::/64', 'fe00::/7']],
  [{ name: 'interfaces', type: 'ifname' }, ['cali1', 'lo', 'cali0123456789a']],
  [{ name: 'ports', type: 'inet_service' }, ['0', '443', '65535']],
  [{ name: 'port-ranges', type: 'inet_service', flags: ['interval'] }, ['80', '1024-2047', '65000-65535']],
  [
    { name: 'named-ports', type: 'ipv4_addr . inet_proto . inet_service' },
    ['10.0.0.1 . 6 . 80', '10.0.0.1 . 132 . 80', '10.0.0.2 . 17 . 53'],
  ],
  [{ name: 'named-ports6', type: 'ipv6_addr . inet_proto . inet_service' }, ['fd00::1 . 6 . 80']],
  [
    { name: 'net-ports', type: 'ipv4_addr . inet_proto . inet_service', flags: ['interval'] },
    ['10.0.0.0/8 . 6 . 80-90', '11.0.0.1-11.0.0.9 . 17 . 53'],
  ],
];
const ENTRIES: readonly (readonly [map: NamedMap, entries: readonly MapElement[]])[] = [
  [
    DISPATCH,
    [
      { key: 'cali1', value: 'goto cali-nat-outgoing' },
      { key: 'cali2', value: 'jump cali-nat-outgoing' },
      { key: 'cali3', value: 'accept' },
      { key: 'cali4', value: 'drop' },
      { key: 'cali5', value: 'return' },
    ],
  ],
  [{ name: 'floating', type: 'ipv4_addr', value: 'ipv4_addr' }, [{ key: '192.0.2.1', value: '10.0.0.1' }]],
];

function everyType(transaction: Transaction): Transaction {
  const sets = ELEMENTS.reduce((all, [set]) => all.addSet(set), transaction);
  return ENTRIES.reduce((all, [map]) => all.addMap(map), sets);
}

/** A table with a set, a hooked chain that jumps to another, and one rule there. */
function natTable(): Transaction {
  return new Transaction(TABLE)
    .addTable()
    .addSet(POOLS)
    .addElements(POOLS, ['10.0.0.0/16', '192.0.2.1'])
    .replaceChain(NAT, [MASQUERADE])
    .replaceChain(POSTROUTING, [{ expression: 'counter jump cali-nat-outgoing' }]);
}

const SCENARIOS: Readonly<Record<string, (t: Test, nft: Nft) => Promise<void>>> = {
  'a table that is not there lists as undefined': async (t, nft) => {
    t.equal(await nft.list(TABLE), undefined);
  },

  'what a transaction adds is listed': async (t, nft) => {
    await nft.run(natTable());
    const { chains, sets, rules } = await listed(nft);
    t.match(byName(chains), [
      { name: 'cali-POSTROUTING', type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept' },
      NAT,
    ]);
    t.match(sets, [{ name: 'masq-ipam-pools', type: 'ipv4_addr', flags: ['interval'] }]);
    t.same([...sets[0].elements].sort(), ['10.0.0.0/16', '192.0.2.1']);
    t.same(rules.map(({ chain, comment }) => [chain, comment ?? '']).sort(), [
      ['cali-POSTROUTING', ''],
      ['cali-nat-outgoing', 'nat-outgoing:1'],
    ]);
  },

  'doing it again changes nothing': async (t, nft) => {
    await nft.run(natTable());
    await nft.run(natTable());
    const { rules, sets } = await listed(nft);
    t.equal(rules.length, 2);
    t.equal(sets[0].elements.length, 2);
  },

  'a transaction that fails in its last line has done nothing': async (t, nft) => {
    await nft.run(natTable());
    const broken = new Transaction(TABLE)
      .flushTable()
      .flushSet(POOLS)
      .addRule({ chain: 'no-such-chain', expression: 'drop' });
    await rejects(t, nft.run(broken), 'ENOENT');
    const { rules, sets } = await listed(nft);
    t.equal(rules.length, 2);
    t.equal(sets[0].elements.length, 2);
  },

  'elements come and go; one that is not there can not go': async (t, nft) => {
    await nft.run(natTable());
    await nft.run(new Transaction(TABLE).addElements(POOLS, ['10.9.0.0/24']).deleteElements(POOLS, ['192.0.2.1']));
    t.same([...(await listed(nft)).sets[0].elements].sort(), ['10.0.0.0/16', '10.9.0.0/24']);
    await rejects(t, nft.run(new Transaction(TABLE).deleteElements(POOLS, ['198.51.100.1'])), 'ENOENT');
  },

  'intervals must not overlap, unless the set merges them': async (t, nft) => {
    await nft.run(natTable());
    await rejects(t, nft.run(new Transaction(TABLE).addElements(POOLS, ['10.0.1.0/24'])), 'EEXIST');
    const merging: NamedSet = { ...POOLS, name: 'merging', autoMerge: true };
    await nft.run(new Transaction(TABLE).addSet(merging).addElements(merging, ['10.0.0.0/16', '10.0.1.0/24']));
    t.equal((await listed(nft)).sets.length, 2);
  },

  'elements of every type come and go by themselves': async (t, nft) => {
    await nft.run(everyType(new Transaction(TABLE).addTable().addChain(NAT)));
    for (const [set, elements] of ELEMENTS) await nft.run(new Transaction(TABLE).addElements(set, elements));
    for (const [map, entries] of ENTRIES) await nft.run(new Transaction(TABLE).addEntries(map, entries));
    const full = await listed(nft);
    for (const [set, elements] of ELEMENTS) {
      const found = full.sets.find(({ name }) => name === set.name)?.elements ?? [];
      t.same([...found].sort(), [...elements].sort(), set.name);
    }
    for (const [map, entries] of ENTRIES) {
      const found = full.maps.find(({ name }) => name === map.name)?.entries ?? [];
      t.same(byKey(found), byKey(entries), map.name);
    }
    for (const [set, elements] of ELEMENTS) await nft.run(new Transaction(TABLE).deleteElements(set, elements));
    for (const [map, entries] of ENTRIES) await nft.run(new Transaction(TABLE).deleteEntries(map, entries));
    const { sets, maps } = await listed(nft);
    t.same([...sets.map(({ elements }) => elements), ...maps.map(({ entries }) => entries)].flat(), []);
    await nft.run(new Transaction(TABLE).deleteChain(NAT.name));
  },

  'what was added with the set goes by itself, and comes back': async (t, nft) => {
    let all = everyType(new Transaction(TABLE).addTable().addChain(NAT));
    for (const [set, elements] of ELEMENTS) all = all.addElements(set, elements);
    for (const [map, entries] of ENTRIES) all = all.addEntries(map, entries);
    await nft.run(all);
    const before = await listed(nft);
    for (const [set, elements] of ELEMENTS) {
      for (const element of elements) await nft.run(new Transaction(TABLE).deleteElements(set, [element]));
      for (const element of elements) await nft.run(new Transaction(TABLE).addElements(set, [element]));
    }
    for (const [map, entries] of ENTRIES) {
      for (const entry of entries) {
        await nft.run(new Transaction(TABLE).deleteEntries(map, [entry]).addEntries(map, [entry]));
      }
    }
    t.same(sorted(await listed(nft)), sorted(before));
  },

  'elements of several sets change together, or not at all': async (t, nft) => {
    await nft.run(natTable().addSet(HOSTS));
    await nft.run(new Transaction(TABLE).addElements(HOSTS, ['10.0.0.1']).addElements(POOLS, ['10.9.0.0/24']));
    const broken = new Transaction(TABLE)
      .addElements(HOSTS, ['10.0.0.2'])
      .deleteElements(POOLS, ['10.9.0.0/24'])
      .deleteElements(HOSTS, ['10.0.0.1', '198.51.100.1', '198.51.100.2']);
    await rejects(t, nft.run(broken), 'ENOENT');
    const { sets } = await listed(nft);
    t.same(sets.find(({ name }) => name === HOSTS.name)?.elements, ['10.0.0.1']);
    t.ok(sets.find(({ name }) => name === POOLS.name)?.elements.includes('10.9.0.0/24'));
  },

  'elements of a set or a table that is not there are refused': async (t, nft) => {
    await rejects(t, nft.run(new Transaction(TABLE).addElements(HOSTS, ['10.0.0.1'])), 'ENOENT');
    await nft.run(natTable());
    await rejects(t, nft.run(new Transaction(TABLE).addElements(HOSTS, ['10.0.0.1'])), 'ENOENT');
    await rejects(t, nft.run(new Transaction(TABLE).deleteElements(HOSTS, ['10.0.0.1'])), 'ENOENT');
  },

  'a key has one value, and leads to a chain that is there': async (t, nft) => {
    await nft.run(new Transaction(TABLE).addTable().addChain(NAT).addMap(DISPATCH));
    const entry = (value: string) => [{ key: 'cali1', value }];
    await nft.run(new Transaction(TABLE).addEntries(DISPATCH, entry('goto cali-nat-outgoing')));
    await nft.run(new Transaction(TABLE).addEntries(DISPATCH, entry('goto cali-nat-outgoing')));
    await rejects(t, nft.run(new Transaction(TABLE).addEntries(DISPATCH, entry('drop'))), 'EEXIST');
    await rejects(
      t,
      nft.run(new Transaction(TABLE).addEntries(DISPATCH, [{ key: 'cali2', value: 'jump no-such-chain' }])),
      'ENOENT',
    );
    const other = new Transaction(TABLE).deleteEntries(DISPATCH, entry('goto cali-nat-outgoing'));
    await nft.run(other.addEntries(DISPATCH, entry('drop')));
    t.same((await listed(nft)).maps[0].entries, entry('drop'));
  },

  'as many elements as a cluster has pods change at once': async (t, nft) => {
    await nft.run(natTable().addSet(HOSTS));
    const pods = Array.from({ length: 20_000 }, (_, pod) => `10.${64 + (pod >> 14)}.${(pod >> 7) & 127}.${pod & 127}`);
    await nft.run(new Transaction(TABLE).addElements(HOSTS, pods));
    const count = async () => (await listed(nft)).sets.find(({ name }) => name === HOSTS.name)?.elements.length;
    t.equal(await count(), pods.length);
    await nft.run(new Transaction(TABLE).deleteElements(HOSTS, pods));
    t.equal(await count(), 0);
  },

  'a verdict map sends packets on by interface': async (t, nft) => {
    const chains = new Transaction(TABLE).addTable().addChain({ name: 'cali-tw-1' }).addMap(DISPATCH);
    await nft.run(
      chains.addEntries(DISPATCH, [
        { key: 'cali123', value: 'goto cali-tw-1' },
        { key: 'lo', value: 'accept' },
      ]),
    );
    const { maps } = await listed(nft);
    t.match(maps, [{ name: 'cali-dispatch', type: 'ifname', value: 'verdict' }]);
    t.same(
      [...maps[0].entries].sort((a, b) => (a.key < b.key ? -1 : 1)),
      [
        { key: 'cali123', value: 'goto cali-tw-1' },
        { key: 'lo', value: 'accept' },
      ],
    );
    await rejects(t, nft.run(new Transaction(TABLE).deleteChain('cali-tw-1')), 'EBUSY');
    const entry = [{ key: 'cali123', value: 'goto cali-tw-1' }];
    await nft.run(new Transaction(TABLE).deleteEntries(DISPATCH, entry).deleteChain('cali-tw-1'));
    t.same((await listed(nft)).chains, []);
  },

  'what is in use can not be deleted': async (t, nft) => {
    await nft.run(natTable());
    await rejects(t, nft.run(new Transaction(TABLE).deleteSet(POOLS.name)), 'EBUSY');
    await rejects(t, nft.run(new Transaction(TABLE).deleteChain(NAT.name)), 'EBUSY');
    await nft.run(new Transaction(TABLE).flushTable().deleteChain(NAT.name).deleteSet(POOLS.name));
    t.match(await listed(nft), { sets: [], rules: [] });
  },

  'a rule that looks into a set that is not there is refused': async (t, nft) => {
    const rule = { chain: NAT.name, expression: 'ip saddr @nothing drop' };
    await rejects(t, nft.run(new Transaction(TABLE).addTable().addChain(NAT).addRule(rule)), 'ENOENT');
    t.equal(await nft.list(TABLE), undefined);
  },

  'the table goes as a whole, whether it is there or not': async (t, nft) => {
    await nft.run(natTable());
    await nft.run(new Transaction(TABLE).removeTable());
    t.equal(await nft.list(TABLE), undefined);
    await nft.run(new Transaction(TABLE).removeTable());
    t.equal(await nft.list(TABLE), undefined);
  },

  'an empty transaction does nothing': async (t, nft) => {
    await nft.run(new Transaction(TABLE));
    t.equal(await nft.list(TABLE), undefined);
  },

  'tables of other families are other tables': async (t, nft) => {
    await nft.run(natTable());
    t.equal(await nft.list({ ...TABLE, family: 'ip6' }), undefined);
  },
};

/** Runs every scenario against the `Nft` that `open` gives, each in a fresh namespace. */
export async function nftContract(name: string, open: () => { readonly nft: Nft; close(): void }): Promise<void> {
  for (const [sentence, scenario] of Object.entries(SCENARIOS)) {
    await t.test(`${name}: ${sentence}`, async (t) => {
      const { nft, close } = open();
      t.teardown(close);
      await scenario(t, nft);
    });
  }
}

async function listed(nft: Nft): Promise<TableListing> {
  const listing = await nft.list(TABLE);
  if (listing === undefined) throw new Error('the table is gone');
  return listing;
}

function byKey(entries: readonly MapElement[]): MapElement[] {
  return [...entries].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What is in sets and maps, in an order of its own. */
function sorted({ sets, maps }: TableListing): unknown {
  return [
    byName(sets).map(({ name, elements }) => [name, [...elements].sort()]),
    byName(maps).map(({ name, entries }) => [name, byKey(entries)]),
  ];
}

function byName<T extends { readonly name: string }>(objects: readonly T[]): T[] {
  return [...objects].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function rejects(t: Test, promise: Promise<unknown>, code: string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  t.ok(error instanceof NftError, `rejects with ${code}`);
  if (error instanceof NftError) t.equal(error.code, code, error.message);
}
