import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { Syncer } from '../../src/datastore/index.ts';
import { IpamKeeping } from '../../src/keeping/ipam-keeping.ts';
import { KnownNodes } from '../../src/keeping/known-nodes.ts';
import { newResource } from '../../src/model/index.ts';
import { TestCluster } from '../ipam/cluster.ts';
import { CountingStore } from '../ipam/counting-store.ts';

const MINUTE = 60_000;

async function cluster(): Promise<TestCluster> {
  const made = new TestCluster();
  await made.pool('p', '10.0.0.0/24');
  await made.node('node1');
  await made.node('node2');
  return made;
}

/** A node's keeping, told of the store by a syncer as in the daemon. */
async function keep(t: Test, { store, clock }: TestCluster, nodename = 'node1', ledger = 'none') {
  const counting = new CountingStore(store);
  const nodes = new KnownNodes({ nodename, store: counting.store });
  const keeping = new IpamKeeping({ nodename, store: counting.store, clock, log: silentLog, ledger });
  const syncer = new Syncer({
    store,
    kinds: IpamKeeping.kinds,
    clock,
    onUpdates: (batch) => {
      nodes.apply(batch);
      keeping.apply(batch);
    },
    onStatus: (status) => {
      if (status === 'in-sync') keeping.begin();
    },
  });
  syncer.start();
  t.teardown(async () => {
    await syncer.stop();
    await keeping.stop();
  });
  await clock.advanceAsync(1000);
  return { counting, keeping };
}

async function configure({ store }: TestCluster, leakGracePeriod: string): Promise<void> {
  const spec = { controllers: { node: { leakGracePeriod } } };
  await store.create(newResource('KubeControllersConfiguration', { name: 'default' }, spec));
}

async function endpoint({ store }: TestCluster, node: string, pod: string, address: string): Promise<void> {
  const metadata = { name: `${node}-k8s-${pod}-eth0`, namespace: 'default' };
  await store.create(newResource('WorkloadEndpoint', metadata, { node, pod, ipNetworks: [`${address}/32`] }));
}

t.test('in the daemon a warm assignment is two writes and no read', async (t) => {
  const it = await cluster();
  const { counting, keeping } = await keep(t, it);
  await it.assign('node1', 'first', keeping.ipam);
  t.strictSame(await counting.during(() => it.assign('node1', 'second', keeping.ipam)), { create: 1, update: 1 });
});

t.test('the leader takes back what nobody uses, and counts as kube-controllers do', async (t) => {
  const it = await cluster();
  const { keeping } = await keep(t, it);
  const other = (await keep(t, it, 'node2')).keeping;
  const used = await it.assign('node1', 'used', keeping.ipam);
  await endpoint(it, 'node1', 'used', used);
  await it.assign('node1', 'lost', keeping.ipam);
  await it.clock.advanceAsync(8 * MINUTE);
  const labels = { ippool: 'p', node: 'node1' };
  t.match(await keeping.samples(), {
    ipam_ippool_size: [[{ ippool: 'p' }, 256]],
    ipam_blocks: [[labels, 1]],
    ipam_allocations_in_use: [[labels, 2]],
    ipam_allocations_borrowed: [[labels, 0]],
    ipam_allocations_gc_candidates: [[labels, 1]],
    ipam_allocations_gc_reclamations: [],
  });
  t.strictSame(await other.samples(), {}, 'only the leader tells');
  await it.clock.advanceAsync(30 * MINUTE);
  t.match(await keeping.samples(), {
    ipam_allocations_in_use: [[labels, 1]],
    ipam_allocations_gc_candidates: [],
    ipam_allocations_gc_reclamations: [[labels, 1]],
  });
  t.strictSame(await it.ipam.ipsByHandle('used').then((held) => held.length), 1);
});

t.test('the grace is what KubeControllersConfiguration says, from the next sweep on', async (t) => {
  const it = await cluster();
  await configure(it, '1m');
  await keep(t, it);
  await it.assign('node1', 'lost');
  await it.clock.advanceAsync(3 * MINUTE);
  await t.rejects(it.ipam.ipsByHandle('lost'), { code: 'HANDLE_NOT_FOUND' });
});

t.test('with a grace of 0 nothing is taken back', async (t) => {
  const it = await cluster();
  await configure(it, '0s');
  const { keeping } = await keep(t, it);
  await it.assign('node1', 'lost');
  await it.clock.advanceAsync(120 * MINUTE);
  t.equal((await it.ipam.ipsByHandle('lost')).length, 1);
  t.match(await keeping.samples(), { ipam_allocations_in_use: [[{ node: 'node1' }, 1]] }, 'counted it is');
});

t.test('when the leader is gone another one goes on, with the whole grace', async (t) => {
  const it = await cluster();
  const { keeping } = await keep(t, it);
  await keep(t, it, 'node2');
  await it.assign('node1', 'lost');
  await it.clock.advanceAsync(14 * MINUTE);
  await keeping.stop();
  await it.clock.advanceAsync(10 * MINUTE);
  t.equal((await it.ipam.ipsByHandle('lost')).length, 1);
  await it.clock.advanceAsync(15 * MINUTE);
  await t.rejects(it.ipam.ipsByHandle('lost'), { code: 'HANDLE_NOT_FOUND' });
});

t.test('the ledger has what was given out and taken back', async (t) => {
  const it = await cluster();
  const path = join(t.testdir(), 'state', 'ledger.jsonl');
  const { keeping } = await keep(t, it, 'node1', path);
  const address = await it.assign('node1', 'pod', keeping.ipam);
  await keeping.ipam.releaseByHandle('pod');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  t.match(
    lines.map((line) => JSON.parse(line)),
    [
      { event: 'assigned', address, handleId: 'pod' },
      { event: 'released', address, handleId: 'pod' },
    ],
  );
});

t.test('affinities of older versions get their labels', async (t) => {
  const it = await cluster();
  const spec = { state: 'confirmed', node: 'node1', type: 'host', cidr: '10.0.0.0/26', deleted: false } as const;
  await it.store.create(newResource('BlockAffinity', { name: 'node1-10-0-0-0-26' }, spec));
  await keep(t, it);
  t.match(await it.store.get({ kind: 'BlockAffinity', name: 'node1-10-0-0-0-26' }), {
    metadata: { labels: { 'projectcalico.org/affinity-type': 'host' } },
  });
});
