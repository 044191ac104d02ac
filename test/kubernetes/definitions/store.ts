import t from 'tap';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { crdKinds, definitionOf, type KindName, newResource } from '../../../src/model/index.ts';
import { pool, storeContract } from '../../contracts/store.ts';
import { definitions } from '../../fakes/api-server/definitions.ts';
import { CrdServer } from '../crd-server.ts';
import { sampleOf } from './variants.ts';

const kinds = ['IPPool', 'IPReservation', 'NetworkSet', 'IPAMBlock', 'IPAMHandle'] as const;

t.setTimeout(600_000);
const server = await CrdServer.start();
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

t.test('every kind goes in, comes out, changes and goes', async (t) => {
  const store = new KubernetesStore(server.config);
  t.teardown(() => store.close());
  for (const kind of crdKinds) {
    const namespace = definitionOf(kind).namespaced ? 'x' : undefined;
    const made = await store.create(newResource(kind, { name: 'default', namespace }, specOf(kind) as never));
    const key = { kind, name: 'default', namespace };
    t.strictSame(await store.get(key), made, kind);
    const labelled = { ...made, metadata: { ...made.metadata, labels: { 'example.org/colour': 'red' } } };
    const changed = await store.update(labelled as typeof made);
    t.strictSame((await store.list(kind)).items, [changed], kind);
    await store.delete(key);
    t.equal(await store.get(key), undefined, kind);
  }
});

/** The least that a definition takes. */
function specOf(kind: KindName): unknown {
  const { crd, plural } = definitionOf(kind);
  const { versions } = definitions.get(`${crd?.plural ?? plural}.crd.projectcalico.org`)!.spec;
  return { ...(sampleOf(versions[0].schema.openAPIV3Schema.properties!['spec']) as object), ...more[kind] };
}

const more: Partial<Record<KindName, object>> = { HostEndpoint: { interfaceName: 'eth0' } };
