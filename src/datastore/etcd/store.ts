import { type Clock, systemClock } from '../../base/index.ts';
import type { KindName, ResourceOf } from '../../model/index.ts';
import type { EtcdConfig } from '../config.ts';
import { AlreadyExists, NotFound, UpdateConflict } from '../errors.ts';
import { atRevision, checkPrecondition, keyOf, keyText, matches, stamped } from '../object.ts';
import { Restorations } from '../restorations.ts';
import type { History, Listing, ListOptions, Portion, Precondition, ResourceKey, Store, StoreEvent } from '../store.ts';
import { EtcdClient } from './client.ts';
import { decode, decodeEach, encode, fromBase64, type KeyValue, toBase64 } from './codec.ts';
import { discoverEndpoints } from './discovery.ts';
import { candidates, type KeyRange, rangeOf, storedAt } from './layout.ts';
import { watchKind } from './watch.ts';

interface RangeAnswer {
  readonly header: { readonly revision: string; readonly cluster_id?: string };
  readonly kvs?: KeyValue[];
  readonly more?: boolean;
}

interface TransactionAnswer {
  readonly header: { readonly revision: string };
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: RangeAnswer }[];
}

/** Objects asked for at once. */
const page = 500;
/** A name longer than this may have been shortened with a hash, and doesn't tell its key. */
const longestPlainName = 251;
/** A question whose answer has only its heading. */
const NOTHING = { key: toBase64('/calico/'), keys_only: true } as const;
/** All that is in etcd has one numbering. */
const HERE = 'etcd';
/** How long an answer to "are you there" counts, in milliseconds. */
const probeLasts = 9000;

/** Resources in etcd, where and as Calico keeps them. Every write is one transaction on the key's revision. */
export class EtcdStore implements Store {
  readonly history: History = {
    head: () => this.#head(),
    forget: async (revision) => {
      await this.#client.call('/v3/kv/compaction', { revision });
    },
  };
  readonly #client: EtcdClient;
  readonly #clock: Clock;
  readonly #restorations = new Restorations();
  #probed: { readonly at: number; readonly answer: Promise<void> } | undefined;

  constructor(config: EtcdConfig, clock: Clock = systemClock, discover = discoverEndpoints) {
    this.#client = new EtcdClient(config, clock, discover);
    this.#clock = clock;
  }

  async get<Kind extends KindName>(key: ResourceKey<Kind>): Promise<ResourceOf<Kind> | undefined> {
    const pair = await this.#find(key);
    return pair && decode(key.kind, pair);
  }

  async list<Kind extends KindName>(kind: Kind, options: ListOptions = {}): Promise<Listing<Kind>> {
    const all: ResourceOf<Kind>[] = [];
    let at = '';
    for await (const { items, revision } of this.portions(kind, options.namespace)) {
      at = revision;
      for (const item of items) if (matches(item, options)) all.push(item);
    }
    return { items: all.sort(byName), revision: at };
  }

