import { reasonOf } from '../../base/index.ts';
import { DatastoreCorrupt, DatastoreFull, DatastoreUnavailable, StoreError } from '../errors.ts';

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html. */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const explanations: Readonly<Record<number, string>> = {
  [BUSY]: 'another process has held its lock for too long',
  [LOCKED]: 'another process has held its lock for too long',
  [READONLY]: 'it may not be written: check its owner and mode, and those of its folder',
  [IOERR]: 'the disk fails to read or write it: is it full (df), or broken (dmesg)?',
  [FULL]: 'the disk is full: free some space, the last write was undone',
  [CANTOPEN]: 'it cannot be opened: check that its folder exists and may be written, or set SQLITE_PATH',
};

/** Whether waiting a moment and trying again may help. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === BUSY || code === LOCKED;
}

/** Turns an error of SQLite into words that say what to do. Errors that are not SQLite's pass through. */
export function explain(error: unknown, path: string): unknown {
  const code = primaryCode(error);
  if (code === undefined || error instanceof StoreError) return error;
  if (code === CORRUPT || code === NOTADB) {
    const advice = `Move it away (with ${path}-wal), then restore an export, or salvage it with sqlite3's .recover.`;
    return new DatastoreCorrupt(path, reasonOf(error), advice, { cause: error });
  }
  const reason = explanations[code] ?? 'unexpected failure';
  if (code === FULL) return new DatastoreFull(`${path}: ${reason} (${reasonOf(error)})`, { cause: error });
  return new DatastoreUnavailable(`${path}: ${reason} (${reasonOf(error)})`, { cause: error });
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
