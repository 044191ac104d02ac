import { Backoff, type Clock, type Log, reasonOf, same, sleep } from '../base/index.ts';
import { isOlderVersion, type KindName, type ResourceOf, read } from '../model/index.ts';
import { RevisionExpired, StoreError, StoreRestored } from './errors.ts';
import { KnownObjects, keyNamed, nameOf } from './known-objects.ts';
import type { InvalidObject, KindStatus, SyncStatus, Update } from './news.ts';
import { eachGently, keyOf, keyText, othersTurn } from './object.ts';
import { ABSENT, type Portion, type Store, type StoreEvent } from './store.ts';

export interface FollowerOutput {
  /** Whether nothing need be kept of what has been delivered: of thousands of objects it is the larger part. */
  passes(resource: ResourceOf<KindName>): boolean;
  update(update: Update): void;
  /** The datastore answers again. */
  recovered(): void;
  /** `state` may have changed. */
  changed(): void;
}

/** The list-and-watch loop of one kind. */
export class Follower {
  state: SyncStatus = 'wait';
  readonly #kind: KindName;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #output: FollowerOutput;
  readonly #backoff = new Backoff({ first: 100, max: 10_000 });
  /** Of revisions that are gone as soon as they have been listed. */
  readonly #expiries = new Backoff({ first: 100, max: 10_000 });
  /** By `name`, or `namespace/name`. */
  readonly #known = new KnownObjects();
  /** By the key's text. */
  readonly #invalid = new Map<string, InvalidObject>();
  /** Our own writes while a listing is under way, which need not have them. */
  #meanwhile: Set<string> | undefined;
  #delivered = 0;
  #heardAt: number | undefined;
  /** Whether the datastore has no such kind: it is asked for again so seldom that its silence tells nothing. */
  #isAbsent = false;
  #failure: string | undefined;
  #pausing: AbortController | undefined;

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
      objects: this.#delivered,
      invalid: this.#invalid,
      age: this.#heardAt === undefined || this.#isAbsent ? undefined : this.#clock.now() - this.#heardAt,
      failure: this.#failure,
    };
  }

  /** Delivers what a former run knew. The first listing says what of it is there still. */
  seed(items: readonly ResourceOf<KindName>[]): void {
    for (const item of items) {
      this.#set(nameOf(item), { ...item, metadata: { ...item.metadata, resourceVersion: undefined } });
    }
  }

  /** Notes our own write at once; older news from the store is dropped. */
  wrote(item: ResourceOf<KindName>): void {
    const name = nameOf(item);
    if (isOlderVersion(item.metadata.resourceVersion, this.#known.get(name)?.version)) return;
    this.#meanwhile?.add(name);
    this.#set(name, item, 'written');
  }

  /** Notes our own deletion at once. `was`: its last state. */
  removed(was: ResourceOf<KindName>): void {
    const name = nameOf(was);
    const { resourceVersion: version } = was.metadata;
    if (isOlderVersion(version, this.#known.get(name)?.version)) return;
    this.#meanwhile?.add(name);
    this.#remove(name);
    this.#known.set(name, { version, resource: undefined, own: 'deleted' });
  }

  /** Whoever waits for the datastore tries now. */
  wake(): void {
    this.#pausing?.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    let revision: string | undefined;
    while (!signal.aborted) {
      try {
        if (revision === undefined) revision = await this.#list();
        for await (const event of this.#store.watch(this.#kind, revision, signal)) {
          if (signal.aborted) return;
          this.#heard();
          this.#expiries.reset();
          revision = event.revision;
          if (event.type !== 'bookmark') this.#apply(event);
        }
        // A watch that ends without a reason goes on from where it was, but not in a tight loop.
        if (!signal.aborted) await this.#pause(this.#backoff.next(), signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof RevisionExpired) {
          revision = undefined;
          await this.#expired(error, signal);
        } else await this.#fail(error, signal);
      }
    }
  }

  async #list(): Promise<string> {
    this.#enter('resync');
    const meanwhile = new Set<string>();
    this.#meanwhile = meanwhile;
    try {
      let at = '';
      const gone = new Set(this.#known.keys());
      for await (const { items, revision } of this.#portions()) {
        // The last portion is delivered, and let go, before the next is taken in.
        if (at !== '') await othersTurn(this.#clock);
        at = revision;
        await eachGently(items, this.#clock, (item) => {
          const name = nameOf(item);
          gone.delete(name);
          this.#hear(name, item);
        });
      }
      for (const name of gone) if (!meanwhile.has(name)) this.#remove(name);
      this.#isAbsent = at === ABSENT;
      this.#heard();
      return at;
    } finally {
      this.#meanwhile = undefined;
    }
  }

  /** In portions where the engine can: of a large cluster nobody has to hold all texts and objects at once. */
  async *#portions(): AsyncIterable<Portion> {
    if (this.#store.portions === undefined) yield await this.#store.list(this.#kind);
    else yield* this.#store.portions(this.#kind);
  }

  #apply(event: Exclude<StoreEvent, { type: 'bookmark' }>): void {
    const name = nameOf(event.resource);
    if (event.type !== 'deleted') {
      this.#hear(name, event.resource);
      return;
    }
    const known = this.#known.get(name);
    // An object that we have made again since is there.
    const isOld = known?.own === 'written' && isOlderVersion(event.resource.metadata.resourceVersion, known.version);
    if (!isOld) this.#remove(name);
  }

  /** Takes what the store says, unless we know better by what we wrote ourselves. */
  #hear(name: string, item: ResourceOf<KindName>): void {
    const known = this.#known.get(name);
    const { resourceVersion: version } = item.metadata;
    if (known?.own === 'written' && isOlderVersion(version, known.version)) return;
    if (known?.own === 'deleted' && (version === known.version || isOlderVersion(version, known.version))) return;
    if (known !== undefined && !known.own && version !== undefined && known.version === version) return;
    this.#set(name, item);
  }

  #set(name: string, item: ResourceOf<KindName>, own?: 'written'): void {
    const key = keyOf(item);
    const version = item.metadata.resourceVersion;
    const known = this.#known.get(name);
    const last = known?.resource === 'passed' ? undefined : known?.resource;
    const { resource, problem } = read(this.#kind, item, last);
    // An object that can't be understood any more stays as it was, here as where it was delivered.
    const kept = resource !== undefined && this.#output.passes(resource) ? 'passed' : resource;
    const isAsBefore = known?.resource === 'passed' && resource === undefined;
    this.#known.set(name, { version, resource: isAsBefore ? 'passed' : kept, ...(own && { own }) });
    if (!isAsBefore) this.#delivered += Number(resource !== undefined) - Number(known?.resource !== undefined);
    if (problem === undefined) {
      if (this.#invalid.size > 0) this.#invalid.delete(keyText(key));
    } else {
      const text = keyText(key);
      this.#invalid.set(text, { key, problem });
      this.#log.warn({ object: text, reason: problem }, 'an object breaks the rules of its kind');
    }
    if (isAsBefore) return;
    // The store's own word of what we wrote is no news, but where it says otherwise.
    if (resource === known?.resource || (known?.own === 'written' && same(resource, known.resource))) return;
    // Of an object whose version is not known, or not any more, an older one is news too.
    const isAnyVersion = known?.resource !== undefined && known.version === undefined;
    this.#output.update({ key, resource, ...(isAnyVersion && { isAnyVersion }) });
  }

  #remove(name: string): void {
    const key = keyNamed(this.#kind, name);
    const known = this.#known.get(name);
    this.#known.delete(name);
    this.#invalid.delete(keyText(key));
    if (known?.resource === undefined) return;
    this.#delivered--;
    this.#output.update({ key, resource: undefined });
  }

  #heard(): void {
    this.#heardAt = this.#clock.now();
    const wasAway = this.state === 'wait' || this.#failure !== undefined;
    this.#failure = undefined;
    if (wasAway) this.#output.recovered();
    this.#backoff.reset();
    this.#enter('in-sync');
  }

  /** Nothing is wrong with the datastore: it is asked again at once, unless that has just been done in vain. */
  async #expired(error: RevisionExpired, signal: AbortSignal): Promise<void> {
    this.#enter('resync');
    const restored = error instanceof StoreRestored;
    if (restored) this.#known.forgetVersions();
    const why = restored ? 'the datastore has been restored' : 'the watch fell behind';
    this.#log.warn({ code: error.code, known: this.#known.size }, `listing again: ${why}`);
    const inVain = this.#expiries.attempts > 0;
    const wait = this.#expiries.next();
    if (inVain) await this.#pause(wait, signal);
  }

  async #fail(error: unknown, signal: AbortSignal): Promise<void> {
    this.#failure = reasonOf(error);
    this.#enter('wait');
    const code = error instanceof StoreError ? error.code : 'BUG';
    const message = 'the datastore is away: going on with what is known';
    this.#log.warn({ code, reason: this.#failure, known: this.#known.size }, message);
    await this.#pause(this.#backoff.next(), signal);
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.#pausing = new AbortController();
    const either = AbortSignal.any([signal, this.#pausing.signal]);
    await sleep(this.#clock, milliseconds, either).catch(() => {});
    this.#pausing = undefined;
  }

  #enter(state: SyncStatus): void {
    if (state === this.state) return;
    this.#log.debug({ from: this.state, to: state }, 'sync state');
    this.state = state;
    this.#output.changed();
  }
}
