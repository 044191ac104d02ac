import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { SqliteStore, Syncer, type Update } from '../../../src/datastore/index.ts';
import { newResource } from '../../../src/model/index.ts';
import { pool, storeContract } from '../../contracts/store.ts';

storeContract(
  'sqlite',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vrt-sqlite-'));
    const path = join(folder, 'deep', 'vrouter.db');
    return {
      open: () => SqliteStore.open({ path, history: 100 }),
      remove: () => rm(folder, { recursive: true }),
    };
  },
  {
    async forget(backing) {
      const store = await backing.open();
      for (let at = 0; at < 250; at++) await store.update(pool('one'));
      await store.close();
    },
  },
);

t.test('a large listing is delivered in portions: nobody holds all of it at once', async (test) => {
  const store = await SqliteStore.open({ path: join(test.testdir(), 'db'), history: 100 });
  const create = (name: string) => store.create(newResource('IPAMHandle', { name }, { handleID: name, block: {} }));
  for (let at = 0; at < 1500; at++) await create(`h${at}`);
  const batches: (readonly Update[])[] = [];
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  const syncer = new Syncer({
    store,
    kinds: ['IPAMHandle'],
    passes: () => true,
    onUpdates: (batch) => batches.push(batch),
    onStatus: (status) => status === 'in-sync' && resolve(),
  });
  syncer.start();
  await synced;
  test.equal(batches.flat().length, 1500);
  test.ok(Math.max(...batches.map((batch) => batch.length)) <= 400);
  await store.delete({ kind: 'IPAMHandle', name: 'h7' });
  while (batches.at(-1)?.[0]?.resource !== undefined) await new Promise((soon) => setImmediate(soon));
  test.match(batches.at(-1), [{ key: { kind: 'IPAMHandle', name: 'h7' } }], 'what was passed on is known all the same');
  test.equal(syncer.status()[0].objects, 1499);
  await syncer.stop();
  await store.close();
});
