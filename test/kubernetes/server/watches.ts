import t, { type Test } from 'tap';
import { RevisionExpired, type Store } from '../../../src/datastore/index.ts';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { newResource } from '../../../src/model/index.ts';
import { follow, names, pool } from '../../contracts/store.ts';
import { base64, etcdCall } from '../../datastore/etcd/server.ts';
import { Followed } from '../../datastore/followed.ts';
import { assets, RealServer, type RealServerOptions } from '../../datastore/kubernetes/real-server.ts';

t.setTimeout(3_600_000);

/** What etcd itself has forgotten; without its cache of changes the API server knows no more. */
const UNCACHED = { flags: ['--watch-cache=false'] };

async function start(t: Test, options?: RealServerOptions) {
  const server = await RealServer.start(assets ?? '', options);
  const store = new KubernetesStore(server.config);
  t.teardown(async () => {
    await store.close();
    await server.stop();
  });
  return { server, store };
}

/** Has etcd forget all that was before now. */
async function compact({ etcd }: RealServer): Promise<void> {
  const range = { key: base64('/'), limit: 1 };
  const { header } = await etcdCall<{ header: { revision: string } }>(etcd.endpoint, '/v3/kv/range', range);
  await etcdCall(etcd.endpoint, '/v3/kv/compaction', { revision: header.revision, physical: true });
}

/** Makes so many, a few at a time. */
async function handles(store: Store, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, at) => `h${at}`).values();
  const make = async (): Promise<void> => {
    for (const name of names) await store.create(newResource('IPAMHandle', { name }, { handleID: name, block: {} }));
  };
  await Promise.all(Array.from({ length: 10 }, make));
}

t.test('a watch from before a compaction of etcd is told that its revision is gone', async (t) => {
  const { server, store } = await start(t, UNCACHED);
  const { revision } = await store.list('IPPool');
  for (const name of ['one', 'two']) await store.create(pool(name));
  await compact(server);
  await t.rejects(follow(store, 'IPPool', revision).take(1), RevisionExpired);
});

t.test('a listing whose revision is compacted between two pages is refused as expired, and made anew', async (t) => {
  const { server, store } = await start(t, UNCACHED);
  await handles(store, 620);
  const portions = store.portions('IPAMHandle')[Symbol.asyncIterator]();
  await portions.next();
  await store.create(pool('one'));
  await compact(server);
  await t.rejects(portions.next(), RevisionExpired);
  t.equal((await store.list('IPAMHandle')).items.length, 620);
});

t.test('a watch from before a restart of the API server misses nothing, or is told to list again', async (t) => {
  const { server, store } = await start(t);
  const { revision } = await store.list('IPPool');
  const one = await store.create(pool('one'));
  await server.kill();
  await server.run();
  const watch = follow(store, 'IPPool', revision);
  const seen = await watch.take(1).catch((error: unknown) => error);
  t.ok(seen instanceof RevisionExpired || (seen as typeof seen & { length: number }).length === 1, String(seen));
  t.same(await store.get({ kind: 'IPPool', name: 'one' }), one);
});

t.test('through a restart of the API server a syncer keeps what it knows, and catches up', async (t) => {
  const { server, store } = await start(t);
  await store.create(pool('kept'));
  const goes = await store.create(pool('goes'));
  const followed = new Followed(t, new KubernetesStore(server.config));
  followed.syncer.start();
  await followed.until(() => followed.status === 'in-sync');
  await server.kill();
  await followed.until(() => followed.status === 'wait');
  t.same([...followed.known].sort(), ['goes', 'kept']);
  await server.run();
  await store.delete({ kind: 'IPPool', name: goes.metadata.name });
  await followed.until(() => !followed.known.has('goes') && followed.status === 'in-sync');
  t.same([...followed.known], ['kept']);
});

t.test('after its etcd was restored from a backup all is listed again', async (t) => {
  const { server, store } = await start(t);
  await store.create(pool('kept'));
  await server.etcd.kill('SIGTERM');
  await server.etcd.backup();
  await server.etcd.run();
  const followed = new Followed(t, new KubernetesStore(server.config));
  followed.syncer.start();
  await followed.until(() => followed.status === 'in-sync');
  // A server that starts writes something of its own: more than that has to be lost, or nobody could tell.
  await handles(store, 300);
  for (const name of ['never', 'neither']) await store.create(pool(name));
  await followed.until(() => followed.known.has('neither'));
  await server.kill();
  await server.etcd.kill('SIGKILL');
  await server.etcd.restore();
  await server.etcd.run();
  await server.run();
  await followed.until(() => !followed.known.has('never') && followed.status === 'in-sync');
  t.same([...followed.known], ['kept']);
  await new KubernetesStore(server.config).create(pool('after'));
  await followed.until(() => followed.known.has('after'));
});

t.test('more than a page is listed whole', async (t) => {
  const { store } = await start(t);
  await handles(store, 1001);
  const { items } = await store.list('IPAMHandle');
  t.equal(new Set(names(items)).size, 1001);
});
