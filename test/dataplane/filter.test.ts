import t from 'tap';
import { EntriesWriter, silentLog, VirtualClock } from '../../src/base/index.ts';
import {
  type Contents,
  type FilterPart,
  FilterReconciler,
  type FilterTable,
  tableOf,
} from '../../src/dataplane/filter/index.ts';
import { NftError, Transaction } from '../../src/nftables/index.ts';
import { FakeNft } from '../fakes/fake-nft.ts';

const TABLE = { family: 'inet', name: 'vrouter-test' } as const;
const NAME = 'inet vrouter-test';
const HOOK = { name: 'in', base: { type: 'filter', hook: 'input', priority: 0 } } as const;
const SET = { name: 's', type: 'ipv4_addr' } as const;
const MAP = { name: 'm', type: 'ifname', value: 'verdict' } as const;

function chain(name: string, ...expressions: readonly string[]): Contents {
  return { chains: [[{ name }, expressions.map((expression) => ({ expression, why: name }))]] };
}

/** A hook that goes by the map, and what each part adds to it. */
function table(parts: EntriesWriter<FilterPart>): FilterTable {
  return { what: 'a test', table: TABLE, parts: parts.commit() };
}

function writer(): EntriesWriter<FilterPart> {
  const parts = new EntriesWriter<FilterPart>(Object.is);
  const base: Contents = { maps: [[MAP, []]], chains: [[HOOK, [{ expression: 'iifname vmap @m', why: 'by name' }]]] };
  parts.set('base', { order: 0, contents: base });
  return parts;
}

function pod(name: string, expression = 'accept'): FilterPart {
  const way = { key: name, value: `jump ${name}`, why: name };
  return { what: name, order: 1, contents: { ...chain(name, expression), maps: [[MAP, [way]]] } };
}

function reconciler(nft = new FakeNft()) {
  const clock = new VirtualClock();
  const filter = new FilterReconciler({ nft, clock, log: silentLog });
  return { nft, clock, filter, room: filter.room() };
}

/** All statements of the last transaction, without the table's name and the fingerprints. */
function last({ done }: FakeNft): string {
  return (done.at(-1) ?? '').replaceAll(` ${NAME}`, '').replaceAll(/ comment ".*?"/g, '');
}

/** All that there is, in no order, without the numbers that rules get. */
function contents({ tables }: FakeNft): string {
  const lines = tables.map(([name, { rules, sets, maps, chains }]) => [
    name,
    chains.map(({ name }) => name).sort(),
    rules.map(({ chain, comment }) => `${chain} ${comment}`).sort(),
    sets.map(({ name, elements }) => [name, [...elements].sort()]),
    maps.map(({ name, entries }) => [name, entries.map(({ key, value }) => `${key} : ${value}`).sort()]),
  ]);
  return JSON.stringify(lines);
}

t.test('a part costs what it says, and nothing is listed on the way', async (t) => {
  const { nft, room } = reconciler();
  const parts = writer();
  for (let pods = 0; pods < 50; pods++) parts.set(`p${pods}`, pod(`p${pods}`));
  await room.want([table(parts)]);
  t.equal(nft.calls.filter((verb) => verb === 'list').length, 1, 'one look at the start');
  nft.calls.length = 0;
  parts.set('new', pod('new'));
  await room.want([table(parts)]);
  t.equal(last(nft), 'add chain new\nadd rule new accept\nadd element m { "new" : jump new }\n');
  parts.set('new', pod('new', 'drop'));
  await room.want([table(parts)]);
  t.equal(last(nft), 'add chain new\nflush chain new\nadd rule new drop\n');
  parts.set('new', undefined);
  await room.want([table(parts)]);
  t.equal(last(nft), 'delete element m { "new" : jump new }\nflush chain new\ndelete chain new\n');
  await room.want([table(parts)]);
  t.same(nft.calls, ['run', 'run', 'run']);
});

