import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../base/folder.ts';
import { type Cancel, type Clock, FileTrouble, type Log } from '../base/index.ts';

/** How long until a write that failed is tried again, in milliseconds. */
const AGAIN = 10_000;

/**
 * A small file for other programs that is always whole: who reads it sees the old text or the new one. What can't be
 * written, as on a full disk, is tried again until it can.
 */
export class KeptFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #trouble: FileTrouble;
  #again: Cancel | undefined;

  /**
   * `none` or empty: no file is kept. `trouble`: what it means that it can't be written, as the beginning of a
   * sentence.
   */
  constructor(path: string, trouble: string, clock: Clock, log: Log) {
    this.#path = path === 'none' ? '' : path;
    this.#clock = clock;
    this.#trouble = new FileTrouble(path, trouble, log);
  }

  /** Whether the file has another text now; if not, it had this one, or will have it later. */
  write(text: string): boolean {
    if (this.#path === '') return false;
    this.#again?.();
    this.#again = undefined;
    try {
      const isNew = this.#replace(text);
      this.#trouble.worked();
      return isNew;
    } catch (error) {
      this.#trouble.failed(error);
      this.#again = this.#clock.after(AGAIN, () => void this.write(text));
      return false;
    }
  }

  problems(): readonly string[] {
    return this.#trouble.problems();
  }

  #replace(text: string): boolean {
    if (this.#read() === text) return false;
    const draft = `${this.#path}.${process.pid}`;
    makeFolder(dirname(this.#path));
    try {
      writeFileSync(draft, text);
      renameSync(draft, this.#path);
      return true;
    } catch (error) {
      removed(draft);
      throw error;
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

/** Removes the file without an error: the one before is told. */
function removed(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}
