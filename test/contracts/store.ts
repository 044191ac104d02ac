import t, { type Test } from 'tap';
import {
  AlreadyExists,
  NotFound,
  type Portion,
  RevisionExpired,
  type Store,
  type StoreEvent,
  Syncer,
  tellingStore,
  UpdateConflict,
} from '../../src/datastore/index.ts';
import { type IPPool, type KindName, kubernetesKinds, newResource } from '../../src/model/index.ts';

/** A place where resources live, empty at first, that several clients may open at once. */
export interface Backing {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

export interface ContractOptions {
  /** Makes watches from old revisions impossible, if the engine can be made to. */
  forget?(backing: Backing): Promise<void>;
  /** Whether Kubernetes' own kinds are there, too. Default: they are. */
  readonly hasCore?: boolean;
}

/** What every engine must do. Each promise of `store.ts` is one test. */
export function storeContract(
  engine: string,
  make: () => Promise<Backing>,
  { forget, hasCore = true }: ContractOptions = {},
): void {
  const about = (what: string, run: (test: Test, store: Store, backing: Backing) => Promise<void>): void => {
    t.test(`${engine}: ${what}`, async (test) => {
      const backing = await make();
      const store = await backing.open();
      test.teardown(async () => {
        await store.close();
        await backing.remove();
      });
      await run(test, store, backing);
    });
  };

  about('what is created can be read back, with uid, time and revision filled in', async (test, store) => {
    const made = await store.create(pool('one', { natOutgoing: true }));
    test.match(made.metadata, { name: 'one', uid: /.{8,}/, creationTimestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ });
    test.type(made.metadata.resourceVersion, 'string');
    test.same(made.spec, { ...pool('one').spec, natOutgoing: true });
    test.same(await store.get({ kind: 'IPPool', name: 'one' }), made);
  });

  about('what is not there reads as undefined', async (test, store) => {
    test.equal(await store.get({ kind: 'IPPool', name: 'none' }), undefined);
    test.same((await store.list('IPPool')).items, []);
  });

  about(
    'kinds that are Kubernetes’ own can be listed and watched everywhere, and written nowhere',
    async (test, store) => {
      for (const kind of hasCore ? kubernetesKinds : []) {
        const { items, revision } = await store.list(kind);
        // A Service that every cluster has.
        const others = items.filter(({ metadata }) => metadata.name !== 'kubernetes');
        test.same(others, [], kind);
        const refusal = { code: 'NOT_SUPPORTED', message: new RegExp(kind) };
        await test.rejects(
          store.create(newResource(kind, { name: 'one', namespace: 'default' }, {} as never)),
          refusal,
        );
        test.equal(await store.get({ kind, name: 'one', namespace: 'default' }), undefined);
        const stop = new AbortController();
        const watch = store.watch(kind, revision, stop.signal)[Symbol.asyncIterator]();
        const first = watch.next();
        stop.abort();
        const { value } = await first;
        test.ok(value === undefined || value.type === 'bookmark', kind);
      }
    },
  );

  about('fields that nobody knows come back as they were', async (test, store) => {
    const odd = { ...pool('one'), spec: { ...pool('one').spec, future: { nested: [1, 'two', { three: null }] } } };
    const made = await store.create(odd);
    const read = await store.get({ kind: 'IPPool', name: 'one' });
    test.same(read?.spec, odd.spec);
    const changed = await store.update({ ...made, metadata: { ...made.metadata, labels: { a: 'b' } } });
    test.same(changed.spec, odd.spec);
    test.same(changed.metadata.labels, { a: 'b' });
  });

  about('sequence numbers beyond 2^53 stay exact', async (test, store) => {
    const sequenceNumber = 1_700_000_000_000_000_003n;
    const spec = { cidr: '10.0.0.0/30', allocations: [null, 0], unallocated: [0], attributes: [{}], sequenceNumber };
    await store.create(newResource('IPAMBlock', { name: '10-0-0-0-30' }, spec));
    const read = await store.get({ kind: 'IPAMBlock', name: '10-0-0-0-30' });
    test.equal(read?.spec.sequenceNumber, sequenceNumber);
    test.same(read?.spec.allocations, [null, 0]);
  });

  about('creating what is there fails with AlreadyExists', async (test, store) => {
    await store.create(pool('one'));
    const again = store.create(pool('one'));
    await test.rejects(again, AlreadyExists);
    await test.rejects(again, { code: 'ALREADY_EXISTS', message: /IPPool\(one\)/ });
  });

  about('an update at the current revision replaces the object and keeps who it is', async (test, store) => {
    const made = await store.create(pool('one'));
    const changed = await store.update({ ...made, spec: { ...made.spec, disabled: true } });
    test.not(changed.metadata.resourceVersion, made.metadata.resourceVersion);
    test.equal(changed.metadata.uid, made.metadata.uid);
    test.equal(changed.metadata.creationTimestamp, made.metadata.creationTimestamp);
    test.same(await store.get({ kind: 'IPPool', name: 'one' }), changed);
  });

  about('an update at an old revision fails with UpdateConflict and changes nothing', async (test, store) => {
    const made = await store.create(pool('one'));
    const changed = await store.update({ ...made, spec: { ...made.spec, disabled: true } });
    await test.rejects(store.update(made), UpdateConflict);
    test.same(await store.get({ kind: 'IPPool', name: 'one' }), changed);
  });

  about('an update without a revision replaces whatever is there', async (test, store) => {
    await store.create(pool('one'));
    const changed = await store.update(pool('one', { disabled: true }));
    test.equal(changed.spec.disabled, true);
  });

  about('updating or deleting what is not there fails with NotFound', async (test, store) => {
    await test.rejects(store.update(pool('none')), NotFound);
    await test.rejects(store.delete({ kind: 'IPPool', name: 'none' }), NotFound);
    const made = await store.create(pool('one'));
    await store.delete({ kind: 'IPPool', name: 'one' });
    await test.rejects(store.update(made), NotFound);
  });

  about('a deletion returns what was there; its conditions must hold', async (test, store) => {
    const made = await store.create(pool('one'));
    const changed = await store.update({ ...made, spec: { ...made.spec, disabled: true } });
    const key = { kind: 'IPPool', name: 'one' } as const;
    await test.rejects(store.delete(key, { resourceVersion: made.metadata.resourceVersion }), UpdateConflict);
    await test.rejects(store.delete(key, { uid: 'ffffffff-0000-4000-8000-000000000000' }), UpdateConflict);
    const { resourceVersion, uid } = changed.metadata;
    test.same((await store.delete(key, { resourceVersion, uid })).spec, changed.spec);
    test.equal(await store.get(key), undefined);
  });

  about('a listing holds one kind, by name, and can be narrowed by labels', async (test, store) => {
    for (const name of ['b', 'a', 'c']) {
      const labels = name === 'b' ? { colour: 'red', size: 'xl' } : { colour: 'red' };
      await store.create({ ...pool(name), metadata: { name, labels } });
    }
    await store.create(newResource('IPReservation', { name: 'a' }, { reservedCIDRs: ['10.0.0.1'] }));
    test.same(names((await store.list('IPPool')).items), ['a', 'b', 'c']);
    test.same(names((await store.list('IPPool', { labels: { colour: 'red', size: 'xl' } })).items), ['b']);
    test.same(names((await store.list('IPPool', { labels: { colour: 'blue' } })).items), []);
  });

  about('the portions of a listing are all of one moment, and a watch goes on from it', async (test, store) => {
    if (store.portions === undefined) return;
    test.same(await gathered(store.portions('IPAMHandle')), []);
    const all = Array.from({ length: 620 }, (_, at) => handle(`h${at}`));
    await Promise.all(all.map((one) => store.create(one)));
    const sizes: number[] = [];
    const found: string[] = [];
    const revisions = new Set<string>();
    for await (const { items, revision } of store.portions('IPAMHandle')) {
      if (sizes.length === 0) {
        await store.create(handle('late'));
        await store.delete({ kind: 'IPAMHandle', name: 'h7' });
      }
      const portion = names([...items]);
      sizes.push(portion.length);
      found.push(...portion);
      revisions.add(revision);
    }
    test.ok(sizes.length > 1 && Math.max(...sizes) <= 500, 'nobody has to hold all of it');
    test.same(found.sort(), names(all).sort());
    test.equal(revisions.size, 1);
    const watch = follow(store, 'IPAMHandle', [...revisions][0]);
    const later = await watch.take(2);
    await watch.stop();
    test.same(
      later.map(({ type, resource }) => `${type} ${resource.metadata.name}`),
      ['added late', 'deleted h7'],
    );
  });

  about('objects of one name in two namespaces are two objects', async (test, store) => {
    for (const namespace of ['x', 'y'])
      await store.create(newResource('NetworkSet', { name: 'n', namespace }, { nets: [] }));
    const here = await store.list('NetworkSet', { namespace: 'x' });
    test.same(
      here.items.map((item) => item.metadata.namespace),
      ['x'],
    );
    test.equal((await store.list('NetworkSet')).items.length, 2);
    await store.delete({ kind: 'NetworkSet', name: 'n', namespace: 'x' });
    test.ok(await store.get({ kind: 'NetworkSet', name: 'n', namespace: 'y' }));
  });

  about('a watch from a listing tells every later change of its kind, in order', async (test, store, backing) => {
    const other = await backing.open();
    test.teardown(() => other.close());
    const { revision } = await store.list('IPPool');
    const watch = follow(store, 'IPPool', revision);
    test.teardown(() => watch.stop());
    const made = await other.create(pool('one'));
    await other.create(newResource('IPReservation', { name: 'noise' }, {}));
    await other.update({ ...made, spec: { ...made.spec, disabled: true } });
    await other.delete({ kind: 'IPPool', name: 'one' });
    await other.create(pool('two'));
    const seen = await watch.take(4);
    test.same(
      seen.map(({ type, resource }) => [type, resource.metadata.name, resource.spec.disabled ?? false]),
      [
        ['added', 'one', false],
        ['modified', 'one', true],
        ['deleted', 'one', true],
        ['added', 'two', false],
      ],
    );
    test.equal(seen[0].resource.metadata.resourceVersion, made.metadata.resourceVersion);
  });

  about('a watch from the revision of an event goes on after it', async (test, store) => {
    const { revision } = await store.list('IPPool');
    for (const name of ['a', 'b', 'c', 'd']) await store.create(pool(name));
    const first = follow(store, 'IPPool', revision);
    const [, b] = await first.take(2);
    await first.stop();
    const second = follow(store, 'IPPool', b.revision);
    test.same(names((await second.take(2)).map((event) => event.resource)), ['c', 'd']);
    await second.stop();
  });

  about('a watch ends when its signal aborts, at once or in the middle', async (test, store) => {
    const { revision } = await store.list('IPPool');
    const aborted = AbortSignal.abort();
    for await (const _ of store.watch('IPPool', revision, aborted)) test.fail('nothing was to come');
    const watch = follow(store, 'IPPool', revision);
    await store.create(pool('one'));
    await watch.take(1);
    await watch.stop();
    test.pass('it ended');
  });

  about('of many that create one object exactly one succeeds', async (test, store, backing) => {
    const other = await backing.open();
    test.teardown(() => other.close());
    const tries = Array.from({ length: 20 }, (_, at) => (at % 2 ? store : other).create(pool('one')));
    const results = await Promise.allSettled(tries);
    test.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of results) if (result.status === 'rejected') test.ok(result.reason instanceof AlreadyExists);
  });