t.test('of a set as large as the cluster, one element is one element', async (t) => {
  const { nft, room } = reconciler();
  const elements = new EntriesWriter<string>(Object.is);
  for (let host = 0; host < 500; host++)
    elements.set(`10.0.${host >> 8}.${host & 255}`, `10.0.${host >> 8}.${host & 255}/32`);
  const wanted = (): FilterTable =>
    tableOf(TABLE, 'a test', [
      { sets: [[SET, elements.commit()]], chains: [[HOOK, [{ expression: 'ip saddr @s accept', why: 'hosts' }]]] },
    ]);
  await room.want([wanted()]);
  elements.set('10.9.9.9', '10.9.9.9/32');
  elements.set('10.0.0.1', undefined);
  await room.want([wanted()]);
  t.equal(last(nft), 'delete element s { 10.0.0.1 }\nadd element s { 10.9.9.9 }\n');
  elements.set('10.9.9.8', '10.9.9.8/32');
  const early = wanted();
  elements.set('10.9.9.8', undefined);
  elements.set('10.9.9.7', '10.9.9.7/32');
  await room.want([early]);
  await room.want([wanted()]);
  const [, { sets }] = nft.tables[0];
  t.notOk(sets[0].elements.includes('10.9.9.8'), 'whoever comes late with an old state does what is right by now');
  t.ok(sets[0].elements.includes('10.9.9.7'));
  t.equal(sets[0].elements.length, 501);
});

t.test('the part that the kernel refuses is named, and all others hold', async (t) => {
  const { nft, room, clock } = reconciler();
  const parts = writer();
  for (let pods = 0; pods < 20; pods++)
    parts.set(`p${pods}`, pod(`p${pods}`, pods === 13 ? 'ct count over 1 drop' : 'accept'));
  nft.unsupported = /ct count/;
  await room.want([table(parts)]);
  t.match(room.failures(), [{ what: 'a test: p13', reason: /No such file/ }]);
  t.equal(room.failures().length, 1);
  const [, listing] = nft.tables[0];
  t.equal(listing.chains.length, 20);
  t.equal(listing.maps[0].entries.length, 19);
  t.same([room.standing(NAME, 'p13').present, room.standing(NAME, 'p12').present], [false, true]);
  t.same(
    room
      .entries()
      .filter(({ present }) => !present)
      .map(({ text }) => text),
    [`${NAME} p13 ct count over 1 drop`, `${NAME} m { p13 : jump p13 }`],
  );
  nft.calls.length = 0;
  parts.set('more', pod('more'));
  await room.want([table(parts)]);
  t.same(nft.calls, ['run'], 'the refused one is not tried at each change');
  parts.set('p13', pod('p13', 'accept'));
  await room.want([table(parts)]);
  t.same(room.failures(), [], 'but at once when it is another');
  parts.set('p13', pod('p13', 'ct count over 2 drop'));
  await room.want([table(parts)]);
  t.match(room.failures(), [{ what: 'a test: p13' }]);
  t.match(nft.tables[0][1].rules.find(({ chain }) => chain === 'p13')?.comment, /^p13 /, 'what it was, it stays');
  nft.unsupported = undefined;
  await clock.advanceAsync(1000);
  t.same(room.failures(), []);
  t.ok(room.standing(NAME, 'p13').present);
});

t.test('text that nft must not read is its part’s fault alone', async (t) => {
  const { nft, room } = reconciler();
  const parts = writer();
  parts.set('good', pod('good'));
  parts.set('bad', { ...pod('bad'), contents: chain('no; flush ruleset', 'accept') });
  await room.want([table(parts)]);
  t.match(room.failures(), [{ what: 'a test', reason: /chain name/ }]);
  t.same(nft.tables[0][1].chains.map(({ name }) => name).sort(), ['good', 'in']);
});

t.test('what one part needs of another is there, in whatever order they are named', async (t) => {
  const { nft, room } = reconciler();
  const parts = writer();
  parts.set('user', { order: 2, contents: chain('user', 'jump used') });
  parts.set('used', { order: 1, contents: chain('used', 'accept') });
  await room.want([table(parts)]);
  t.same(room.failures(), []);
  parts.set('user', undefined);
  parts.set('used', undefined);
  parts.set('next', { order: 1, contents: chain('next', 'accept') });
  await room.want([table(parts)]);
  t.same(room.failures(), []);
  t.same(nft.tables[0][1].chains.map(({ name }) => name).sort(), ['in', 'next']);
});

