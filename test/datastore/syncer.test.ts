import t, { type Test } from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import {
  DatastoreUnavailable,
  keyText,
  MemoryDatabase,
  MemoryStore,
  RevisionExpired,
  type Store,
  Syncer,
  type SyncStatus,
  type Update,
} from '../../src/datastore/index.ts';
import { type KindName, newResource } from '../../src/model/index.ts';
import { pool } from '../contracts/store.ts';

t.test('it delivers what is there, says in-sync, then delivers what changes', async (test) => {
  const { clock, store, heard, settle, kinds } = await start(test, async (store) => {
    await store.create(pool('a'));
    await store.create(pool('b'));
  });
  await settle();
  test.same(heard, ['wait', 'resync', ['IPPool(a)', 'IPPool(b)'], 'in-sync']);
  heard.length = 0;
  const a = await store.update(pool('a', { disabled: true }));
  await store.delete({ kind: 'IPPool', name: 'b' });
  await settle();
  test.same(heard, [['IPPool(a)', '-IPPool(b)']]);
  test.equal(kinds()[0].objects, 1);
  clock.advance(1000);
  test.equal(kinds()[0].age, 1000);
  test.ok(a.spec.disabled);
});

t.test('in-sync waits for all kinds', async (test) => {
  const { heard, settle, flaky } = await start(test, async () => {}, ['IPPool', 'Node'], ['Node']);
  await settle();
  test.notOk(heard.includes('in-sync'));
  flaky.failing.clear();
  await settle(20_000);
  test.equal(heard.at(-1), 'in-sync');
});

t.test('in an outage it keeps what is known, tries again, and goes on where it was', async (test) => {
  const { heard, settle, flaky, store, kinds } = await start(test, async (store) => {
    await store.create(pool('a'));
  });
  await settle();
  heard.length = 0;
  flaky.breakWatches('the wire is cut');
  await settle();
  test.same(heard, ['wait']);
  test.match(kinds()[0], { status: 'wait', objects: 1, failure: /the wire is cut/ });
  await store.create(pool('b'));
  await settle(60_000);
  test.same(heard, ['wait'], 'nothing is taken back while the store is away');
  const lists = flaky.lists;
  flaky.failing.clear();
  await settle(60_000);
  test.same(heard, ['wait', 'in-sync', ['IPPool(b)']]);
  test.equal(flaky.lists, lists, 'without listing again');
  test.equal(kinds()[0].failure, undefined);
});

t.test('when its revision has been forgotten it lists again, and takes back what has gone', async (test) => {
  const { heard, settle, flaky, store } = await start(test, async (store) => {
    for (const name of ['a', 'b', 'c']) await store.create(pool(name));
  });
  await settle();
  heard.length = 0;
  flaky.breakWatches('away for long');
  await settle();
  await store.delete({ kind: 'IPPool', name: 'b' });
  for (let at = 0; at < 300; at++) await store.update(pool('c', { disabled: at % 2 === 0 }));
  flaky.failing.clear();
  await settle(60_000);
  test.same(heard, ['wait', 'resync', ['IPPool(c)', '-IPPool(b)'], 'in-sync'], 'a is unchanged and not told again');
});

t.test('after an outage in which its revision was forgotten it lists again as soon as it is told so', async (test) => {
  const { settle, flaky, store, syncer, clock } = await start(
    test,
    async (store) => void (await store.create(pool('a'))),
  );
  await settle();
  flaky.breakWatches('away for long');
  await settle(120_000);
  for (let at = 0; at < 300; at++) await store.update(pool('a', { disabled: at % 2 === 0 }));
  flaky.failing.clear();
  const lists = flaky.lists;
  flaky.onWatch = () => {
    flaky.onWatch = undefined;
    const told = clock.now();
    const check = (): void => {
      if (flaky.lists > lists) test.equal(clock.now(), told, 'without waiting again');
    };
    flaky.onList = check;
  };
  await settle(60_000);
  test.equal(flaky.lists, lists + 1);
  test.equal(syncer.status()[0].status, 'in-sync');
});

t.test('a revision that is gone as soon as it was listed is no reason to list without end', async (test) => {
  const { settle, flaky } = await start(test, async () => {});
  await settle();
  flaky.expireWatches = true;
  flaky.cut();
  await settle(60_000);
  test.ok(flaky.lists < 20, `${flaky.lists}`);
  flaky.expireWatches = false;
  await settle(60_000);
  const { lists } = flaky;
  await settle(60_000);
  test.equal(flaky.lists, lists);
});

t.test('the first kind that finds the datastore again tells the others', async (test) => {
  const kinds = ['IPPool', 'Node', 'BGPPeer', 'BGPFilter'] as const;
  const { settle, flaky, clock, heard } = await start(test, async () => {}, kinds, kinds);
  await settle(300_000);
  test.equal(heard.at(-1), 'wait');
  flaky.failing.clear();
  const lists = flaky.lists;
  for (const from = clock.now(); heard.at(-1) !== 'in-sync' && clock.now() - from < 20_000; ) await settle(100);
  test.equal(flaky.lists, lists + kinds.length);
  const at = flaky.listedAt.slice(lists);
  test.ok(Math.max(...at) - Math.min(...at) <= 100, 'all at once');
});

