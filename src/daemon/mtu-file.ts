import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../base/folder.ts';
import { type Log, reasonOf } from '../base/index.ts';

/** Where plugins that ask no daemon read the MTU for pods, as in Calico. */
export const DEFAULT_MTU_FILE = '/var/lib/calico/mtu';

/** Keeps the pods' MTU in a file that is always whole: who reads it sees the old number or the new one. */
export class MtuFile {
  readonly #path: string;
  readonly #log: Log;

  /** `none`: no file is kept. */
  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  write(mtu: number): void {
    if (this.#path === 'none' || this.#read() === String(mtu)) return;
    const draft = `${this.#path}.${process.pid}`;
    try {
      makeFolder(dirname(this.#path));
      writeFileSync(draft, String(mtu));
      renameSync(draft, this.#path);
      this.#log.info({ file: this.#path, mtu }, "the pods' MTU");
    } catch (error) {
      this.#log.warn({ file: this.#path, err: reasonOf(error) }, "the pods' MTU could not be written down");
    }
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#path, 'utf8').trim();
    } catch {
      return undefined;
    }
  }
}
