import { Backoff, type Clock, type Log, reasonOf, silentLog, sleep, systemClock } from '../base/index.ts';
import { type KindName, type ResourceOf, validateAs } from '../model/index.ts';
import { RevisionExpired, StoreError } from './errors.ts';
import { eachGently, keyOf, keyText } from './object.ts';
import type { ResourceKey, Store, StoreEvent } from './store.ts';

/**
 * `wait`: the datastore can't be reached for some kind; `resync`: some kind is being listed; `in-sync`: all kinds
 * have been delivered in full, and changes follow.
 */
export type SyncStatus = 'wait' | 'resync' | 'in-sync';

/** The object as it is now; undefined when it is gone, or stored in a form that breaks its kind's rules. */
export interface Update<Kind extends KindName = KindName> {
  readonly key: ResourceKey<Kind>;
  readonly resource: ResourceOf<Kind> | undefined;
}

export interface SyncerOptions {
  readonly store: Store;
  readonly kinds: readonly KindName[];
  /** Called with changes in order of their kind; never with an empty batch. What was known stays known in an outage. */
  readonly onUpdates: (batch: readonly Update[]) => void;
  /** Called when the status changes, after the updates that it stands for. The first is `wait`. */
  readonly onStatus: (status: SyncStatus) => void;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** How one kind is doing. */
export interface KindStatus {
  readonly kind: KindName;
  readonly status: SyncStatus;
  readonly objects: number;
  /** Objects that are stored but break their kind's rules, with the reason. */
  readonly invalid: ReadonlyMap<string, string>;
  /** Milliseconds since the datastore last answered for this kind; undefined when it never has. */
  readonly age: number | undefined;
  /** Why it isn't in sync. */
  readonly failure: string | undefined;
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

  #follower(kind: KindName): Follower {
    const { store, log = silentLog } = this.#options;
    return new Follower(kind, store, this.#clock, log.child({ kind }), {
      update: (update) => this.#update(update),
      changed: () => this.#report(),
    });
  }

  #update(update: Update): void {
    this.#pending.push(update);
    if (this.#flushing) return;
    this.#flushing = true;
    // What arrives in one turn of the event loop makes one batch.
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

interface FollowerOutput {
  update(update: Update): void;
  /** `state` may have changed. */
  changed(): void;
}

/** The list-and-watch loop of one kind. */
class Follower {
  state: SyncStatus = 'wait';
  readonly #kind: KindName;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #output: FollowerOutput;
  readonly #backoff = new Backoff({ first: 100, max: 10_000 });
  /** What has been delivered: the resourceVersion by the key's text. */
  readonly #known = new Map<string, { readonly key: ResourceKey; readonly version: string | undefined }>();
  readonly #invalid = new Map<string, string>();
  #heardAt: number | undefined;
  #failure: string | undefined;

  constructor(kind: KindName, store: Store, clock: Clock, log: Log, output: FollowerOutput) {
    this.#kind = kind;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#output = output;
  }

  status(): KindStatus {
    return {
      kind: this.#kind,
      status: this.state,
      objects: this.#known.size - this.#invalid.size,
      invalid: this.#invalid,
      age: this.#heardAt === undefined ? undefined : this.#clock.now() - this.#heardAt,
      failure: this.#failure,
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    let revision: string | undefined;
    while (!signal.aborted) {
      try {
        if (revision === undefined) revision = await this.#list();
        for await (const event of this.#store.watch(this.#kind, revision, signal)) {
          if (signal.aborted) return;
          this.#heard();
          revision = event.revision;
          if (event.type !== 'bookmark') this.#apply(event);
        }
        // A watch that ends without a reason goes on from where it was, but not in a tight loop.
        if (!signal.aborted) await this.#pause(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof RevisionExpired) revision = undefined;
        await this.#fail(error, signal);
      }
    }
  }

  async #list(): Promise<string> {
    this.#enter('resync');
    const { items, revision } = await this.#store.list(this.#kind);
    const gone = new Map(this.#known);
    await eachGently(items, this.#clock, (item) => {
      gone.delete(keyText(keyOf(item)));
      this.#set(item);
    });
    for (const { key } of gone.values()) this.#remove(key);
    this.#heard();
    return revision;
  }

  #apply(event: Exclude<StoreEvent, { type: 'bookmark' }>): void {
    if (event.type === 'deleted') this.#remove(keyOf(event.resource));
    else this.#set(event.resource);
  }

  #set(item: ResourceOf<KindName>): void {
    const key = keyOf(item);
    const text = keyText(key);
    const version = item.metadata.resourceVersion;
    const known = this.#known.get(text);
    if (known !== undefined && version !== undefined && known.version === version) return;
    this.#known.set(text, { key, version });
    const wasInvalid = this.#invalid.delete(text);
    try {
      this.#output.update({ key, resource: validateAs(this.#kind, item) });
    } catch (error) {
      this.#invalid.set(text, reasonOf(error));
      this.#log.warn({ object: text, reason: reasonOf(error) }, 'ignoring an object that breaks the rules of its kind');
      if (known !== undefined && !wasInvalid) this.#output.update({ key, resource: undefined });
    }
  }

  #remove(key: ResourceKey): void {
    const text = keyText(key);
    const wasDelivered = this.#known.delete(text) && !this.#invalid.has(text);
    this.#invalid.delete(text);
    if (wasDelivered) this.#output.update({ key, resource: undefined });
  }

  #heard(): void {
    this.#heardAt = this.#clock.now();
    this.#failure = undefined;
    this.#backoff.reset();
    this.#enter('in-sync');
  }

  async #fail(error: unknown, signal: AbortSignal): Promise<void> {
    this.#failure = reasonOf(error);
    const expired = error instanceof RevisionExpired;
    this.#enter(expired ? 'resync' : 'wait');
    const code = error instanceof StoreError ? error.code : 'BUG';
    const message = expired
      ? 'listing again: the watch fell behind'
      : 'the datastore is away: going on with what is known';
    this.#log.warn({ code, reason: this.#failure, known: this.#known.size }, message);
    await this.#pause(signal);
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await sleep(this.#clock, this.#backoff.next(), signal).catch(() => {});
  }

  #enter(state: SyncStatus): void {
    if (state === this.state) return;
    this.#log.debug({ from: this.state, to: state }, 'sync state');
    this.state = state;
    this.#output.changed();
  }
}
