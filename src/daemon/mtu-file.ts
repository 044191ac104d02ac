import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../base/folder.ts';
import { type Cancel, type Clock, FileTrouble, type Log } from '../base/index.ts';

/** Where plugins that ask no daemon read the MTU for pods, as in Calico. */
export const DEFAULT_MTU_FILE = '/var/lib/calico/mtu';

/** How long until a write that failed is tried again, in milliseconds. */
const AGAIN = 10_000;

/**
 * Keeps the pods' MTU in a file that is always whole: who reads it sees the old number or the new one. What can't be written,
 * as on a full disk, is tried again until it can.
 */
export class MtuFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #trouble: FileTrouble;
  #again: Cancel | undefined;

  /** `none`: no file is kept. */
  constructor(path: string, clock: Clock, log: Log) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#trouble = new FileTrouble(path, "the pods' MTU can't be written down", log);
  }

  write(mtu: number): void {
    if (this.#path === 'none') return;
    this.#again?.();
    this.#again = undefined;
    try {
      this.#replace(mtu);
      this.#trouble.worked();
    } catch (error) {
      this.#trouble.failed(error);
      this.#again = this.#clock.after(AGAIN, () => this.write(mtu));
    }
  }

  problems(): readonly string[] {
    return this.#trouble.problems();
  }

  #replace(mtu: number): void {
    if (this.#read() === String(mtu)) return;
    const draft = `${this.#path}.${process.pid}`;
    makeFolder(dirname(this.#path));
    try {
      writeFileSync(draft, String(mtu));
      renameSync(draft, this.#path);
    } catch (error) {
      removed(draft);
      throw error;
    }
    this.#log.info({ file: this.#path, mtu }, "the pods' MTU");
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#path, 'utf8').trim();
    } catch {
      return undefined;
    }
  }
}

/** What came before is the error to tell of. */
function removed(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}