t.test('a chain that parts fill together may lead to where the last of them does', async (t) => {
  const { nft, room } = reconciler();
  const parts = writer();
  const filled = (target: string): void => {
    parts.set('target', { order: 5, contents: chain(target, 'accept') });
    parts.set('filling', { order: 9, contents: chain('shared', `goto ${target}`) });
  };
  parts.set('declaring', { order: 1, contents: chain('shared') });
  parts.set('user', { order: 2, contents: chain('user', 'jump shared') });
  filled('first');
  await room.want([table(parts)]);
  t.same([room.failures(), nft.done.length], [[], 1]);
  filled('second');
  await room.want([table(parts)]);
  t.same([room.failures(), nft.done.length], [[], 2], 'in one transaction, too, where it led somewhere else');
  t.same(nft.tables[0][1].chains.map(({ name }) => name).sort(), ['in', 'second', 'shared', 'user']);
});

t.test('an object that is declared otherwise has the table made anew, in one transaction', async (t) => {
  const { nft, room } = reconciler();
  const of = (type: string): FilterTable =>
    tableOf(TABLE, 'a test', [
      { sets: [[{ ...SET, type }, []]], chains: [[HOOK, [{ expression: 'accept', why: 'x' }]]] },
    ]);
  await room.want([of('ipv4_addr')]);
  await room.want([of('ipv6_addr')]);
  t.same(room.failures(), []);
  t.match(last(nft), /^add table\ndelete table\nadd table\n/);
  t.equal(nft.tables[0][1].sets[0].type, 'ipv6_addr');
});

t.test('a restart finds its own, and what nobody wants goes', async (t) => {
  const { nft, room } = reconciler();
  const parts = writer();
  parts.set('a', pod('a'));
  parts.set('b', pod('b'));
  await room.want([table(parts)]);
  const { length } = nft.done;
  const next = reconciler(nft);
  await next.room.want([table(parts)]);
  t.equal(nft.done.length, length, 'nothing is written');
  const fewer = writer();
  fewer.set('a', pod('a'));
  const third = reconciler(nft);
  await third.room.want([table(fewer)]);
  t.equal(last(nft), 'delete element m { "b" : jump b }\nflush chain b\ndelete chain b\n');
  await third.room.want([{ ...table(fewer), parts: writer().commit() }]);
  await third.room.want([]);
  t.same(nft.tables, [], 'a room that names a table no more has none');
});

t.test('whatever others do to it is repaired; a look at what is right writes nothing', async (t) => {
  const start = new Transaction(TABLE);
  const set = { ...SET, name: 'strange' };
  const attacks: Readonly<Record<string, Transaction>> = {
    'a chain with a hook is added': start
      .addChain({ ...HOOK, name: 'theirs' })
      .addRule({ chain: 'theirs', expression: 'accept' }),
    'a set is added': start.addSet(set).addElements(set, ['10.0.0.1']),
    'a chain is emptied': start.flushChain('a'),
    'a pod is led elsewhere': start
      .deleteEntries(MAP, [{ key: 'a', value: 'jump a' }])
      .addEntries(MAP, [{ key: 'a', value: 'drop' }]),
    'chains that jump to each other': start
      .addChain({ name: 'x' })
      .addChain({ name: 'y' })
      .addRule({ chain: 'y', expression: 'jump x' }),
    'the table is removed': start.removeTable(),
  };
  const parts = writer();
  parts.set('a', pod('a'));
  for (const [what, attack] of Object.entries(attacks)) {
    const { nft, filter, room } = reconciler();
    await room.want([table(parts)]);
    const right = contents(nft);
    nft.changedByOthers(attack);
    t.not(contents(nft), right, what);
    await filter.look(new Set([NAME]));
    t.equal(contents(nft), right, what);
    const { length } = nft.done;
    await filter.look();
    t.equal(nft.done.length, length, 'looking again changes nothing');
  }
});

