/**
 * Many processes on one datastore take and give back addresses, and are killed at random; with etcd, its member is
 * killed, too, and comes back. Then everything is counted. By hand, with the full weight:
 * `node test/ipam/massacre.ts sqlite 16 50000`, `node test/ipam/massacre.ts etcd 16 50000`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { VirtualClock } from '../../src/base/index.ts';
import { type DatastoreConfig, openStore, type Store } from '../../src/datastore/index.ts';
import { audit, Collector, type Finding, Ipam, readAuditInput } from '../../src/ipam/index.ts';
import { newResource } from '../../src/model/index.ts';
import { EtcdServer } from '../datastore/etcd/server.ts';
import type { RacerOptions } from './racer.ts';

export interface MassacreOptions {
  readonly engine: 'sqlite' | 'etcd';
  readonly processes: number;
  /** Assignments that must have begun before it ends. */
  readonly operations: number;
  /** A process lives at most for so many assignments, if it isn't killed before. */
  readonly lifetime: number;
  /** The pool; small pools make them borrow. */
  readonly cidr: string;
  readonly seed: number;
}

export interface MassacreReport {
  readonly begun: number;
  /** Of those, how many got an address. */
  readonly assigned: number;
  readonly killed: number;
  /** How often the datastore itself was killed, and came back. */
  readonly outages: number;
  /** Processes that failed by themselves, with what they said. */
  readonly failures: readonly string[];
  /** Addresses that two living owners both believe to have. */
  readonly doubles: readonly string[];
  /** Allocations that belong to no living owner; those killed in the middle of something may leave such. */
  readonly leaked: readonly string[];
  /** Leaks whose owner wasn't in the middle of anything: there must be none. */
  readonly unexplained: readonly string[];
  /** What the audit says. */
  readonly findings: readonly Finding[];
  /** What it still says after the collector has been through. */
  readonly remaining: readonly Finding[];
}

/** So many processes that failed by themselves, and nobody needs to see more. */
const ENOUGH = 16;
/** How often the datastore goes away, in one massacre on etcd. */
const OUTAGES = 2;
/** As a cluster's etcd has it: history goes while the racers still run. */
const COMPACTION = ['--auto-compaction-mode', 'revision', '--auto-compaction-retention', '10000'];
/** A line of a journal, on average. */
const OCTETS_A_LINE = 34;

export async function massacre(options: MassacreOptions): Promise<MassacreReport> {
  const folder = await mkdtemp(join(tmpdir(), `vrt-massacre-${process.pid}-`));
  const etcd = options.engine === 'etcd' ? await EtcdServer.start('http', COMPACTION) : undefined;
  const datastore: DatastoreConfig =
    etcd === undefined
      ? { type: 'sqlite', path: join(folder, 'store.db') }
      : { type: 'etcdv3', endpoints: [etcd.endpoint] };
  const store = await openStore(datastore);
  try {
    await store.create(newResource('IPPool', { name: 'p' }, { cidr: options.cidr, blockSize: 28 }));
    for (let at = 0; at < options.processes; at++) await store.create(newResource('Node', { name: `node${at}` }, {}));
    const losses = await slaughter(options, datastore, folder, etcd);
    return { ...losses, ...(await count(store, folder)) };
  } finally {
    await store.close();
    await etcd?.stop();
    await rm(folder, { recursive: true });
  }
}

/** Keeps `processes` running, killing one now and then, until enough assignments have begun. */
async function slaughter(
  options: MassacreOptions,
  datastore: DatastoreConfig,
  folder: string,
  etcd: EtcdServer | undefined,
): Promise<Pick<MassacreReport, 'killed' | 'outages' | 'failures'>> {
  const random = mulberry32(options.seed);
  const script = bundledRacer(folder);
  const failures: string[] = [];
  let killed = 0;
  let begun = 0;
  let outages = 0;
  let outage = Promise.resolve();
  let generation = 0;
  const life = async (at: number): Promise<void> => {
    while (begun < options.operations && failures.length < ENOUGH) {
      const journal = join(folder, `journal-${generation++}`);
      const racer: RacerOptions = { datastore, node: `node${at}`, operations: options.lifetime, hold: 6, journal };
      const child = start(script, racer);
      let words = '';
      child.stderr?.on('data', (chunk) => (words += chunk));
      // Killed by count, not by time: when its journal has about so many lines, wherever it is then.
      const lines = random() < 0.7 ? Math.floor(random() * options.lifetime * 2) : Number.POSITIVE_INFINITY;
      const watch = setInterval(() => {
        if (octetsOf(journal) >= lines * OCTETS_A_LINE) child.kill('SIGKILL');
      }, 20);
      const [code, signal] = await ended(child);
      clearInterval(watch);
      begun += linesOf(journal).filter((line) => line.startsWith('want ')).length;
      if (signal === 'SIGKILL') killed++;
      else if (code !== 0) failures.push(words);
      if (etcd !== undefined && outages < OUTAGES && begun > ((outages + 1) * options.operations) / (OUTAGES + 1)) {
        outages++;
        outage = outage.then(() => etcd.kill('SIGKILL')).then(() => etcd.run());
        await outage;
      }
    }
  };
  await Promise.all(Array.from({ length: options.processes }, (_, at) => life(at)));
  return { killed, outages, failures };
}

