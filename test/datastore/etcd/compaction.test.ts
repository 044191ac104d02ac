import t from 'tap';
import { silentLog, VirtualClock } from '../../../src/base/index.ts';
import { EtcdStore } from '../../../src/datastore/etcd/index.ts';
import { Compactor, type History, MemoryStore, RevisionExpired, type Store } from '../../../src/datastore/index.ts';
import { follow, names, pool } from '../../contracts/store.ts';
import { Followed } from '../followed.ts';
import { EtcdServer } from './server.ts';

const PERIOD = 600_000;

/** The real store, and when each of its compactor's questions and orders has been answered. */
function watched(store: EtcdStore): {
  readonly store: Store;
  readonly answered: (what: keyof History) => Promise<void>;
} {
  const waiting = new Map<keyof History, () => void>();
  const history: History = {
    head: () => store.history.head().finally(() => waiting.get('head')?.()),
    forget: (revision) => store.history.forget(revision).finally(() => waiting.get('forget')?.()),
  };
  return {
    store: new Proxy(store, { get: (target, name) => (name === 'history' ? history : Reflect.get(target, name)) }),
    answered: (what) => new Promise((resolve) => waiting.set(what, resolve)),
  };
}

t.test(
  'what is older than a period is forgotten: a watch from before lists again, and one from since goes on',
  async (test) => {
    const server = await EtcdServer.start();
    const etcd = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
    test.teardown(async () => {
      await etcd.close();
      await server.stop();
    });
    const clock = new VirtualClock();
    const { store, answered } = watched(etcd);
    const { revision: old } = await etcd.list('IPPool');
    await etcd.create(pool('one'));
    await etcd.create(pool('two'));
    const compactor = new Compactor({ store, clock, log: silentLog, period: () => PERIOD });
    test.teardown(() => compactor.stop());
    const begun = answered('head');
    compactor.start();
    await clock.advanceAsync(0);
    await begun;
    const early = follow(etcd, 'IPPool', old);
    test.same(
      names((await early.take(2)).map((event) => event.resource)),
      ['one', 'two'],
      'nothing is forgotten at first',
    );
    await early.stop();
    await etcd.create(pool('three'));
    const { revision: recent } = await etcd.list('IPPool');
    await etcd.create(pool('four'));
    const done = answered('forget');
    await clock.advanceAsync(PERIOD);
    await done;
    await test.rejects(follow(etcd, 'IPPool', old).take(1), RevisionExpired);
    const late = follow(etcd, 'IPPool', recent);
    test.same(names((await late.take(1)).map((event) => event.resource)), ['four']);
    await late.stop();
  },
);

t.test('a syncer whose revision is gone lists again and takes back what has gone', async (test) => {
  const server = await EtcdServer.start();
  const etcd = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
  test.teardown(() => server.stop());
  const followed = new Followed(test, etcd);
  const { known } = followed;
  const other = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
  test.teardown(() => other.close());
  await other.create(pool('goes'));
  followed.syncer.start();
  await followed.until(() => known.has('goes'));
  // It stands still: meanwhile a pool goes, another comes, and etcd forgets how.
  await server.kill('SIGKILL');
  await followed.until(() => followed.syncer.status()[0].status === 'wait');
  await server.run();
  await other.delete({ kind: 'IPPool', name: 'goes' });
  await other.create(pool('comes'));
  await other.history.forget(await other.history.head());
  await followed.until(() => known.has('comes') && !known.has('goes'));
  test.same([...known], ['comes']);
});

t.test('other engines look after themselves, 0 means never, and a failure is no end', async (test) => {
  const clock = new VirtualClock();
  new Compactor({ store: new MemoryStore(), clock, log: silentLog, period: () => PERIOD }).start();
  const forgotten: string[] = [];
  let [period, head, fails] = [0, 0, false];
  const history: History = {
    head: async () => String(++head),
    forget: async (revision) => {
      if (fails) throw new RevisionExpired(revision);
      forgotten.push(revision);
    },
  };
  const store = Object.assign(new MemoryStore(), { history });
  const compactor = new Compactor({ store, clock, log: silentLog, period: () => period });
  compactor.start();
  await clock.advanceAsync(PERIOD * 2);
  test.equal(head, 0);
  period = PERIOD;
  await clock.advanceAsync(PERIOD * 2);
  test.same(forgotten, ['1']);
  fails = true;
  await clock.advanceAsync(PERIOD);
  fails = false;
  await clock.advanceAsync(PERIOD);
  test.same(forgotten, ['1', '3'], 'what it could not do is done by the next');
  compactor.stop();
  await clock.advanceAsync(PERIOD * 3);
  test.equal(forgotten.length, 2);
});