  about('compare-and-swap from two clients loses no increment', async (test, store, backing) => {
    const other = await backing.open();
    test.teardown(() => other.close());
    await store.create(newResource('IPAMHandle', { name: 'h' }, { handleID: 'h', block: { count: 0 } }));
    const increments = 15;
    await Promise.all([store, other, store, other].map((client) => count(client, increments)));
    const read = await store.get({ kind: 'IPAMHandle', name: 'h' });
    test.equal(read?.spec.block['count'], 4 * increments);
  });

  about('a watch misses nothing while two clients write', async (test, store, backing) => {
    const other = await backing.open();
    test.teardown(() => other.close());
    const { revision } = await store.list('IPPool');
    const watches = [follow(store, 'IPPool', revision), follow(other, 'IPPool', revision)];
    const written = Array.from({ length: 60 }, (_, at) => (at % 2 ? store : other).create(pool(`p${at}`)));
    await Promise.all(written);
    const seen = await Promise.all(watches.map((watch) => watch.take(60)));
    const everything = Array.from({ length: 60 }, (_, at) => `p${at}`).sort();
    for (const events of seen) test.same(names(events.map((event) => event.resource)).sort(), everything);
    await Promise.all(watches.map((watch) => watch.stop()));
  });

  if (forget !== undefined) {
    about('a watch from a forgotten revision fails with RevisionExpired', async (test, store, backing) => {
      const { revision } = await store.list('IPPool');
      await store.create(pool('one'));
      await forget(backing);
      const watch = follow(store, 'IPPool', revision);
      await test.rejects(watch.take(1), RevisionExpired);
    });
  }

