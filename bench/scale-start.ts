/**
 * What it costs a node to be in sync with a large cluster: its syncer and its calculation, in a process of its own, started
 * by `scale.ts` with the datastore as its one argument. Prints one line of JSON.
 */
import { Calculation, INPUT_KINDS, isOfOthers } from '../src/calc/index.ts';
import { type DatastoreConfig, openStore, Syncer } from '../src/datastore/index.ts';
import { Keeping } from '../src/keeping/index.ts';

export interface Start {
  /** Seconds of processor until in sync with all worked out, the process itself included. */
  readonly processor: number;
  readonly seconds: number;
  readonly objects: number;
  /** MiB: resident at most, and with all in hand. */
  readonly peak: number;
  readonly after: number;
}

const begin = performance.now();
const store = await openStore(JSON.parse(process.argv[2]) as DatastoreConfig);
const calculation = new Calculation({ nodename: 'node-0' });
const { promise: synced, resolve } = Promise.withResolvers<void>();
const syncer = new Syncer({
  store,
  kinds: [...new Set([...INPUT_KINDS, ...Keeping.kinds])],
  passes: (resource) => isOfOthers('node-0', resource),
  onUpdates: (batch) => void calculation.apply(batch),
  onStatus: (status) => {
    if (status === 'in-sync') resolve();
  },
});
syncer.start();
await synced;
const { bgp, tunnels } = calculation.desired();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const objects = syncer.status().reduce((sum, kind) => sum + kind.objects, 0);
if (bgp === undefined || tunnels.vxlan4 === undefined) throw new Error('nothing came of it');
const seconds = (performance.now() - begin) / 1000;
globalThis.gc?.();
const answer: Start = {
  processor: (userCPUTime + systemCPUTime) / 1e6,
  seconds,
  objects,
  peak: maxRSS / 1024,
  after: process.memoryUsage().rss / 2 ** 20,
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
await syncer.stop();
await store.close();
