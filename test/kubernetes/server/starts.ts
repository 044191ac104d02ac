import t from 'tap';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { pool } from '../../contracts/store.ts';
import { Followed } from '../../datastore/followed.ts';
import { assets, RealServer } from '../../datastore/kubernetes/real-server.ts';

t.setTimeout(3_600_000);

t.test('a server that is starting is never taken for a cluster without objects', async (t) => {
  const server = await RealServer.start(assets ?? '');
  const store = new KubernetesStore(server.config);
  t.teardown(async () => {
    await store.close();
    await server.stop();
  });
  await store.create(pool('one'));
  await store.create({
    apiVersion: 'projectcalico.org/v3',
    kind: 'BFDConfiguration',
    metadata: { name: 'b' },
    spec: {},
  });
  const followed = new Followed(t, new KubernetesStore(server.config));
  followed.syncer.start();
  await followed.until(() => followed.status === 'in-sync');
  for (let turn = 0; turn < 3; turn++) {
    await server.kill();
    server.launch();
    let isReady = false;
    const ready = server.ready().then(() => {
      isReady = true;
    });
    const seen = new Map<string, number>();
    const note = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
    while (!isReady) {
      const told = (error: unknown): string => String((error as { code?: string }).code);
      note(
        `get: ${await store.get({ kind: 'IPPool', name: 'one' }).then((found) => (found === undefined ? 'none' : 'one'), told)}`,
      );
      note(`list: ${await store.list('BFDConfiguration').then(({ items }) => items.length, told)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await ready;
    t.comment(JSON.stringify([...seen]));
    t.notOk(seen.has('get: none'), 'an object that is there');
    t.notOk(seen.has('list: 0'), 'a kind that not every cluster has');
    t.ok(followed.known.has('one'));
  }
});
