import t from 'tap';
import { Syncer, type SyncStatus } from '../../../src/datastore/index.ts';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { pool } from '../../contracts/store.ts';
import { assets, RealServer } from '../../datastore/kubernetes/real-server.ts';

t.setTimeout(3_600_000);

t.test('a cluster without our definitions is told of, waited for, and used as soon as it has them', async (t) => {
  const server = await RealServer.start(assets ?? '', { isBare: true });
  const store = new KubernetesStore(server.config);
  const states: SyncStatus[] = [];
  const known = new Set<string>();
  const syncer = new Syncer({
    store,
    kinds: ['IPPool', 'Node', 'KubernetesClusterNetworkPolicy'],
    onUpdates: (batch) => {
      for (const { key } of batch) known.add(key.name);
    },
    onStatus: (status) => states.push(status),
  });
  t.teardown(async () => {
    await syncer.stop();
    await store.close();
    await server.stop();
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const advice = /doesn't know this kind.*apply deploy\/crds/;
  t.equal(await store.get({ kind: 'IPPool', name: 'one' }), undefined);
  await t.rejects(store.create(pool('one')), { code: 'NOT_FOUND', message: advice });
  await t.rejects(store.list('IPPool'), { code: 'UNAVAILABLE', message: advice });
  syncer.start();
  await until(() => syncer.status().some(({ failure }) => failure !== undefined));
  t.match(syncer.status(), [
    { kind: 'IPPool', failure: advice },
    { kind: 'Node', failure: undefined },
    { kind: 'KubernetesClusterNetworkPolicy', failure: undefined },
  ]);
  await server.define();
  await store.create(pool('one'));
  await until(() => known.has('one') && states.at(-1) === 'in-sync');
  t.match(
    syncer.status().map(({ failure }) => failure),
    [undefined, undefined, undefined],
  );
});