t.test('what was asked for is settled when it is tried, while others ask on and on', async (t) => {
  const nft = new FakeNft();
  const { room, filter } = reconciler(nft);
  const parts = writer();
  let step = 0;
  const other = filter.room({ onBrought: () => askOn() });
  const askOn = (): void => {
    if (step++ >= 100) return;
    parts.set('busy', pod('busy', step % 2 === 0 ? 'accept' : 'drop'));
    void other.want([table(parts)]);
  };
  askOn();
  await room.want([tableOf({ family: 'ip', name: 'vrouter-own' }, 'own', [chain('a', 'accept')])]);
  t.ok(step < 100, `it waits for what is new to others: ${step} steps`);
  t.same(
    nft.tables.map(([name]) => name),
    [NAME, 'ip vrouter-own'].sort(),
  );
  await filter.look();
  t.ok(step < 100, 'nor does a look wait for it');
  await other.settled;
});

t.test('while nft works, what is asked for gathers', async (t) => {
  const { nft, room } = reconciler();
  const parts = writer();
  for (let step = 0; step < 100; step++) {
    parts.set(`p${step}`, pod(`p${step}`));
    void room.want([table(parts)]);
  }
  await room.settled;
  t.ok(nft.done.length <= 2, `${nft.done.length} transactions`);
  t.equal(nft.tables[0][1].chains.length, 101);
});

t.test('a restart that the kernel refuses leaves what protects', async (t) => {
  const { nft, room } = reconciler();
  const parts = writer();
  parts.set('a', pod('a'));
  await room.want([table(parts)]);
  const before = contents(nft);
  const next = reconciler(nft);
  nft.unsupported = /./;
  await next.room.want([tableOf(TABLE, 'a test', [{ chains: [[HOOK, [{ expression: 'drop', why: 'other' }]]] }])]);
  t.equal(next.room.failures().length, 1);
  t.equal(contents(nft), before);
});

t.test('nothing is tried part by part when it is about no part', async (t) => {
  let runs = 0;
  const nft = new FakeNft();
  nft.run = async () => {
    runs++;
    throw NftError.refused('nft transaction', 'Error: Operation not permitted');
  };
  const { room } = reconciler(nft);
  const parts = writer();
  for (let pods = 0; pods < 20; pods++) parts.set(`p${pods}`, pod(`p${pods}`));
  await room.want([table(parts)]);
  t.equal(runs, 1);
  t.match(room.failures(), [{ what: 'a test', reason: /not permitted/ }]);
});

t.test('pods that come and go leave nothing behind', async (t) => {
  const { nft, room } = reconciler();
  const parts = writer();
  await room.want([table(parts)]);
  const before = contents(nft);
  for (let step = 0; step < 5000; step++) {
    if (step % 250 === 0) await room.want([table(parts)]);
    parts.set(`p${step % 301}`, step % 2 === 0 ? pod(`p${step % 301}`) : undefined);
  }
  for (let step = 0; step < 301; step++) parts.set(`p${step}`, undefined);
  await room.want([table(parts)]);
  t.equal(contents(nft), before);
  t.same(room.failures(), []);
});

t.test('what somebody changes while a table is listed or written is looked for again', async (t) => {
  const { nft, room, filter } = reconciler();
  const parts = writer();
  parts.set('a', pod('a'));
  await room.want([table(parts)]);
  const asWanted = contents(nft);
  const flush = (): Promise<void> => {
    nft.changedByOthers(new Transaction(TABLE).removeTable());
    return filter.look(new Set([NAME]));
  };
  void filter.look(new Set([NAME]));
  await flush();
  t.equal(contents(nft), asWanted, 'it was listed before, and the answer is on its way');
  parts.set('b', pod('b'));
  void room.want([table(parts)]);
  await flush();
  const { nft: another, room: its } = reconciler();
  await its.want([table(parts)]);
  t.equal(contents(nft), contents(another), 'it was written before');
});
