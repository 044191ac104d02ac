/**
 * IPAM on sqlite and on etcd (one real member on loopback that doesn't wait for the disk): assignments per second and the
 * time that one takes, by 1, 16 and 64 nodes at once, each with a warm block; then more nodes than blocks, so that all but
 * one borrow from the same block; then the start-up of a daemon's syncer in a cluster of 5,000 nodes and 10,000
 * blocks. `node bench/ipam.ts [--engine sqlite|etcd]`; both when nothing is given.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parsePrefix, subnet } from '../src/base/index.ts';
import { type DatastoreConfig, openStore, type Store } from '../src/datastore/index.ts';
import { affinityLabels, affinityName, blockName, newResource } from '../src/model/index.ts';
import { EtcdServer } from '../test/datastore/etcd/server.ts';
import type { Outcome, Share } from './ipam-node.ts';
import type { StartUp } from './ipam-scale.ts';

type Engine = 'sqlite' | 'etcd';

/** More nodes than this share processes: starting them would take longer than the measurement. */
const PROCESSES = 16;
/** Of all nodes of a row together. */
const ASSIGNMENTS: Readonly<Record<Engine, number>> = { sqlite: 640, etcd: 384 };
const CLUSTER = { nodes: 5000, blocks: 10_000 } as const;

const asked = parseArgs({ options: { engine: { type: 'string' } } }).values.engine;
if (asked !== undefined && asked !== 'sqlite' && asked !== 'etcd') throw new Error(`engine ${asked}: sqlite or etcd`);
const engines: readonly Engine[] = asked === undefined ? ['sqlite', 'etcd'] : [asked];

console.log('engine  nodes  pool          assignments/s    p50 ms    p99 ms  calls to the store for one');
for (const engine of engines) {
  const all = ASSIGNMENTS[engine];
  for (const nodes of [1, 16, 64]) await contend(engine, nodes, '10.0.0.0/16', all / nodes);
  await contend(engine, 16, '10.0.0.0/26', all / 128);
}
console.log('Calico with a warm block, counted from its protocol: 8 reads and 2 writes, one after another');
for (const engine of engines) await startUp(engine);

async function contend(engine: Engine, nodes: number, cidr: string, assignments: number): Promise<void> {
  await withDatastore(engine, async (datastore, store) => {
    await store.create(newResource('IPPool', { name: 'p' }, { cidr }));
    const names = Array.from({ length: nodes }, (_, at) => `node${at}`);
    const shares = [...Map.groupBy(names, (_, at) => at % PROCESSES).values()];
    const script = join(import.meta.dirname, 'ipam-node.ts');
    const children = shares.map(() => fork(script, { execArgv: process.execArgv }));
    await Promise.all(
      children.map((child, at) => answer(child, { datastore, nodes: shares[at], assignments } satisfies Share)),
    );
    const outcomes = await Promise.all(children.map((child) => answer(child, 'go') as Promise<Outcome>));
    for (const child of children) if (child.connected) child.disconnect();
    report(engine, nodes, cidr, outcomes);
  });
}

function report(engine: Engine, nodes: number, cidr: string, outcomes: readonly Outcome[]): void {
  const latencies = outcomes.flatMap((outcome) => outcome.latencies).sort((a, b) => a - b);
  const at = (share: number): string => latencies[Math.floor((latencies.length - 1) * share)].toFixed(2);
  const rate = latencies.length / Math.max(...outcomes.map(({ seconds }) => seconds));
  const calls = outcomes.reduce((sum, { roundTrips }) => sum + roundTrips, 0) / latencies.length;
  const row = [
    engine.padEnd(6),
    String(nodes).padStart(6),
    '',
    cidr.padEnd(12),
    rate.toFixed(0).padStart(14),
    at(0.5).padStart(9),
    at(0.99).padStart(9),
    calls.toFixed(2).padStart(8),
  ];
  console.log(row.join(' '));
}

async function startUp(engine: Engine): Promise<void> {
  await withDatastore(engine, async (datastore, store) => {
    await populate(store);
    const script = join(import.meta.dirname, 'ipam-scale.ts');
    const args = [...process.execArgv, '--expose-gc', script, JSON.stringify(datastore)];
    const { seconds, objects, before, after } = JSON.parse(
      execFileSync(process.execPath, args, { encoding: 'utf8' }),
    ) as StartUp;
    const memory = `${after.toFixed(0)} MiB resident, of which ${(after - before).toFixed(0)} since it began`;
    console.log(`${engine}: in sync with ${objects} objects after ${seconds.toFixed(2)} s; ${memory}`);
  });
}

/** A cluster's nodes with two blocks each, a few addresses taken in every block, and the affinities. */
async function populate(store: Store): Promise<void> {
  const cidr = parsePrefix('10.0.0.0/12');
  await store.create(newResource('IPPool', { name: 'p' }, { cidr: '10.0.0.0/12' }));
  const writes: (() => Promise<unknown>)[] = [];
  for (let at = 0; at < CLUSTER.nodes; at++) {
    const bgp = { ipv4Address: `172.${16 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}/12` };
    writes.push(() =>
      store.create(newResource('Node', { name: `node${at}`, labels: { rack: `r${at % 40}` } }, { bgp })),
    );
  }
  for (let at = 0; at < CLUSTER.blocks; at++) {
    const node = `node${at % CLUSTER.nodes}`;
    const { value } = subnet(cidr, 26, at);
    const text = `${[24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')}/26`;
    const taken = 20;
    const spec = {
      cidr: text,
      affinity: `host:${node}`,
      allocations: Array.from({ length: 64 }, (_, ordinal) => (ordinal < taken ? ordinal : null)),
      unallocated: Array.from({ length: 64 - taken }, (_, ordinal) => ordinal + taken),
      attributes: Array.from({ length: taken }, (_, ordinal) => ({
        handle_id: `k8s-pod-network.${at}-${ordinal}`,
        secondary: { node, pod: `pod-${at}-${ordinal}`, namespace: 'default' },
      })),
      sequenceNumber: BigInt(at),
    };
    writes.push(() => store.create(newResource('IPAMBlock', { name: blockName(text) }, spec)));
    const metadata = { name: affinityName(node, text), labels: affinityLabels(node, 'host', text) };
    const affinity = { state: 'confirmed', node, type: 'host', cidr: text, deleted: false } as const;
    writes.push(() => store.create(newResource('BlockAffinity', metadata, affinity)));
  }
  const writer = async (): Promise<void> => {
    for (let write = writes.pop(); write !== undefined; write = writes.pop()) await write();
  };
  await Promise.all(Array.from({ length: 32 }, writer));
}

async function withDatastore(
  engine: Engine,
  work: (datastore: DatastoreConfig, store: Store) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vrt-bench-ipam-'));
  const etcd = engine === 'etcd' ? await EtcdServer.start() : undefined;
  const datastore: DatastoreConfig =
    etcd === undefined
      ? { type: 'sqlite', path: join(folder, 'store.db') }
      : { type: 'etcdv3', endpoints: [etcd.endpoint] };
  const store = await openStore(datastore);
  await work(datastore, store);
  await store.close();
  await etcd?.stop();
  await rm(folder, { recursive: true });
}

function answer(child: ChildProcess, question: object | string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`a process ended with ${code}`)));
    child.send(question);
  });
}
