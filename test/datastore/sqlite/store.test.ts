import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../../src/datastore/index.ts';
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
