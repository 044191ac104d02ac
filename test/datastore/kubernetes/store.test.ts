import t from 'tap';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { pool, storeContract } from '../../contracts/store.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';
import { assets, RealServer } from './real-server.ts';

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

/** One real server for all: starting one takes seconds. What it forgets, and when, is its own affair. */
if (assets !== undefined) {
  const programs = assets;
  t.setTimeout(3_600_000);
  let server: Promise<RealServer> | undefined;
  t.teardown(async () => (await server)?.stop());
  storeContract('a real kube-apiserver', async () => {
    server ??= RealServer.start(programs);
    const real = await server;
    return {
      open: async () => new KubernetesStore(real.config),
      async remove() {
        const store = new KubernetesStore(real.config);
        await real.clear(store, ['IPPool', 'IPReservation', 'NetworkSet', 'IPAMBlock', 'IPAMHandle']);
        await store.close();
      },
    };
  });
}
