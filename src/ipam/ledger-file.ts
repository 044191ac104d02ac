import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { makeFolder } from '../base/folder.ts';
import { FileTrouble, type Log, silentLog } from '../base/index.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';

export interface LedgerFileOptions {
  readonly path: string;
  /** Bytes after which a new file is begun; 64 MiB when absent. */
  readonly maxBytes?: number;
  /** How many full files are kept beside the current one; 4 when absent. */
  readonly keep?: number;
  readonly log?: Log;
}

/** Where the daemon keeps its ledger unless it is told otherwise. */
export const DEFAULT_LEDGER = '/var/lib/calico/ipam-ledger.jsonl';
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_KEEP = 4;

/**
 * The ledger as a file of JSON lines, one per entry. Lines are appended whole, so that processes may share a file,
 * and at once, so that `kill -9` loses none. `path.1` is the file before, `path.2` the one before that.
 */
export class LedgerFile implements Ledger {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #trouble: FileTrouble;
  #descriptor: number | undefined;
  /** Whether the file may end within a line: that isn't known of a former run's, or after a failure. */
  #isCut = true;

  constructor({ path, maxBytes = DEFAULT_MAX_BYTES, keep = DEFAULT_KEEP, log = silentLog }: LedgerFileOptions) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#trouble = new FileTrouble(path, "the ledger can't be written", log);
  }

  /** A ledger that can't be written is told: addresses matter more than their history. */
  append(entries: readonly LedgerEntry[]): void {
    if (entries.length === 0) return;
    try {
      const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
      this.#descriptor ??= this.#open();
      const gap = this.#isCut && isCutShort(this.#descriptor) ? '\n' : '';
      appendFileSync(this.#descriptor, `${gap}${lines}`);
      this.#isCut = false;
      if (fstatSync(this.#descriptor).size >= this.#maxBytes) this.#rotate();
      this.#trouble.worked();
    } catch (error) {
      this.close();
      this.#isCut = true;
      this.#trouble.failed(error);
    }
  }

  problems(): readonly string[] {
    return this.#trouble.problems();
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #open(): number {
    makeFolder(dirname(this.#path));
    return openSync(this.#path, 'a+', 0o640);
  }

  #rotate(): void {
    const isCurrent = fstatSync(this.#descriptor!).ino === statSync(this.#path).ino;
    this.close();
    // Another process that shares the file has already put it aside.
    if (!isCurrent) return;
    for (let age = this.#keep - 1; age >= 0; age--) {
      const from = age === 0 ? this.#path : `${this.#path}.${age}`;
      if (existsSync(from)) renameSync(from, `${this.#path}.${age + 1}`);
    }
  }
}

/** Whether the last line has no end, as on a disk that was full: what comes next must not become a part of it. */
function isCutShort(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
}

/** All entries about an address, oldest first. Lines that a crash or a full disk cut short are passed over. */
export async function readLedger(path: string, address: string, keep = DEFAULT_KEEP): Promise<readonly LedgerEntry[]> {
  const found: LedgerEntry[] = [];
  const needle = JSON.stringify(address);
  for (let age = keep; age >= 0; age--) {
    const file = age === 0 ? path : `${path}.${age}`;
    if (!existsSync(file)) continue;
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      const entry = line.includes(needle) ? readEntry(line) : undefined;
      if (entry?.address === address) found.push(entry);
    }
  }
  return found;
}

function readEntry(line: string): LedgerEntry | undefined {
  try {
    const { time, event, address, ...rest } = JSON.parse(line) as Partial<LedgerEntry>;
    const sound =
      typeof time === 'number' && typeof address === 'string' && (event === 'assigned' || event === 'released');
    return sound ? { ...rest, time, event, address } : undefined;
  } catch {
    return undefined;
  }
}
