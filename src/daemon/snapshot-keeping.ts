import { createHash } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../base/folder.ts';
import { type Cancel, type Clock, FileTrouble, type Log, reasonOf } from '../base/index.ts';
import {
  readSnapshot,
  type Snapshot,
  SnapshotRefused,
  SnapshotWriter,
  type SyncStatus,
  type Update,
} from '../datastore/index.ts';
import type { KindName, ResourceOf } from '../model/index.ts';

export const DEFAULT_SNAPSHOT = '/var/lib/calico/vrouter-snapshot';

/** Datastores that may be away while the node goes on. */
const REMOTE = ['etcdv3', 'kubernetes'];

/** How long what matters to this node's pods may be missing, and all else; in milliseconds. */
const SOON = 1000;
const LATER = 30_000;
/** How long until a write that failed, as on a full disk, is tried again. Milliseconds. */
const AGAIN = 30_000;
/** Nothing has changed, and that is worth being written down. Milliseconds. */
const CONFIRM = 60 * 60_000;
/** Writing may take this part of the time. */
const SHARE = 0.02;
/** Objects that are written at once. */
const PIECE = 200;

export interface SnapshotKeepingOptions {
  /** The file, or `none`. */
  readonly path: string;
  readonly nodename: string;
  readonly datastore: string;
  /** Seconds: an older one is not used. */
  readonly maxAge: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The objects for a start without the datastore. */
  readonly objects: () => readonly ResourceOf<KindName>[];
}

/**
 * Keeps what this node's state is made from in a file: a daemon that is started while the datastore is away goes on
 * with it, so that routes stay and peers hear the same as before.
 */
export class SnapshotKeeping {
  readonly #options: SnapshotKeepingOptions;
  readonly #isKept: boolean;
  readonly #trouble: FileTrouble;
  #inSync = false;
  /** When the datastore was heard the last time, in milliseconds since 1970. */
  #lostAt = 0;
  #due: { readonly at: number; readonly cancel: Cancel } | undefined;
  #notBefore = 0;
  #written: { readonly digest: string; readonly at: number } | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: SnapshotKeepingOptions) {
    this.#options = options;
    this.#isKept = options.path !== 'none' && REMOTE.includes(options.datastore);
    this.#trouble = new FileTrouble(options.path, "the snapshot can't be written", options.log);
  }

  /**
   * Reads the snapshot of a former run; undefined, with the reason in the log, when there is nothing that may be used.
   */
  async read(): Promise<Snapshot | undefined> {
    if (!this.#isKept) return undefined;
    const { path, maxAge, clock, log, nodename, datastore } = this.#options;
    try {
      const snapshot = readSnapshot(await readFile(path, 'utf8'), { nodename, datastore });
      const age = Math.round((clock.wallTime() - snapshot.takenAt) / 1000);
      if (age > maxAge) throw new SnapshotRefused(`it is ${age} s old, and VROUTER_SNAPSHOT_MAX_AGE is ${maxAge}`);
      return snapshot;
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      log.warn({ file: path, reason: isMissing ? 'there is none' : reasonOf(error) }, 'no snapshot to go on with');
      return undefined;
    }
  }

  /** Takes in a syncer's batch: what is about this node is written soon. */
  apply(batch: readonly Update[]): void {
    if (this.#inSync) this.#plan(batch.some((update) => this.#isOwn(update)) ? SOON : LATER);
  }

  /** Only what the datastore has told in full is worth being kept. */
  synced(status: SyncStatus): void {
    const wasInSync = this.#inSync;
    this.#inSync = status === 'in-sync';
    if (this.#inSync && !wasInSync) this.#plan(SOON);
    if (wasInSync && !this.#inSync) this.#lostAt = this.#options.clock.wallTime();
  }

  problems(): readonly string[] {
    return this.#trouble.problems();
  }

  /** Resolves when nothing is being written. */
  get settled(): Promise<void> {
    return this.#writing;
  }

  /** Writes what is due. */
  async stop(): Promise<void> {
    const isDue = this.#due !== undefined;
    this.#due?.cancel();
    this.#due = undefined;
    if (isDue && this.#inSync) this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  #isOwn({ key, resource }: Update): boolean {
    const { nodename } = this.#options;
    const spec = resource?.spec as { readonly node?: string; readonly affinity?: string } | undefined;
    if (key.kind === 'Node') return key.name === nodename;
    return spec === undefined || spec.node === nodename || spec.affinity === `host:${nodename}`;
  }

  #plan(delay: number): void {
    if (!this.#isKept) return;
    const { clock } = this.#options;
    const at = Math.max(clock.now() + delay, this.#notBefore);
    if (this.#due !== undefined && this.#due.at <= at) return;
    this.#due?.cancel();
    const cancel = clock.after(at - clock.now(), () => {
      this.#due = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    });
    this.#due = { at, cancel };
  }

  async #write(): Promise<void> {
    const { clock } = this.#options;
    const began = clock.now();
    let next = CONFIRM;
    try {
      await this.#writeFile();
      this.#trouble.worked();
    } catch (error) {
      this.#trouble.failed(error);
      next = AGAIN;
    }
    this.#notBefore = clock.now() + (clock.now() - began) / SHARE;
    if (this.#inSync) this.#plan(next);
  }

  async #writeFile(): Promise<void> {
    const { path, nodename, datastore, clock, objects } = this.#options;
    const takenAt = this.#inSync ? clock.wallTime() : this.#lostAt;
    const writer = new SnapshotWriter();
    const pieces = [writer.heading({ nodename, datastore, takenAt })];
    const digest = createHash('sha256');
    const all = objects();
    for (let from = 0; from < all.length; from += PIECE) {
      const piece = all.slice(from, from + PIECE).map((one) => writer.object(one));
      pieces.push(piece.join(''));
      digest.update(pieces.at(-1) ?? '');
      await new Promise<void>((resolve) => void clock.soon(resolve));
    }
    pieces.push(writer.end());
    const now = { digest: digest.digest('hex'), at: clock.now() };
    // A disk wears out by being told the same.
    if (this.#written?.digest === now.digest && now.at - this.#written.at < CONFIRM) return;
    await replaceFile(path, pieces);
    this.#written = now;
  }
}

/** Whoever reads sees the old file or the new one, whole. */
async function replaceFile(path: string, pieces: readonly string[]): Promise<void> {
  const draft = `${path}.${process.pid}`;
  makeFolder(dirname(path));
  try {
    const file = await open(draft, 'w', 0o600);
    try {
      // Whole: a single write may put less into a disk that fills, and say so only by a number.
      for (const piece of pieces) await file.appendFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
}
