/**
 * How long a daemon's syncer takes until it is in sync with a large cluster, and how much memory it then holds: a process
 * of its own, started by `ipam.ts` with the datastore as its one argument. Prints one line of JSON.
 */
import { INPUT_KINDS } from '../src/calc/index.ts';
import { type DatastoreConfig, openStore, Syncer, type Update } from '../src/datastore/index.ts';
import { factKinds } from '../src/ipam/index.ts';

export interface StartUp {
  readonly seconds: number;
  readonly objects: number;
  /** Resident set of the process, in MiB: before it began, and with all objects in hand. */
  readonly before: number;
  readonly after: number;
}

const datastore = JSON.parse(process.argv[2]) as DatastoreConfig;
const known = new Map<string, Update['resource']>();
const before = process.memoryUsage().rss;
const begin = performance.now();
const store = await openStore(datastore);
const { promise: synced, resolve } = Promise.withResolvers<void>();
const syncer = new Syncer({
  store,
  kinds: [...new Set([...INPUT_KINDS, ...factKinds, 'IPAMBlock' as const])],
  onUpdates: (batch) => {
    for (const { key, resource } of batch) known.set(`${key.kind} ${key.name}`, resource);
  },
  onStatus: (status) => {
    if (status === 'in-sync') resolve();
  },
});
syncer.start();
await synced;
const seconds = (performance.now() - begin) / 1000;
globalThis.gc?.();
const after = process.memoryUsage().rss;
const MiB = 2 ** 20;
const answer: StartUp = { seconds, objects: known.size, before: before / MiB, after: after / MiB };
process.stdout.write(`${JSON.stringify(answer)}\n`);
await syncer.stop();
await store.close();
