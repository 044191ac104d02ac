import { type FSWatcher, watch } from 'node:fs';

/**
 * Tells when somebody writes to a database's write-ahead log: the kernel's word (inotify) in place of asking again and
 * again.
 */
export class LogWatch {
  readonly #path: string;
  readonly #written: () => void;
  #watcher: FSWatcher | undefined;

  constructor(database: string, written: () => void) {
    this.#path = `${database}-wal`;
    this.#written = written;
  }

  /** Begins to watch, unless it does already. False when that is not to be had here, or not now. */
  start(): boolean {
    if (this.#watcher !== undefined) return true;
    try {
      const watcher = watch(this.#path, { persistent: false }, () => this.#written());
      watcher.on('error', () => this.stop());
      this.#watcher = watcher;
      return true;
    } catch {
      return false;
    }
  }

  stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
