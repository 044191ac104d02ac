import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type DatastoreConfig, openStore } from '../../src/datastore/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'vrt-open-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** One of each type, by its type: the compiler sees to it that none is missing. */
const configs: { readonly [Type in DatastoreConfig['type']]: Extract<DatastoreConfig, { readonly type: Type }> } = {
  memory: { type: 'memory' },
  sqlite: { type: 'sqlite', path: join(folder, 'vrouter.db') },
  etcdv3: { type: 'etcdv3', endpoints: ['http://127.0.0.1:1'] },
  kubernetes: { type: 'kubernetes', apiEndpoint: 'http://127.0.0.1:1' },
};

t.test('each type of datastore opens; those far away fail only when they are asked', async (test) => {
  for (const config of Object.values(configs)) {
    const store = await openStore(config);
    const isFar = config.type === 'etcdv3' || config.type === 'kubernetes';
    if (isFar)
      await test.rejects(store.list('IPPool'), { code: 'UNAVAILABLE', message: /127\.0\.0\.1:1.*ECONNREFUSED/ });
    else test.same((await store.list('IPPool')).items, []);
    await store.close();
    await test.rejects(store.list('IPPool'), { code: 'UNAVAILABLE', message: /closed/ });
  }
});