/** The racer as one file: hundreds of them are started, and each would read a hundred modules. */
function bundledRacer(folder: string): string {
  buildSync({
    entryPoints: [join(import.meta.dirname, 'racer.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    external: ['@kubernetes/client-node'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return join(folder, 'racer.mjs');
}

function start(script: string, options: RacerOptions): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, script, JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

function ended(child: ChildProcess): Promise<readonly [code: number | null, signal: NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve([code, signal]));
  });
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

function octetsOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** What the journals say of each handle, against what the store says. */
async function count(store: Store, folder: string): Promise<Omit<MassacreReport, 'killed' | 'outages' | 'failures'>> {
  const state = new Map<string, { readonly verb: string; readonly address: string | undefined }>();
  let begun = 0;
  let assigned = 0;
  for (const file of readdirSync(folder).filter((name) => name.startsWith('journal-'))) {
    for (const line of linesOf(join(folder, file))) {
      const [verb, handle, address] = line.split(' ');
      if (verb === 'want') begun++;
      if (verb === 'got') assigned++;
      state.set(handle, { verb, address });
    }
  }
  const living = [...state].filter(([, { verb }]) => verb === 'got');
  const byAddress = Map.groupBy(living, ([, { address }]) => address ?? '');
  const doubles = [...byAddress].filter(([, users]) => users.length > 1).map(([address]) => address);
  for (const [handle, { address }] of living) {
    const node = /^race\.(.+)-\d+-\d+$/.exec(handle)![1];
    const spec = { node, pod: handle, ipNetworks: [`${address}/32`] };
    await store.create(newResource('WorkloadEndpoint', { name: handle, namespace: 'race' }, spec));
  }
  const { findings, allocations } = audit(await readAuditInput(store));
  const leaked = allocations.filter(({ inUse }) => !inUse);
  const unfinished = new Set(
    [...state].filter(([, { verb }]) => verb === 'want' || verb === 'give').map(([handle]) => handle),
  );
  const unexplained = leaked.filter(({ handle = '' }) => !unfinished.has(handle)).map(({ address }) => address);
  const remaining = await cleanUp(store);
  return { begun, assigned, doubles, leaked: leaked.map(({ address }) => address), unexplained, findings, remaining };
}

/** The collector, a grace later. Every node assigns once, as a living node would, which ends half-done claims. */
async function cleanUp(store: Store): Promise<readonly Finding[]> {
  const clock = new VirtualClock();
  const ipam = new Ipam({ store, clock });
  for (const { metadata } of (await store.list('Node')).items) {
    await ipam
      .ensureBlock({ hostname: metadata.name, num4: Number.MAX_SAFE_INTEGER, maxBlocksPerHost: 20 })
      .catch(() => {});
  }
  const collector = new Collector({ store, ipam, clock });
  await collector.sweep();
  clock.advance(15 * 60_000);
  await collector.sweep();
  return audit(await readAuditInput(store)).findings;
}

/** A small seeded generator of numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (import.meta.main) {
  const [engine = 'sqlite', ...sizes] = process.argv.slice(2);
  if (engine !== 'sqlite' && engine !== 'etcd') throw new Error(`engine ${engine}: sqlite or etcd`);
  const [processes = 16, operations = 50_000] = sizes.map(Number);
  const report = await massacre({
    engine,
    processes,
    operations,
    lifetime: 200,
    cidr: '10.0.0.0/20',
    seed: Date.now(),
  });
  console.log(report);
  if (report.doubles.length + report.unexplained.length + report.failures.length + report.remaining.length > 0) {
    process.exitCode = 1;
  }
}
