import { statSync } from 'node:fs';
import { type Log, reasonOf } from '../base/index.ts';

/**
 * A value made of files, and made anew when they have changed: a Secret of Kubernetes is replaced by turning a link, and a
 * tool that renews certificates writes over them. The files are looked at when somebody needs the value, so nothing runs meanwhile.
 * Files that can't be used, as while only one of two is there yet, leave the former value.
 */
export class FollowedFiles<T> {
  readonly #paths: readonly string[];
  readonly #read: () => T;
  readonly #log: Log;
  #stamp: string;
  #value: T;
  #problem: string | undefined;

  /** An error of the first `read` is thrown. */
  constructor(paths: readonly string[], read: () => T, log: Log) {
    this.#paths = paths;
    this.#read = read;
    this.#log = log;
    // Before the files are read: who writes in between is noticed the next time.
    this.#stamp = stampOf(paths);
    this.#value = read();
  }

  /** The same object as before while the files are the same. */
  current(): T {
    const stamp = stampOf(this.#paths);
    if (stamp === this.#stamp) return this.#value;
    this.#stamp = stamp;
    const files = this.#paths;
    try {
      this.#value = this.#read();
      this.#problem = undefined;
      this.#log.info({ files }, 'the files have changed: read anew');
    } catch (error) {
      this.#problem = `${reasonOf(error)}; what was there before is used on`;
      this.#log.warn({ files, problem: this.#problem }, 'the files have changed, and are of no use');
    }
    return this.#value;
  }

  /** Why the present files are not used; this looks for itself, since nobody else may have. */
  problem(): string | undefined {
    this.current();
    return this.#problem;
  }
}

function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }))
    .map((file) => (file === undefined ? '' : `${file.dev} ${file.ino} ${file.mtimeNs} ${file.size}`))
    .join();
}