t.test('what a former run knew is delivered before the datastore answers, and put right after', async (test) => {
  const { clock, store } = await start(test, async (store) => {
    for (const name of ['a', 'c']) await store.create(pool(name));
  });
  const heard: (SyncStatus | string[])[] = [];
  const syncer = new Syncer({
    store,
    kinds: ['IPPool'],
    clock,
    onUpdates: (batch) => heard.push(batch.map(text)),
    onStatus: (status) => heard.push(status),
  });
  syncer.seed([pool('a'), pool('b')]);
  test.same(heard, [['IPPool(a)', 'IPPool(b)']]);
  syncer.start();
  for (let turn = 0; turn < 20; turn++) await clock.advanceAsync(0);
  test.same(heard.slice(1), ['wait', 'resync', ['IPPool(a)', 'IPPool(c)', '-IPPool(b)'], 'in-sync']);
  const stopped = syncer.stop();
  await clock.advanceAsync(1);
  await stopped;
});

t.test('an object of which nothing can be understood counts as absent, or as what it was before', async (test) => {
  const wrong = { ...pool('a'), spec: { cidr: 'nonsense' } };
  const { heard, settle, store, kinds } = await start(test, async (store) => {
    await store.create(wrong);
  });
  await settle();
  test.same(heard, ['wait', 'resync', 'in-sync']);
  test.match(kinds()[0], { objects: 0 });
  test.match(kinds()[0].invalid.get('IPPool(a)')?.problem, /^left out: .*CIDR = 'nonsense'/);
  heard.length = 0;
  await store.update(pool('a'));
  await settle();
  test.equal(kinds()[0].invalid.size, 0);
  await store.update(wrong);
  await settle();
  test.match(kinds()[0], { objects: 1 });
  test.match(kinds()[0].invalid.get('IPPool(a)')?.problem, /what was there before.*CIDR = 'nonsense'/);
  await store.delete({ kind: 'IPPool', name: 'a' });
  await settle();
  test.same(heard, [['IPPool(a)'], ['IPPool(a)'], ['-IPPool(a)']]);
  test.match(kinds()[0], { objects: 0, invalid: new Map() });
});

t.test('one refused field does not lose the others', async (test) => {
  const spec = { asNumber: 64567, nodeToNodeMeshEnabled: false };
  const config = { ...newResource('BGPConfiguration', { name: 'default' }, spec) };
  const { batches, settle, store, kinds } = await start(
    test,
    async (store) => {
      await store.create(config);
    },
    ['BGPConfiguration'],
  );
  await settle();
  const serviceExternalIPs = [{ cidr: '8.8.8.8' }, { cidr: 'x' }];
  await store.update({ ...config, spec: { ...spec, listenPort: 'bgp', serviceExternalIPs } } as never);
  await settle();
  test.same(batches.at(-1)?.at(-1)?.resource?.spec, { ...spec, serviceExternalIPs: [{ cidr: '8.8.8.8/32' }] });
  test.match(kinds()[0].invalid.get('BGPConfiguration(default)')?.problem, /ServiceExternalIPs\[1\].CIDR = 'x'/);
  test.match(kinds()[0].invalid.get('BGPConfiguration(default)')?.problem, /ListenPort = 'bgp'/);
});

t.test('after stop nothing more is delivered', async (test) => {
  const { heard, settle, store, syncer } = await start(test, async () => {});
  await settle();
  await syncer.stop();
  heard.length = 0;
  await store.create(pool('a'));
  await settle(10_000);
  test.same(heard, []);
});