  async *portions<Kind extends KindName>(kind: Kind, namespace?: string): AsyncGenerator<Portion<Kind>> {
    for await (const { pairs, revision } of this.#pages(rangeOf(kind, namespace))) {
      yield { items: decodeEach(kind, pairs), revision: this.#restorations.stamped(revision) };
    }
  }

  async create<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>> {
    const key = storedAt(resource);
    const object = stamped(resource, undefined, this.#clock.wallTime());
    const compare = [{ key: toBase64(key), target: 'CREATE', result: 'EQUAL', create_revision: '0' }];
    const answer = await this.#transaction({ compare, success: [put(key, object)] });
    if (!answer.succeeded) throw new AlreadyExists(keyText(keyOf(resource)));
    const revision = answer.header.revision;
    return this.#written(resource, object, key, { create_revision: revision, mod_revision: revision });
  }

  async update<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>> {
    const name = keyOf(resource);
    for (;;) {
      const { uid, creationTimestamp, resourceVersion } = resource.metadata;
      // Somebody who has read the object before brings all that is to be kept.
      const whole = uid !== undefined && (creationTimestamp !== undefined || uid.startsWith('etcd-'));
      const known = whole && resourceVersion ? resource : undefined;
      const was = known ?? (await this.#existing(name));
      checkPrecondition(name, was, resource.metadata);
      const key = storedAt(resource);
      const object = stamped(resource, was, this.#clock.wallTime());
      const answer = await this.#transaction({
        compare: [atModRevision(key, was.metadata.resourceVersion)],
        success: [put(key, object)],
        failure: [{ request_range: { key: toBase64(key), keys_only: true } }],
      });
      if (answer.succeeded) {
        const create_revision = was.metadata.uid?.replace('etcd-', '') ?? '';
        return this.#written(resource, object, key, { create_revision, mod_revision: answer.header.revision });
      }
      if (answer.responses?.[0]?.response_range?.kvs === undefined) throw new NotFound(keyText(name));
      if (resourceVersion) throw new UpdateConflict(keyText(name));
    }
  }

  async delete<Kind extends KindName>(name: ResourceKey<Kind>, precondition?: Precondition): Promise<ResourceOf<Kind>> {
    for (;;) {
      const was = await this.#existing(name);
      checkPrecondition(name, was, precondition);
      const key = storedAt(was);
      const compare = [atModRevision(key, was.metadata.resourceVersion)];
      const answer = await this.#transaction({ compare, success: [{ request_delete_range: { key: toBase64(key) } }] });
      if (answer.succeeded) return was;
    }
  }

  async *watch<Kind extends KindName>(
    kind: Kind,
    revision: string,
    signal: AbortSignal,
  ): AsyncIterable<StoreEvent<Kind>> {
    const restorations = this.#restorations;
    // After an outage another history may be there.
    const count = restorations.count;
    await this.#probe();
    const at = restorations.own(revision);
    const probe = async (): Promise<void> => {
      await this.#probe();
      restorations.require(count, revision);
    };
    try {
      for await (const event of watchKind(this.#client, this.#clock, kind, at, signal, probe)) {
        restorations.require(count, revision);
        restorations.heard(HERE, event.revision);
        yield { ...event, revision: restorations.stamped(event.revision, count) };
      }
    } finally {
      this.#probed = undefined;
    }
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  async #find({ kind, name, namespace }: ResourceKey): Promise<KeyValue | undefined> {
    if (kind === 'BlockAffinity' && name.length >= longestPlainName) {
      for await (const { pairs } of this.#pages(rangeOf(kind))) {
        const found = pairs.find((pair) => decode(kind, pair)?.metadata.name === name);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    const keys = candidates({ kind, name, namespace });
    if (keys.length === 0) return undefined;
    if (keys.length === 1) {
      const answer = await this.#client.call<RangeAnswer>('/v3/kv/range', { key: toBase64(keys[0]) });
      return answer.kvs?.[0];
    }
    const success = keys.map((key) => ({ request_range: { key: toBase64(key) } }));
    const { responses } = await this.#client.call<TransactionAnswer>('/v3/kv/txn', { success });
    return responses?.map((response) => response.response_range?.kvs?.[0]).find((pair) => pair !== undefined);
  }

  async #existing<Kind extends KindName>(key: ResourceKey<Kind>): Promise<ResourceOf<Kind>> {
    const pair = await this.#find(key);
    const resource = pair && decode(key.kind, pair);
    if (resource === undefined) throw new NotFound(keyText(key));
    return resource;
  }

  /** The revision of the last write, as the members agree on it now. */
  async #head(): Promise<string> {
    const asked = this.#restorations.asking(HERE);
    const { header } = await this.#client.call<RangeAnswer>('/v3/kv/range', NOTHING);
    this.#restorations.answered(HERE, header.revision, asked, header.cluster_id);
    return header.revision;
  }

  /** All of a range at one revision, page by page. */
  async *#pages({ from, to }: KeyRange): AsyncGenerator<{ readonly pairs: KeyValue[]; revision: string }> {
    const asked = this.#restorations.asking(HERE);
    let key = from;
    let revision: string | undefined;
    for (;;) {
      const request = { key: toBase64(key), range_end: toBase64(to), limit: page, ...(revision && { revision }) };
      const answer = await this.#client.call<RangeAnswer>('/v3/kv/range', request);
      if (revision === undefined) {
        const { header } = answer;
        revision = header.revision;
        this.#restorations.answered(HERE, revision, asked, header.cluster_id);
        this.#probed = { at: this.#clock.now(), answer: Promise.resolve() };
      }
      const pairs = answer.kvs ?? [];
      const last = pairs.at(-1);
      yield { pairs, revision };
      if (!answer.more || last === undefined) return;
      key = `${fromBase64(last.key)}\0`;
    }
  }

  #transaction(body: object): Promise<TransactionAnswer> {
    return this.#client.call<TransactionAnswer>('/v3/kv/txn', body, true);
  }

  /** The object that a reader will find there now. */
  #written<Kind extends KindName>(
    given: ResourceOf<Kind>,
    object: ResourceOf<Kind>,
    key: string,
    revisions: { readonly create_revision: string; readonly mod_revision: string },
  ): ResourceOf<Kind> {
    const read = decode(given.kind, { key: toBase64(key), value: toBase64(encode(object)), ...revisions });
    return (read as ResourceOf<Kind> | undefined) ?? atRevision(object, revisions.mod_revision);
  }

  /** Shared by all watches. */
  #probe(): Promise<void> {
    const now = this.#clock.now();
    if (this.#probed === undefined || now - this.#probed.at > probeLasts) {
      this.#probed = { at: now, answer: this.#head().then(() => undefined) };
    }
    const { answer } = this.#probed;
    answer.catch(() => (this.#probed = undefined));
    return answer;
  }
}

function put(key: string, object: ResourceOf<KindName>): object {
  return { request_put: { key: toBase64(key), value: toBase64(encode(object)) } };
}

function atModRevision(key: string, revision: string | undefined): object {
  return { key: toBase64(key), target: 'MOD', result: 'EQUAL', mod_revision: revision ?? '0' };
}

function byName(a: ResourceOf<KindName>, b: ResourceOf<KindName>): number {
  const left = `${a.metadata.namespace ?? ''}/${a.metadata.name}`;
  const right = `${b.metadata.namespace ?? ''}/${b.metadata.name}`;
  return left < right ? -1 : left > right ? 1 : 0;
}
