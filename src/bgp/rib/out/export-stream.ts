import type { Batch } from './batch.ts';
import type { BatchQueue } from './batch-queue.ts';

/** An export group as its members see it: the stream that they read, and the table to catch up from. */
export interface ExportStream {
  /** Names the group: the text of all that its bytes depend on. */
  readonly key: string;
  readonly queue: BatchQueue;
  /** Whether the stream will go on at once. */
  readonly hasWork: boolean;
  /** The `index`-th piece of the snapshot for newcomers, or undefined after the last. */
  snapshotBatch(index: number): Batch | undefined;
  /** Encodes the present state of these entries; with `whole` also that an entry is not, or no longer, for a member. */
  encode(entries: readonly number[], whole?: boolean): Batch;
  /** Shows every entry that is announced. */
  each(visit: (entry: number) => void): void;
  endOfRib(): Uint8Array;
  /** Routes announced to the member with this source. */
  advertised(source: number): number;
  /** Tells what is announced for the prefix, or why nothing. */
  explain(prefix: number): { announced: boolean; reason: string | undefined; source: number };
}
