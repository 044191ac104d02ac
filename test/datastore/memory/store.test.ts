import { MemoryDatabase, MemoryStore } from '../../../src/datastore/index.ts';
import { pool, storeContract } from '../../contracts/store.ts';

storeContract(
  'memory',
  async () => {
    const database = new MemoryDatabase(100);
    return { open: async () => new MemoryStore({ database }), remove: async () => {} };
  },
  {
    async forget(backing) {
      const store = await backing.open();
      for (let at = 0; at < 250; at++) await store.update(pool('one'));
    },
  },
);
