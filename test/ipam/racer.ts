/**
 * One process of a race: takes and gives back addresses on a SQLite file as one node, as fast as it can. Each
 * address is looked at before it goes back: if it has become somebody else's meanwhile, that is said and the process
 * fails. Started by tests with one argument, a JSON `RacerOptions`; prints a `RacerResult` at the end.
 */
import { appendFileSync } from 'node:fs';
import { formatAddress, systemClock } from '../../src/base/index.ts';
import { SqliteStore } from '../../src/datastore/index.ts';
import { Ipam } from '../../src/ipam/index.ts';

export interface RacerOptions {
  readonly path: string;
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
const store = await SqliteStore.open({ path: options.path });
const ipam = new Ipam({ store, clock: systemClock });
const held: [string, string][] = [];
let assigned = 0;
let refused = 0;

for (let operation = 0; operation < options.operations; operation++) {
  const handleId = `race.${options.node}-${process.pid}-${operation}`;
  const attributes = { node: options.node, pod: handleId, namespace: 'race' };
  note('want', handleId);
  const { v4 } = await ipam.autoAssign({ hostname: options.node, handleId, num4: 1, attributes });
  const [given] = v4?.addresses ?? [];
  if (given === undefined) refused++;
  else {
    assigned++;
    held.push([formatAddress(given.address), handleId]);
    note('got', handleId, formatAddress(given.address));
  }
  if (held.length > options.hold || given === undefined) await giveBack();
}
process.stdout.write(JSON.stringify({ assigned, refused, held } satisfies RacerResult));
await store.close();

async function giveBack(): Promise<void> {
  const [address, handleId] = held.shift() ?? [];
  if (address === undefined || handleId === undefined) return;
  const now = (await ipam.ipsByHandle(handleId)).map(formatAddress);
  if (now.length !== 1 || now[0] !== address) throw new Error(`${address} of ${handleId} is now ${now.join()}`);
  note('give', handleId);
  await ipam.releaseByHandle(handleId);
  note('gave', handleId);
}

function note(...words: string[]): void {
  if (options.journal !== undefined) appendFileSync(options.journal, `${words.join(' ')}\n`);
}
