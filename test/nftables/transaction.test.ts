import t from 'tap';
import { type Chain, type NamedMap, type NamedSet, type Operation, Transaction } from '../../src/nftables/index.ts';
import { parseListing } from '../../src/nftables/listing.ts';

const empty = new Transaction({ family: 'inet', name: 'calico' });
const chain: Chain = { name: 'c', base: { type: 'filter', hook: 'forward', priority: 0, policy: 'drop' } };
const set: NamedSet = { name: 's', type: 'ipv4_addr', flags: ['interval'], autoMerge: true };
const map: NamedMap = { name: 'm', type: 'ifname . ipv4_addr', value: 'verdict' };
const entries = [{ key: 'cali1 . 10.0.0.1', value: 'goto c' }];

/** Every verb with the text that nft is to read. */
const CASES: readonly (readonly [transaction: Transaction, text: string])[] = [
  [empty, ''],
  [empty.addTable(), 'add table inet calico\n'],
  [empty.removeTable(), 'add table inet calico\ndelete table inet calico\n'],
  [empty.flushTable(), 'flush table inet calico\n'],
  [empty.addChain({ name: 'c' }), 'add chain inet calico c\n'],
  [empty.addChain(chain), 'add chain inet calico c { type filter hook forward priority 0 ; policy drop ; }\n'],
  [empty.flushChain('c'), 'flush chain inet calico c\n'],
  [empty.deleteChain('c'), 'delete chain inet calico c\n'],
  [empty.addRule({ chain: 'c', expression: 'counter accept' }), 'add rule inet calico c counter accept\n'],
  [empty.addRule({ chain: 'c', expression: 'drop', comment: 'r:1' }), 'add rule inet calico c drop comment "r:1"\n'],
  [
    empty.replaceChain({ name: 'c' }, [{ expression: 'drop' }]),
    'add chain inet calico c\nflush chain inet calico c\nadd rule inet calico c drop\n',
  ],
  [empty.addSet(set), 'add set inet calico s { type ipv4_addr ; flags interval ; auto-merge ; }\n'],
  [empty.flushSet(set), 'flush set inet calico s\n'],
  [empty.deleteSet('s'), 'delete set inet calico s\n'],
  [empty.addElements(set, []), ''],
  [empty.addElements(set, ['10.0.0.0/8', '192.0.2.1']), 'add element inet calico s { 10.0.0.0/8, 192.0.2.1 }\n'],
  [empty.deleteElements(set, ['10.0.0.0/8']), 'delete element inet calico s { 10.0.0.0/8 }\n'],
  [empty.addMap(map), 'add map inet calico m { type ifname . ipv4_addr : verdict ; }\n'],
  [empty.flushMap(map), 'flush map inet calico m\n'],
  [empty.deleteMap('m'), 'delete map inet calico m\n'],
  [empty.addEntries(map, entries), 'add element inet calico m { "cali1" . 10.0.0.1 : goto c }\n'],
  [empty.deleteEntries(map, entries), 'delete element inet calico m { "cali1" . 10.0.0.1 : goto c }\n'],
  [empty.addTable().concat(empty.flushTable()), 'add table inet calico\nflush table inet calico\n'],
];

const KINDS: Readonly<Record<Operation['kind'], true>> = {
  'add table': true,
  'delete table': true,
  'flush table': true,
  'add chain': true,
  'flush chain': true,
  'delete chain': true,
  'add set': true,
  'flush set': true,
  'delete set': true,
  'add map': true,
  'flush map': true,
  'delete map': true,
  'add element': true,
  'delete element': true,
  'add map element': true,
  'delete map element': true,
  'add rule': true,
};

t.test('every verb prints as nft reads it', async (t) => {
  for (const [transaction, text] of CASES) t.equal(transaction.text, text);
  const tried = new Set(CASES.flatMap(([{ operations }]) => operations.map(({ kind }) => kind)));
  t.same([...tried].sort(), Object.keys(KINDS).sort(), 'the table has every kind of statement');
});

t.test('long lists of elements are broken into lines', async (t) => {
  const elements = Array.from({ length: 1001 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  t.equal(empty.addElements(set, elements).text.split('\n').length, 4);
});

t.test('text that would end a statement never gets in', async (t) => {
  t.throws(() => new Transaction({ family: 'ip', name: 'a b' }), { code: 'NFT_INVALID' });
  t.throws(() => empty.addChain({ name: 'c; flush ruleset' }), { code: 'NFT_INVALID' });
  t.throws(() => empty.addRule({ chain: 'c', expression: 'drop\nflush ruleset' }), { code: 'NFT_INVALID' });
  t.throws(() => empty.addRule({ chain: 'c', expression: '' }), { code: 'NFT_INVALID' });
  t.throws(() => empty.addRule({ chain: 'c', expression: 'drop', comment: 'a" ; x' }), { code: 'NFT_INVALID' });
  t.throws(() => empty.addElements(set, ['10.0.0.1 }']), { code: 'NFT_INVALID' });
  t.throws(() => empty.addEntries(map, [{ key: 'a', value: 'drop, b : accept' }]), { code: 'NFT_INVALID' });
});

t.test('a listing that is none is one clear error', async (t) => {
  for (const json of [
    '',
    '[]',
    '{"nftables":[{"set":{}}]}',
    '{"nftables":[{"set":{"name":"s","type":"x","elem":[{"prefix":1}]}}]}',
  ]) {
    t.throws(() => parseListing(json), { code: 'NFT_OUTPUT' });
  }
});

t.test('elements of every shape are read back in the words they were added with', async (t) => {
  const elem = [
    '192.0.2.1',
    80,
    { prefix: { addr: '10.0.0.0', len: 8 } },
    { range: ['10.0.0.1', '10.0.0.9'] },
    { concat: ['10.0.0.1', 'tcp', 80] },
    { elem: { val: '198.51.100.1', timeout: 60 } },
  ];
  const json = JSON.stringify({
    nftables: [{ metainfo: {} }, { set: { name: 's', type: ['ipv4_addr', 'x'], flags: 'interval', elem } }],
  });
  t.same(parseListing(json).sets, [
    {
      name: 's',
      type: 'ipv4_addr . x',
      flags: ['interval'],
      elements: ['192.0.2.1', '80', '10.0.0.0/8', '10.0.0.1-10.0.0.9', '10.0.0.1 . tcp . 80', '198.51.100.1'],
    },
  ]);
});

t.test('transactions that grow out of one are each a value of their own', (t) => {
  const start = empty.addTable();
  const [one, other] = [start.addChain({ name: 'a' }).addChain({ name: 'b' }), start.flushTable()];
  t.throws(() => one.addChain({ name: ' ' }), { code: 'NFT_INVALID' });
  t.equal(start.text, 'add table inet calico\n');
  t.equal(one.text, 'add table inet calico\nadd chain inet calico a\nadd chain inet calico b\n');
  t.equal(other.text, 'add table inet calico\nflush table inet calico\n');
  t.same(
    [start, one, other].map(({ operations }) => operations.length),
    [1, 3, 2],
  );
  t.end();
});

t.test('each statement is looked at once while the transaction grows, and once more when it is printed', (t) => {
  let looks = 0;
  const rule = (): { chain: string; readonly expression: string } => ({
    chain: 'c',
    get expression() {
      looks++;
      return 'accept';
    },
  });
  let long = empty;
  for (let step = 0; step < 1000; step++) long = long.addRule(rule());
  t.equal(looks, 1000);
  t.equal(long.text.split('\n').length, 1001);
  t.equal(looks, 2000);
  t.end();
});
