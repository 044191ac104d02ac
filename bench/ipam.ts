/**
 * IPAM on one datastore: assignments per second and the time that one takes, by one node and by several at once, each
 * a process of its own with a warm block. `node bench/ipam.ts [sqlite|etcd] [nodes …]`; sqlite, 1 and 16 when nothing
 * is given. etcd is one real member on loopback that doesn't wait for the disk.
 *
 * The last row is the worst case: more nodes than blocks, so that all but one must borrow from the same block.
 * Calico needs, for one address with a warm block (counted from its protocol): the pools, the node, the IPAM
 * configuration, the reservations, the node's affinities, the affinity, the block, the handle: eight reads; then the
 * handle and the block: two writes.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatastoreConfig, openStore, Syncer } from '../src/datastore/index.ts';
import { factKinds, Ipam, KnownFacts, StoreFacts } from '../src/ipam/index.ts';
import { newResource } from '../src/model/index.ts';
import { EtcdServer } from '../test/datastore/etcd/server.ts';
import { CountingStore } from '../test/ipam/counting-store.ts';

interface Share {
  readonly datastore: DatastoreConfig;
  readonly node: string;
  readonly assignments: number;
}

interface Outcome {
  readonly latencies: readonly number[];
  readonly seconds: number;
  readonly roundTrips: number;
}

/** Addresses that a node holds before it gives them back: less than a block. */
const HELD = 3;

if (process.send === undefined) await lead();
else process.once('message', (share) => void follow(share as Share));

async function lead(): Promise<void> {
  const [first = 'sqlite', ...rest] = process.argv.slice(2);
  const engine = first === 'etcd' ? 'etcd' : 'sqlite';
  const sizes = (/^\d+$/.test(first) ? [first, ...rest] : rest).map(Number);
  console.log('nodes  pool           assign+release/s   p50 ms   p99 ms  calls to the store for an assignment');
  for (const nodes of sizes.length > 0 ? sizes : [1, 16]) {
    await measure(engine, nodes, '10.0.0.0/16', Math.ceil(1000 / nodes));
  }
  await measure(engine, 16, '10.0.0.0/26', 10);
}

async function measure(engine: 'sqlite' | 'etcd', nodes: number, cidr: string, assignments: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vrt-bench-ipam-'));
  const etcd = engine === 'etcd' ? await EtcdServer.start() : undefined;
  const datastore: DatastoreConfig =
    etcd === undefined
      ? { type: 'sqlite', path: join(folder, 'store.db') }
      : { type: 'etcdv3', endpoints: [etcd.endpoint] };
  const store = await openStore(datastore);
  await store.create(newResource('IPPool', { name: 'p' }, { cidr }));
  const children = Array.from({ length: nodes }, () => fork(import.meta.filename, { execArgv: process.execArgv }));
  const ready = children.map((child, at) =>
    answer(child, { datastore, node: `node${at}`, assignments } satisfies Share),
  );
  await Promise.all(ready);
  const outcomes = await Promise.all(children.map((child) => answer(child, 'go') as Promise<Outcome>));
  for (const child of children) if (child.connected) child.disconnect();
  report(nodes, cidr, outcomes);
  await store.close();
  await etcd?.stop();
  await rm(folder, { recursive: true });
}

function answer(child: ChildProcess, question: object | string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`a node ended with ${code}`)));
    child.send(question);
  });
}

function report(nodes: number, cidr: string, outcomes: readonly Outcome[]): void {
  const latencies = outcomes.flatMap((outcome) => outcome.latencies).sort((a, b) => a - b);
  const at = (share: number): string => latencies[Math.floor((latencies.length - 1) * share)].toFixed(2);
  const rate = latencies.length / Math.max(...outcomes.map(({ seconds }) => seconds));
  const calls = outcomes.reduce((sum, { roundTrips }) => sum + roundTrips, 0) / latencies.length;
  const columns = [String(nodes).padStart(5), cidr.padEnd(13), rate.toFixed(0).padStart(17)];
  console.log([...columns, at(0.5).padStart(8), at(0.99).padStart(8), calls.toFixed(2).padStart(8)].join(' '));
}

/** One node: claims its block, says that it is ready, and at `go` assigns and releases. */
async function follow({ datastore, node, assignments }: Share): Promise<void> {
  const plain = await openStore(datastore);
  const { store, counts } = new CountingStore(plain);
  const facts = new KnownFacts(new StoreFacts(plain));
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  const onStatus = (status: string): void => {
    if (status === 'in-sync') resolve();
  };
  const syncer = new Syncer({ store: plain, kinds: factKinds, onUpdates: (batch) => facts.apply(batch), onStatus });
  syncer.start();
  await synced;
  facts.inSync();
  const ipam = new Ipam({ store, facts });
  await ipam.autoAssign({ hostname: node, handleId: `${node}-warm`, num4: 1, attributes: { node } });
  process.once('message', () => void run());
  process.send?.('ready');

  async function run(): Promise<void> {
    const latencies: number[] = [];
    const held: string[] = [];
    let roundTrips = 0;
    const begin = performance.now();
    for (let at = 0; at < assignments; at++) {
      const handleId = `k8s-pod-network.${node}-${at}`;
      const before = Object.values(counts).reduce((sum, count) => sum + count, 0);
      const start = performance.now();
      await ipam.autoAssign({ hostname: node, handleId, num4: 1, attributes: { node, pod: handleId, namespace: 'n' } });
      latencies.push(performance.now() - start);
      roundTrips += Object.values(counts).reduce((sum, count) => sum + count, 0) - before;
      if (held.push(handleId) > HELD) await ipam.releaseByHandle(held.shift()!).catch(() => {});
    }
    const seconds = (performance.now() - begin) / 1000;
    process.send?.({ latencies, seconds, roundTrips } satisfies Outcome, async () => {
      await syncer.stop();
      await plain.close();
    });
  }
}
