import t, { type Test } from 'tap';
import {
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
