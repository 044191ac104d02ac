import t from 'tap';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';

t.test('a ConfigMap of kube-system is read; where there is none, or it is forbidden, nothing is', async (t) => {
  const server = await ApiServer.start();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  t.teardown(async () => {
    await store.close();
    await server.stop();
  });
  const read = () => store.configMaps.get('kubeadm-config');
  t.equal(await read(), undefined);
  const data = { ClusterConfiguration: 'podSubnet: 10.96.0.0/16' };
  const made = (namespace: string) =>
    server.objects.create({ resource: 'configmaps', namespace }, { metadata: { name: 'kubeadm-config' }, data });
  made('default');
  t.equal(await read(), undefined, 'that of another namespace');
  made('kube-system');
  t.same(await read(), data);
  server.objects.patch({ resource: 'configmaps', namespace: 'kube-system' }, 'kubeadm-config', { data: null });
  t.same(await read(), {});
  server.forbidden.add('configmaps');
  t.equal(await read(), undefined);
});
