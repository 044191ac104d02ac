import type { Clock } from '../../base/index.ts';
import type { Restorations } from '../restorations.ts';
import type { KubernetesClient } from './client.ts';
import { rejectUnknownKind } from './meaning.ts';

interface ListAnswer {
  readonly metadata: { readonly resourceVersion: string };
}

/** One collection of a few small objects stands for all in quiet times. */
const SENTINEL = '/apis/crd.projectcalico.org/v1/ippools';
/** How long an answer counts in quiet times, in milliseconds. */
const QUIET = 60_000;

/**
 * The newest revision of each collection. A real API server neither ends a watch whose revision lies in the future nor
 * tells it anything: after its etcd was restored from a backup, what has gone back is noticed only by asking.
 */
export class Heads {
  readonly #client: KubernetesClient;
  readonly #clock: Clock;
  readonly #restorations: Restorations;
  /** Collections that have been listed and not been watched since. */
  readonly #listed = new Set<string>();
  #answeredAt: number | undefined;
  #asking: Promise<void> | undefined;

  constructor(client: KubernetesClient, clock: Clock, restorations: Restorations) {
    this.#client = client;
    this.#clock = clock;
    this.#restorations = restorations;
  }

  /** Somebody lists this collection; the function that it gets wants the listing's revision. */
  asking(path: string): (revision: string) => void {
    const asked = this.#restorations.asking(path);
    return (revision) => {
      this.#listed.add(path);
      if (path === SENTINEL) this.#answeredAt = this.#clock.now();
      this.#restorations.answered(path, revision, asked);
    };
  }

  /** An event's revision. */
  heard(path: string, revision: string): void {
    this.#restorations.heard(path, revision);
  }

  /**
   * Before a watch from `revision` begins that may follow an outage. `StoreRestored` if its `count` is over; `Refused` if
   * there is no such collection.
   */
  async begin(path: string, revision: string, count: number): Promise<void> {
    if (!this.#listed.has(path)) await this.#ask(path);
    this.#listed.delete(path);
    this.#restorations.require(count, revision);
  }

  /** While a watch is quiet: one question a minute for all collections together. `StoreRestored`, the same. */
  async goOn(revision: string, count: number): Promise<void> {
    if (this.#answeredAt === undefined || this.#clock.now() - this.#answeredAt >= QUIET) {
      this.#asking ??= this.#ask(SENTINEL)
        .catch(rejectUnknownKind)
        .finally(() => {
          this.#asking = undefined;
        });
      await this.#asking;
    }
    this.#restorations.require(count, revision);
  }

  async #ask(path: string): Promise<void> {
    const heard = this.asking(path);
    const request = { method: 'GET', path, query: { limit: '1' } } as const;
    const answer = await this.#client.call<ListAnswer>(request);
    heard(answer.metadata.resourceVersion);
  }
}
