import t from 'tap';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';

t.test('what is written about a pod that was made anew meanwhile is a conflict', async (t) => {
  const server = await ApiServer.start();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  t.teardown(async () => {
    await store.close();
    await server.stop();
  });
  const place = { resource: 'pods', namespace: 'default' };
  const make = () => server.objects.create(place, { metadata: { name: 'web' }, spec: { nodeName: 'n1' } });
  make();
  const [former] = (await store.list('WorkloadEndpoint')).items;
  server.objects.delete(place, 'web', {});
  make();
  const { resourceVersion: _, ...metadata } = former.metadata;
  await t.rejects(store.create({ ...former, metadata }), { code: 'CONFLICT' });
  await t.rejects(store.update(former), { code: 'CONFLICT' });
});
