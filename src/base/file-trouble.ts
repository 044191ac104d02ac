import { reasonOf } from './errors.ts';
import type { Log } from './log.ts';

/**
 * A file or folder that can't be had now, as on a full disk. The log hears of it once, and once more when all is well; the
 * status says so in between.
 */
export class FileTrouble {
  readonly #path: string;
  readonly #what: string;
  readonly #log: Log;
  #reason: string | undefined;

  /** `what`: what can't be done, as the beginning of a sentence. */
  constructor(path: string, what: string, log: Log) {
    this.#path = path;
    this.#what = what;
    this.#log = log;
  }

  failed(error: unknown): void {
    const isNew = this.#reason === undefined;
    this.#reason = reasonOf(error);
    if (isNew) this.#log.warn({ file: this.#path, err: this.#reason }, `${this.#what}; it is tried again`);
  }

  worked(): void {
    if (this.#reason === undefined) return;
    this.#reason = undefined;
    this.#log.info({ file: this.#path }, 'this file is well again');
  }

  problems(): readonly string[] {
    if (this.#reason === undefined) return [];
    const next = /ENOSPC|EDQUOT/.test(this.#reason) ? 'free some space' : 'see that it may be written';
    return [`${this.#what}: ${this.#path}: ${this.#reason}. It is tried again: ${next}`];
  }
}
