/**
 * One process of a race: takes and gives back addresses in a datastore as one node, as fast as it can. Each address
 * is looked at before it goes back: if it has become somebody else's meanwhile, that is said and the process fails. A
 * datastore that is away is waited for: what was being assigned then is given up, what goes back is tried again.
 * Started by tests with one argument, a JSON `RacerOptions`; prints a `RacerResult` at the end.
 */
import { appendFileSync } from 'node:fs';
import { formatAddress, sleep, systemClock } from '../../src/base/index.ts';
import { type DatastoreConfig, DatastoreUnavailable, openStore, Syncer } from '../../src/datastore/index.ts';
import { type AutoAssignment, factKinds, Ipam, isIpamError, KnownFacts, StoreFacts } from '../../src/ipam/index.ts';

export interface RacerOptions {
  readonly datastore: DatastoreConfig;
  readonly node: string;
  readonly operations: number;
  /** Addresses it keeps at most; then it gives the oldest back. */
  readonly hold: number;
  /** A file for what it is about to do and has done, so that somebody can tell after it was killed. */
  readonly journal?: string;
}

export interface RacerResult {
  readonly assigned: number;
  readonly refused: number;
  readonly held: readonly (readonly [address: string, handle: string])[];
}

const options = JSON.parse(process.argv[2]) as RacerOptions;
const store = await openStore(options.datastore);
// As in the daemon: what an assignment must know besides blocks comes from a syncer.
const facts = new KnownFacts(new StoreFacts(store));
const synced = Promise.withResolvers<void>();
const syncer = new Syncer({
  store,
  kinds: factKinds,
  onUpdates: (batch) => facts.apply(batch),
  onStatus: (status) => status === 'in-sync' && synced.resolve(),
});
syncer.start();
await synced.promise;
facts.inSync();
const ipam = new Ipam({ store, clock: systemClock, facts });
const held: [string, string][] = [];
let assigned = 0;
let refused = 0;

for (let operation = 0; operation < options.operations; operation++) {
  const handleId = `race.${options.node}-${process.pid}-${operation}`;
  const attributes = { node: options.node, pod: handleId, namespace: 'race' };
  note('want', handleId);
  const answer = await assign(handleId, attributes);
  if (answer === undefined) continue;
  const { v4 } = answer;
  const [given] = v4?.addresses ?? [];
  if (given === undefined) refused++;
  else {
    assigned++;
    held.push([formatAddress(given.address), handleId]);
    note('got', handleId, formatAddress(given.address));
  }
  if (held.length > options.hold || given === undefined) await giveBack();
}
// With a journal somebody goes on counting after our end: what we leave would fill the pool.
while (options.journal !== undefined && held.length > 0) await giveBack();
process.stdout.write(JSON.stringify({ assigned, refused, held } satisfies RacerResult));
await syncer.stop();
await store.close();

/** Undefined: the datastore went away, and nobody knows whether the handle has got an address. */
async function assign(handleId: string, attributes: Record<string, string>): Promise<AutoAssignment | undefined> {
  try {
    return await ipam.autoAssign({ hostname: options.node, handleId, num4: 1, attributes });
  } catch (error) {
    await untilBack(error);
    return undefined;
  }
}

async function untilBack(error: unknown): Promise<void> {
  if (!(error instanceof DatastoreUnavailable)) throw error;
  await sleep(systemClock, 50);
}

/** Tries until the datastore answers. */
async function surely<Result>(work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await untilBack(error);
    }
  }
}

async function giveBack(): Promise<void> {
  const [address, handleId] = held.shift() ?? [];
  if (address === undefined || handleId === undefined) return;
  const now = (await surely(() => ipam.ipsByHandle(handleId))).map(formatAddress);
  if (now.length !== 1 || now[0] !== address) throw new Error(`${address} of ${handleId} is now ${now.join()}`);
  note('give', handleId);
  let tries = 0;
  await surely(async () => {
    tries++;
    await ipam.releaseByHandle(handleId).catch((error) => {
      // The first try may have done it, although nobody said so.
      if (tries === 1 || !isIpamError(error, 'HANDLE_NOT_FOUND')) throw error;
    });
  });
  note('gave', handleId);
}

function note(...words: string[]): void {
  if (options.journal !== undefined) appendFileSync(options.journal, `${words.join(' ')}\n`);
}
