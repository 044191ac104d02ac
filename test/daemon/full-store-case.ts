/**
 * A daemon whose datastore fills its disk: a process of its own, since SQLite looks for the file from this process's root.
 * Says what came to pass, as JSON.
 *
 *     node test/daemon/full-store-case.ts FOLDER
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Log, reasonOf, silentLog, systemClock } from '../../src/base/index.ts';
import { DatastoreFull, SqliteStore } from '../../src/datastore/index.ts';
import { until } from '../../src/lab/until.ts';
import { newResource } from '../../src/model/index.ts';
import { loneDaemon } from './lone-daemon.ts';

export interface Outcome {
  /** Addresses that pods were given before and after. */
  readonly before: string;
  readonly after: string;
  /** What the pod heard that came while the disk was full. */
  readonly refused: string;
  readonly problems: readonly string[];
  /** Before, while the disk was full, and in the end. */
  readonly ready: readonly boolean[];
  readonly warnings: readonly string[];
  /** Addresses of endpoints that were there while the disk was full, in the end, and when the pods were gone. */
  readonly endpoints: readonly (readonly string[])[];
  /** How many writes the store took, and how many objects it has of them. */
  readonly written: number;
  readonly found: number;
}

const [folder] = process.argv.slice(2) as [string];
const warnings: string[] = [];
const log: Log = { ...silentLog, warn: (_, message) => warnings.push(message), child: () => log };
const store = await SqliteStore.open({ path: join(folder, 'store.sqlite') });
const ends: (() => unknown)[] = [];
const { daemon, add, del } = await loneDaemon(
  { teardown: (end) => void ends.push(end) },
  { log, engine: { type: 'sqlite', store }, environment: { CALICO_NETWORKING_BACKEND: 'none' } },
);
const endpoints = async (): Promise<string[]> =>
  (await store.list('WorkloadEndpoint')).items.flatMap(({ spec }) => spec.ipNetworks ?? []);

const before = await add('before');
const wasReady = daemon.status().ready;
const filler = join(folder, 'filler');
fill();
let written = 0;
// What SQLite has room for in its log it takes yet.
for (let isFull = false; !isFull; ) {
  try {
    await store.create(newResource('IPReservation', { name: `r${written}` }, { reservedCIDRs: ['10.9.0.0/16'] }));
    written++;
  } catch (error) {
    if (!(error instanceof DatastoreFull)) throw error;
    isFull = true;
  }
}
const refused = await add('meanwhile').then(
  () => 'not refused',
  (error) => reasonOf(error),
);
await add('meanwhile').catch(() => {});
const ready = [wasReady, daemon.status().ready];
const { problems } = daemon.status();
const during = await endpoints();
rmSync(filler);
await until(
  systemClock,
  'the datastore to take writes again',
  async () => !daemon.status().problems.some((problem) => problem.includes('takes no writes')),
);
const after = await add('meanwhile');
const inTheEnd = await endpoints();
await del('meanwhile');
await del('before');
const outcome: Outcome = {
  ...{ before, after, refused, warnings, written },
  ready: [...ready, daemon.status().ready],
  problems,
  endpoints: [during, inTheEnd, await endpoints()],
  found: (await store.list('IPReservation')).items.length,
};
for (const end of ends.reverse()) await end();
console.log(JSON.stringify(outcome));

function fill(): void {
  const file = openSync(filler, 'a');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}