/** A syncer on a memory store that can fail; `heard` is all that it said: statuses, and batches of keys. */
t.test('of what passes nothing is kept, and it is told of all the same; what breaks stays as it was', async (test) => {
  const clock = new VirtualClock();
  const store = new MemoryStore({ database: new MemoryDatabase(100), clock });
  const heard: string[] = [];
  const syncer = new Syncer({
    store,
    kinds: ['IPPool'],
    clock,
    passes: ({ metadata }) => metadata.name === 'a',
    onUpdates: (batch) => heard.push(...batch.map(text)),
    onStatus: () => {},
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await clock.advanceAsync(0);
  };
  await store.create(pool('a'));
  await store.create(pool('b'));
  syncer.start();
  await settle();
  await store.update(pool('a', { disabled: true }));
  await settle();
  await store.update({ ...pool('a'), spec: { cidr: 'no network' } } as never);
  await settle();
  test.same(heard, ['IPPool(a)', 'IPPool(b)', 'IPPool(a)']);
  test.equal(syncer.status()[0].objects, 2);
  test.equal(syncer.status()[0].invalid.size, 1);
  await store.delete({ kind: 'IPPool', name: 'a' });
  await settle();
  test.equal(heard.at(-1), '-IPPool(a)');
  test.equal(syncer.status()[0].objects, 1);
  const stopped = syncer.stop();
  await clock.advanceAsync(1);
  await stopped;
});

t.test('what is written while a listing is under way need not be in it', async (test) => {
  const { store, flaky, heard, settle, syncer } = await start(test, async (store) => {
    await store.create(pool('a'));
    await store.create(pool('b'));
  });
  await settle();
  heard.length = 0;
  const { list } = flaky;
  flaky.list = async (...asked: Parameters<Store['list']>) => {
    const listed = await list(...asked);
    flaky.list = list;
    syncer.wrote(await store.create(pool('c')));
    syncer.removed(await store.delete({ kind: 'IPPool', name: 'b' }));
    return listed as never;
  };
  flaky.expireWatches = true;
  flaky.cut();
  await settle(60_000);
  test.same(
    heard.filter((one) => typeof one !== 'string'),
    [['IPPool(c)'], ['-IPPool(b)']],
    'at once; that the listing has it still is no news',
  );
  test.equal(syncer.status()[0].objects, 2);
  flaky.expireWatches = false;
  await store.create(pool('b'));
  await settle(60_000);
  test.equal(syncer.status()[0].objects, 3);
});

async function start(
  test: Test,
  fill: (store: Store) => Promise<void>,
  kinds: readonly KindName[] = ['IPPool'],
  failing: readonly KindName[] = [],
) {
  const clock = new VirtualClock();
  const store = new MemoryStore({ database: new MemoryDatabase(100), clock });
  await fill(store);
  const flaky = new FlakyStore(store, failing, clock);
  const heard: (SyncStatus | string[])[] = [];
  const batches: (readonly Update[])[] = [];
  const syncer = new Syncer({
    store: flaky,
    kinds,
    clock,
    onUpdates: (batch) => {
      batches.push(batch);
      heard.push(batch.map(text));
    },
    onStatus: (status) => heard.push(status),
  });
  syncer.start();
  test.teardown(async () => {
    const stopped = syncer.stop();
    await clock.advanceAsync(1);
    await stopped;
  });
  const settle = async (milliseconds = 0): Promise<void> => {
    await clock.advanceAsync(milliseconds);
    for (let turn = 0; turn < 20; turn++) await clock.advanceAsync(0);
  };
  return { clock, store, flaky, heard, batches, syncer, settle, kinds: () => syncer.status() };
}

function text({ key, resource }: Update): string {
  return `${resource === undefined ? '-' : ''}${keyText(key)}`;
}

/** A store whose lists and watches can be made to fail, kind by kind. */
class FlakyStore implements Store {
  readonly failing: Set<KindName>;
  lists = 0;
  readonly listedAt: number[] = [];
  /** Watches end at once: their revision is gone. */
  expireWatches = false;
  onWatch: (() => void) | undefined;
  onList: (() => void) | undefined;
  readonly #clock: VirtualClock;
  readonly #store: Store;
  #reason = 'made to fail';
  #cut = new AbortController();

  constructor(store: Store, failing: readonly KindName[], clock: VirtualClock) {
    this.#clock = clock;
    this.failing = new Set(failing);
    this.#store = store;
  }

  breakWatches(reason: string): void {
    this.#reason = reason;
    this.failing.add('IPPool');
    this.cut();
  }

  cut(): void {
    this.#cut.abort();
    this.#cut = new AbortController();
  }

  get: Store['get'] = (key) => this.#store.get(key);
  create: Store['create'] = (resource) => this.#store.create(resource);
  update: Store['update'] = (resource) => this.#store.update(resource);
  delete: Store['delete'] = (key, precondition) => this.#store.delete(key, precondition);
  close: Store['close'] = () => this.#store.close();

  list: Store['list'] = async (kind, options) => {
    this.lists++;
    this.listedAt.push(this.#clock.now());
    this.onList?.();
    if (this.failing.has(kind)) throw new DatastoreUnavailable(this.#reason);
    return this.#store.list(kind, options);
  };

  watch: Store['watch'] = (kind, revision, signal) => {
    const either = AbortSignal.any([signal, this.#cut.signal]);
    const inner = this.#store.watch(kind, revision, either);
    return this.#breakable(kind, inner, signal);
  };

  async *#breakable<Event>(kind: KindName, inner: AsyncIterable<Event>, signal: AbortSignal): AsyncIterable<Event> {
    if (!this.failing.has(kind)) this.onWatch?.();
    if (this.expireWatches) throw new RevisionExpired('1');
    if (!this.failing.has(kind)) yield* inner;
    if (!signal.aborted) throw new DatastoreUnavailable(this.#reason);
  }
}
