import t, { type Test } from 'tap';
import { EtcdStore } from '../../../src/datastore/etcd/index.ts';
import { DatastoreUnavailable, type Store } from '../../../src/datastore/index.ts';
import { follow, names, pool } from '../../contracts/store.ts';
import { EtcdServer } from './server.ts';

t.setTimeout(3_600_000);

/** Three members, and a store that knows all of them. */
async function cluster(test: Test): Promise<{ readonly members: readonly EtcdServer[]; readonly store: Store }> {
  const members = await EtcdServer.cluster(3);
  const store = new EtcdStore({ type: 'etcdv3', endpoints: members.map(({ endpoint }) => endpoint) });
  test.teardown(async () => {
    await store.close();
    await Promise.all(members.map((member) => member.stop()));
  });
  return { members, store };
}

/** Writes as whoever meets an outage must: looks whether it was done before it tries again. */
async function surely(store: Store, name: string): Promise<void> {
  for (;;) {
    try {
      if ((await store.get({ kind: 'IPPool', name })) === undefined) await store.create(pool(name));
      return;
    } catch (error) {
      if (!(error instanceof DatastoreUnavailable)) throw error;
    }
  }
}

t.test('whichever of three members dies, reading, writing and watching go on at another', async (test) => {
  const { members, store } = await cluster(test);
  await surely(store, 'first');
  for (const [at, member] of members.entries()) {
    const { revision } = await store.list('IPPool');
    await member.kill('SIGKILL');
    await surely(store, `without-${at}`);
    const watch = follow(store, 'IPPool', revision);
    test.same(
      names((await watch.take(1)).map((event) => event.resource)),
      [`without-${at}`],
      `member ${at} is down: the watch goes on elsewhere`,
    );
    await watch.stop();
    await member.run();
    await surely(store, `with-${at}`);
  }
  test.equal((await store.list('IPPool')).items.length, 7, 'nothing was lost, and nothing was written twice');
});

t.test('without a quorum nothing is answered, and with one again all is there', async (test) => {
  const { members, store } = await cluster(test);
  await surely(store, 'kept');
  for (const member of members.slice(0, 2)) await member.kill('SIGKILL');
  await test.rejects(store.get({ kind: 'IPPool', name: 'kept' }), { code: 'UNAVAILABLE' });
  for (const member of members.slice(0, 2)) await member.run();
  await surely(store, 'later');
  test.same(names((await store.list('IPPool')).items), ['kept', 'later']);
});
