import t, { type Test } from 'tap';
import { Syncer } from '../../src/datastore/index.ts';
import { factKinds, Ipam, KnownFacts, StoreFacts } from '../../src/ipam/index.ts';
import { TestCluster, texts } from './cluster.ts';
import { CountingStore } from './counting-store.ts';

/** A node whose facts are kept by a syncer, as in the daemon. */
async function warmNode(t: Test, cluster: TestCluster) {
  const counting = new CountingStore(cluster.store);
  const facts = new KnownFacts(new StoreFacts(counting.store));
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  const syncer = new Syncer({
    store: cluster.store,
    kinds: factKinds,
    clock: cluster.clock,
    onUpdates: (batch) => facts.apply(batch),
    onStatus: (status) => {
      if (status !== 'in-sync') return;
      facts.inSync();
      resolve();
    },
  });
  syncer.start();
  t.teardown(() => syncer.stop());
  await cluster.clock.advanceAsync(0);
  await synced;
  return { counting, ipam: new Ipam({ store: counting.store, clock: cluster.clock, facts }) };
}

t.test('with a warm block an assignment is two writes, its handle and its block', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24');
  const { counting, ipam } = await warmNode(t, cluster);
  const cold = await counting.during(() => cluster.assign('node1', 'a', ipam));
  t.strictSame(cold, { get: 1, list: 1, create: 3, update: 2 });
  t.strictSame(await counting.during(() => cluster.assign('node1', 'b', ipam)), { create: 1, update: 1 });
  t.strictSame(await counting.during(() => ipam.releaseByHandle('b')), { get: 1, update: 1, delete: 1 });
  t.strictSame(await counting.during(() => ipam.autoAssign({ hostname: 'node1', num4: 1 })), { update: 1 });
});

t.test('a conflict costs two more: read the block and write it again', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24');
  const { counting, ipam } = await warmNode(t, cluster);
  await cluster.assign('node1', 'a', ipam);
  await cluster.assign('node1', 'b', cluster.client());
  t.strictSame(await counting.during(() => cluster.assign('node1', 'c', ipam)), { get: 1, create: 1, update: 2 });
});

t.test('what the syncer has not told yet is asked for before anybody is refused', async (t) => {
  const cluster = new TestCluster();
  const { ipam } = await warmNode(t, cluster);
  await cluster.pool('new', '10.0.0.0/24');
  t.equal(texts(await ipam.autoAssign({ hostname: 'node1', num4: 1 })).length, 1);
});

t.test('what the syncer tells is used: pools, reservations, settings and labels', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/30', { blockSize: 30, nodeSelector: 'zone == "east"' });
  await cluster.node('node1', { zone: 'east' });
  const { ipam } = await warmNode(t, cluster);
  t.strictSame(await cluster.assignMany('node1', 'a', 1, ipam), ['10.0.0.0']);
  await cluster.reserve('10.0.0.1');
  await cluster.configure({ strictAffinity: true, maxBlocksPerHost: 1 });
  await cluster.clock.advanceAsync(100);
  t.strictSame(await cluster.assignMany('node1', 'b', 1, ipam), ['10.0.0.2']);
  await t.rejects(cluster.assignMany('node1', 'c', 2, ipam), { code: 'BLOCK_LIMIT' });
  await cluster.store.delete({ kind: 'IPPool', name: 'p' });
  await cluster.clock.advanceAsync(100);
  await t.rejects(cluster.assignMany('node1', 'd', 1, ipam), { code: 'NO_POOLS' });
});

t.test('requests side by side in one process neither conflict nor claim more than they need', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/16');
  const { counting, ipam } = await warmNode(t, cluster);
  await cluster.assign('node1', 'first', ipam);
  const pods = Array.from({ length: 60 }, (_, at) => `pod${at}`);
  const calls = await counting.during(() => Promise.all(pods.map((pod) => cluster.assign('node1', pod, ipam))));
  t.strictSame(calls, { create: 60, update: 60 });
  const back = await counting.during(() => Promise.all(pods.map((pod) => ipam.releaseByHandle(pod))));
  t.strictSame(back, { get: 60, update: 60, delete: 60 });
  t.equal((await cluster.dump()).length, 3, 'one affinity, one block, one handle');
});