  about(
    'what a program writes itself is known at once, and late news of the time before is dropped',
    async (test, store) => {
      const late = new LateStore(store);
      const heard: string[] = [];
      const syncer: Syncer = new Syncer({
        store: late,
        kinds: ['IPPool'],
        onUpdates: (batch) => {
          for (const { key, resource } of batch) {
            const { disabled, natOutgoing } = (resource as IPPool | undefined)?.spec ?? {};
            heard.push(
              `${key.name} ${resource === undefined ? 'gone' : `${disabled ?? false} ${natOutgoing ?? false}`}`,
            );
          }
          late.told();
        },
        onStatus: () => late.told(),
      });
      const own = tellingStore(store, ['IPPool'], () => syncer);
      await store.create(pool('one'));
      await store.create(pool('two'));
      await store.create(pool('three'));
      syncer.start();
      test.teardown(() => syncer.stop());
      await late.until(() => syncer.status()[0].status === 'in-sync');
      heard.length = 0;
      late.hold();
      const others = await store.update(pool('one', { disabled: true }));
      await own.update({ ...others, spec: { ...others.spec, natOutgoing: true } });
      await store.update(pool('two', { disabled: true }));
      await own.delete({ kind: 'IPPool', name: 'two' });
      await own.delete({ kind: 'IPPool', name: 'three' });
      await own.create(pool('three', { natOutgoing: true }));
      await own.create(pool('four'));
      const ours = ['one true true', 'two gone', 'three gone', 'three false true', 'four false false'];
      test.same(heard, ours, 'before the store has told of any of it');
      late.release();
      await store.create(pool('five'));
      await late.until(() => heard.includes('five false false'));
      test.same(heard.slice(ours.length), ['five false false']);
      await store.update(pool('four', { disabled: true }));
      await late.until(() => heard.includes('four true false'));
      await store.create(pool('two'));
      await late.until(() => heard.includes('two false false'));
    },
  );

