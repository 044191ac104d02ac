import t from 'tap';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { apiServerContract } from '../../contracts/api-server.ts';
import { assets, RealServer } from '../../datastore/kubernetes/real-server.ts';

t.setTimeout(3_600_000);
let server: Promise<RealServer> | undefined;
t.teardown(async () => (await server)?.stop());

apiServerContract('a real kube-apiserver', async () => {
  server ??= RealServer.start(assets ?? '');
  const real = await server;
  return {
    ask: (...request) => real.ask(...request),
    async remove() {
      const store = new KubernetesStore(real.config);
      await real.clear(store, ['IPPool']);
      await store.close();
    },
  };
});
