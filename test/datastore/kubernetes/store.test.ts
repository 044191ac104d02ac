import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { pool, storeContract } from '../../contracts/store.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';

const servers = new WeakMap<object, ApiServer>();

storeContract(
  'kubernetes',
  async () => {
    const server = await ApiServer.start();
    const config = { type: 'kubernetes', apiEndpoint: server.url } as const;
    const backing = { open: async () => new KubernetesStore(config), remove: () => server.stop() };
    servers.set(backing, server);
    return backing;
  },
  {
    async forget(backing) {
      const store = await backing.open();
      await store.update(pool('one'));
      servers.get(backing)?.objects.compact();
      await store.close();
    },
  },
);
