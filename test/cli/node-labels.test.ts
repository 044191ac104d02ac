import t, { type Test } from 'tap';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
import { Cluster } from './harness.ts';

const nodes = { resource: 'nodes', namespace: undefined };

/** calicoctl at an API server that has one Node. */
async function start(test: Test): Promise<{ readonly shell: Cluster; readonly server: ApiServer }> {
  const server = await ApiServer.start();
  server.objects.create(nodes, { metadata: { name: 'n1', labels: { zone: 'a' } } });
  test.teardown(() => server.stop());
  const shell = new Cluster({
    openStore: async () => new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url }),
  });
  return { shell, server };
}

t.test('calicoctl gives labels to nodes of Kubernetes, and takes them away', async (t) => {
  const { shell, server } = await start(t);
  const shown = async (): Promise<unknown> => {
    const { stdout } = await shell.run('get node n1 -o json');
    return JSON.parse(stdout).metadata.labels;
  };
  t.match(await shell.run('label node n1 route-reflector=true'), {
    stdout: 'Successfully set label route-reflector on node n1\n',
  });
  t.same(await shown(), { zone: 'a', 'route-reflector': 'true' });
  t.match(await shell.run('label node n1 route-reflector --remove'), { code: 0 });
  t.same(await shown(), { zone: 'a' });
  for (const words of ['zone=b --overwrite', 'zone --remove']) {
    t.match(await shell.run(`label node n1 ${words}`), { code: 1, stderr: /label not changed: zone .* kubectl label/ });
  }
  t.same(server.objects.get(nodes, 'n1').metadata['labels'], { zone: 'a' });
});

t.test('a file’s labels and annotations take the place of those of the node', async (t) => {
  const { shell } = await start(t);
  const file = (metadata: string): string => `apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1, ${metadata}}
`;
  const shown = async (): Promise<unknown> => JSON.parse((await shell.run('get node n1 -o json')).stdout).metadata;
  t.match(await shell.run('apply -f -', file('labels: {rr: "1"}, annotations: {owner: me}')), { code: 0 });
  t.match(await shown(), { labels: { rr: '1', zone: 'a' }, annotations: { owner: 'me' } });
  t.match(await shell.run('replace -f -', file('labels: {rack: "2"}')), { code: 0 });
  t.match(await shown(), { labels: { rack: '2', zone: 'a', rr: undefined }, annotations: { owner: undefined } });
  const edited = (await shell.run('get node n1 -o yaml')).stdout.replace('rack: "2"', 'rack: "3"');
  t.match(await shell.run('replace -f -', edited), { code: 0 });
  t.match(await shown(), { labels: { rack: '3', zone: 'a' } });
});
