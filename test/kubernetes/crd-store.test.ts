import t from 'tap';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { pool, storeContract } from '../contracts/store.ts';
import { CrdServer, crdServer } from './crd-server.ts';

const kinds = ['IPPool', 'IPReservation', 'NetworkSet', 'IPAMBlock', 'IPAMHandle'] as const;

if (crdServer === undefined) t.pass('needs KUBEBUILDER_ASSETS with a crd-server: test/kubernetes/build-crd-server.sh');
else {
  t.setTimeout(600_000);
  const server = await CrdServer.start(crdServer);
  await server.define();
  t.teardown(() => server.stop());
  storeContract(
    'Kubernetes’ own server of custom resources',
    async () => ({
      open: async () => new KubernetesStore(server.config),
      async remove() {
        const store = new KubernetesStore(server.config);
        for (const kind of kinds) {
          for (const { metadata } of (await store.list(kind)).items) {
            await store.delete({ kind, name: metadata.name, namespace: metadata.namespace });
          }
        }
        await store.close();
      },
    }),
    {
      // It has no Nodes, no Services and nothing else of a core API.
      hasCore: false,
      async forget(backing) {
        const store = await backing.open();
        await store.update(pool('one'));
        await store.close();
        await server.forget();
      },
    },
  );
}