  about('a closed store answers with DatastoreUnavailable, and ends its watches so', async (test, _store, backing) => {
    const other = await backing.open();
    const { revision } = await other.list('IPPool');
    const watch = follow(other, 'IPPool', revision);
    await other.create(pool('one'));
    await watch.take(1);
    await other.close();
    await test.rejects(watch.take(1), { code: 'UNAVAILABLE' });
    await test.rejects(other.get({ kind: 'IPPool', name: 'one' }), { code: 'UNAVAILABLE' });
  });
}

/** With what an API server would fill in. */
export function pool(name: string, spec: Partial<IPPool['spec']> = {}): IPPool {
  const filled = { ipipMode: 'Never', vxlanMode: 'Never', assignmentMode: 'Automatic' } as const;
  return newResource('IPPool', { name }, { cidr: '10.0.0.0/16', ...filled, ...spec });
}

export function names(items: readonly { readonly metadata: { readonly name: string } }[]): string[] {
  return items.map((item) => item.metadata.name);
}

function handle(name: string) {
  return newResource('IPAMHandle', { name }, { handleID: name, block: {} });
}

async function gathered(portions: AsyncIterable<Portion>) {
  const all: string[] = [];
  for await (const { items } of portions) all.push(...names([...items]));
  return all;
}

type Change<Kind extends KindName> = Exclude<StoreEvent<Kind>, { type: 'bookmark' }>;

/** A watch that a test reads piece by piece. */
export function follow<Kind extends KindName>(store: Store, kind: Kind, revision: string) {
  const stopping = new AbortController();
  const events = store.watch(kind, revision, stopping.signal)[Symbol.asyncIterator]();
  return {
    async take(count: number): Promise<Change<Kind>[]> {
      const taken: Change<Kind>[] = [];
      while (taken.length < count) {
        const { done, value } = await events.next();
        if (done) break;
        if (value.type !== 'bookmark') taken.push(value as Change<Kind>);
      }
      return taken;
    },
    async stop(): Promise<void> {
      const next = events.next().catch(() => {});
      stopping.abort();
      await next;
    },
  };
}

/** A store whose watches can be made to say nothing for a while. */
class LateStore implements Store {
  readonly #store: Store;
  #gate: Promise<void> = Promise.resolve();
  #open = (): void => {};
  #waiting = (): void => {};

  constructor(store: Store) {
    this.#store = store;
  }

  hold(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    this.#open = resolve;
  }

  release(): void {
    this.#open();
  }

  /** Something has come of it. */
  told(): void {
    this.#waiting();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  get: Store['get'] = (key) => this.#store.get(key);
  list: Store['list'] = (kind, options) => this.#store.list(kind, options);
  create: Store['create'] = (resource) => this.#store.create(resource);
  update: Store['update'] = (resource) => this.#store.update(resource);
  delete: Store['delete'] = (key, precondition) => this.#store.delete(key, precondition);
  close: Store['close'] = () => this.#store.close();

  async *watch<Kind extends KindName>(
    kind: Kind,
    revision: string,
    signal: AbortSignal,
  ): AsyncIterable<StoreEvent<Kind>> {
    for await (const event of this.#store.watch(kind, revision, signal)) {
      await this.#gate;
      yield event;
    }
  }
}

/** Adds one to a counter `times` times, trying again at each conflict. */
export async function count(store: Store, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const read = await store.get({ kind: 'IPAMHandle', name: 'h' });
    const block = { count: (read?.spec.block['count'] ?? 0) + 1 };
    try {
      await store.update({ ...read!, spec: { ...read!.spec, block } });
      done++;
    } catch (error) {
      if (!(error instanceof UpdateConflict)) throw error;
    }
  }
}
