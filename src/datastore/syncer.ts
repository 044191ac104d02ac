import { type Clock, type Log, silentLog, systemClock } from '../base/index.ts';
import type { KindName, ResourceOf } from '../model/index.ts';
import { Follower } from './follower.ts';
import type { KindStatus, SyncStatus, Update } from './news.ts';
import type { Store } from './store.ts';

export interface SyncerOptions {
  readonly store: Store;
  readonly kinds: readonly KindName[];
  /** Called with changes in order of their kind; never with an empty batch. What was known stays known in an outage. */
  readonly onUpdates: (batch: readonly Update[]) => void;
  /** Called when the status changes, after the updates that it stands for. The first is `wait`. */
  readonly onStatus: (status: SyncStatus) => void;
  /** Whether nothing need be kept of an object once it is delivered; it is told again as a whole when it changes. */
  readonly passes?: (resource: ResourceOf<KindName>) => boolean;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** Lists and watches several kinds of a store, through outages and forgotten revisions, as one stream of updates. */
export class Syncer {
  readonly #options: SyncerOptions;
  readonly #clock: Clock;
  readonly #followers: readonly Follower[];
  readonly #stopping = new AbortController();
  #running: Promise<unknown> | undefined;
  #status: SyncStatus | undefined;
  #pending: Update[] = [];
  #flushing = false;

  constructor(options: SyncerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#followers = options.kinds.map((kind) => this.#follower(kind));
  }

  start(): void {
    if (this.#running !== undefined) return;
    this.#report();
    this.#running = Promise.all(this.#followers.map((follower) => follower.run(this.#stopping.signal)));
  }

  /**
   * Delivers what a former run knew, before `start`: the datastore can't be reached. What of it has gone is told later.
   */
  seed(items: readonly ResourceOf<KindName>[]): void {
    const byKind = Map.groupBy(items, ({ kind }) => kind as KindName);
    for (const [at, kind] of this.#options.kinds.entries()) this.#followers[at].seed(byKind.get(kind) ?? []);
    this.#flush();
  }

  /**
   * Tells at once of what we wrote ourselves: the store's own news of it comes later, and of the time before it never.
   */
  wrote(resource: ResourceOf<KindName>): void {
    this.#followerOf(resource)?.wrote(resource);
    this.#flush();
  }

  /** Tells at once of what we deleted ourselves. `was`: its last state. */
  removed(was: ResourceOf<KindName>): void {
    this.#followerOf(was)?.removed(was);
    this.#flush();
  }

  /** Ends all watches. Nothing is delivered from now on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#pending = [];
    await this.#running;
  }

  /** Each kind's state, for a status page. */
  status(): readonly KindStatus[] {
    return this.#followers.map((follower) => follower.status());
  }

  #followerOf({ kind }: ResourceOf<KindName>): Follower | undefined {
    return this.#followers[this.#options.kinds.indexOf(kind)];
  }

  #follower(kind: KindName): Follower {
    const { store, log = silentLog } = this.#options;
    return new Follower(kind, store, this.#clock, log.child({ kind }), {
      update: (update) => this.#update(update),
      passes: this.#options.passes ?? (() => false),
      changed: () => this.#report(),
      recovered: () => {
        for (const follower of this.#followers) follower.wake();
      },
    });
  }

  #update(update: Update): void {
    this.#pending.push(update);
    if (this.#flushing) return;
    this.#flushing = true;
    // The news of one turn of the event loop make one batch.
    this.#clock.soon(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length > 0 && !this.#stopping.signal.aborted) this.#options.onUpdates(batch);
  }

  #report(): void {
    const states = this.#followers.map((follower) => follower.state);
    const status = states.includes('wait') ? 'wait' : states.includes('resync') ? 'resync' : 'in-sync';
    if (status === this.#status || this.#stopping.signal.aborted) return;
    this.#flush();
    this.#status = status;
    this.#options.onStatus(status);
  }
}
