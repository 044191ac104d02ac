import type { Test } from 'tap';
import { type Store, Syncer, type SyncStatus } from '../../src/datastore/index.ts';

/** What a syncer tells of a store's IP pools: which there are, by name, and each status that it has been in. */
export class Followed {
  readonly syncer: Syncer;
  readonly known = new Set<string>();
  readonly statuses: SyncStatus[] = [];
  #wake = (): void => {};

  /** Begins with `syncer.start()`; syncer and store end with the test. */
  constructor(test: Test, store: Store) {
    this.syncer = new Syncer({
      store,
      kinds: ['IPPool'],
      onUpdates: (batch) => {
        for (const { key, resource } of batch) {
          if (resource === undefined) this.known.delete(key.name);
          else this.known.add(key.name);
        }
        this.#wake();
      },
      onStatus: (status) => {
        this.statuses.push(status);
        this.#wake();
      },
    });
    test.teardown(async () => {
      await this.syncer.stop();
      await store.close();
    });
  }

  get status(): SyncStatus | undefined {
    return this.statuses.at(-1);
  }

  /** Resolves when the condition holds; looked at whenever the syncer tells of something. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
