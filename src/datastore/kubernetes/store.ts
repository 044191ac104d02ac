import { type Clock, systemClock } from '../../base/index.ts';
import { type KindName, kindNames, kubernetesKinds, type ResourceOf } from '../../model/index.ts';
import type { KubernetesConfig } from '../config.ts';
import { NotFound, OperationNotSupported, RevisionExpired, UpdateConflict } from '../errors.ts';
import { byName, checkPrecondition, keyOf, keyText, matches, stamped, timestamp } from '../object.ts';
import { Restorations } from '../restorations.ts';
import type {
  ConfigMaps,
  Listing,
  ListOptions,
  NodeConditions,
  Precondition,
  Remarks,
  ResourceKey,
  Secrets,
  ServiceStatuses,
  Store,
  StoreEvent,
  WriteAdmission,
} from '../store.ts';
import { Access, ownNamespace } from './access.ts';
import { admissionOf } from './admission.ts';
import { type ApiRequest, type KubeObject, KubernetesClient, Refused } from './client.ts';
import { conditionRequest } from './condition.ts';
import { readConfigMap } from './config-map.ts';
import { remarkAt } from './event.ts';
import { Heads } from './heads.ts';
import type { Mapping } from './mapping.ts';
import { mappingOf } from './mappings.ts';
import { meaning } from './meaning.ts';
import { pagesOf } from './pages.ts';
import { watchSecret } from './secret.ts';
import { serviceStatuses } from './service.ts';
import { together } from './together.ts';
import { watchCollection } from './watch.ts';

/** Resources in Kubernetes, where and as Calico keeps them. */
export class KubernetesStore implements Store {
  readonly conditions: NodeConditions = {
    setNetworkUnavailable: async (node, condition) => {
      const now = timestamp(this.#clock.wallTime());
      await this.#send({ kind: 'Node', name: node }, conditionRequest(node, condition, now));
    },
  };
  readonly remarks: Remarks = {
    remark: (remark) => {
      const path = this.#mapping(remark.about.kind).locate(remark.about)?.path;
      return remarkAt(path, remark, this.#client, timestamp(this.#clock.wallTime()));
    },
  };
  readonly secrets: Secrets = {
    watch: (name, signal) => watchSecret(this.#client, this.#clock, { namespace: this.#namespace, name }, signal),
  };
  readonly configMaps: ConfigMaps = { get: (name) => readConfigMap(this.#client, name) };
  readonly services: ServiceStatuses = serviceStatuses(
    (service, request) => this.#write<'KubernetesService'>(keyOf(service), request),
    () => timestamp(this.#clock.wallTime()),
  );
  readonly admission: WriteAdmission = admissionOf({
    mapping: (kind) => this.#mapping(kind),
    find: (key) => this.#find(key),
    send: (key, request) => this.#send(key, request),
    wallTime: () => this.#clock.wallTime(),
  });
  readonly #namespace: string;
  readonly #client: KubernetesClient;
  readonly #clock: Clock;
  readonly #restorations = new Restorations();
  readonly #heads: Heads;
  readonly #mappings: ReadonlyMap<KindName, Mapping>;

  constructor(config: KubernetesConfig, clock: Clock = systemClock, interfacePrefix = 'cali') {
    this.#namespace = ownNamespace();
    this.#client = new KubernetesClient(new Access(config), clock);
    this.#clock = clock;
    this.#heads = new Heads(this.#client, clock, this.#restorations);
    const kinds: readonly KindName[] = [...kindNames, ...kubernetesKinds];
    this.#mappings = new Map(kinds.map((kind) => [kind, mappingOf(kind, () => clock.wallTime(), interfacePrefix)]));
  }

  async get<Kind extends KindName>(key: ResourceKey<Kind>): Promise<ResourceOf<Kind> | undefined> {
    return (await this.#find(key))?.resource;
  }

  async list<Kind extends KindName>(kind: Kind, options: ListOptions = {}): Promise<Listing<Kind>> {
    const items: ResourceOf<Kind>[] = [];
    let at = '';
    for await (const portion of this.portions(kind, options)) {
      at = portion.revision;
      items.push(...portion.items.filter((item) => matches(item, options)));
    }
    return { items: items.sort(byName), revision: at };
  }

  async *portions<Kind extends KindName>(kind: Kind, options: ListOptions = {}): AsyncGenerator<Listing<Kind>> {
    const { collections, constants = [] } = this.#mapping(kind);
    let first = constants;
    const revisions: string[] = [];
    for (const [at, collection] of collections.entries()) {
      for await (const { items, revision } of pagesOf(this.#client, this.#heads, collection, options)) {
        revisions[at] = revision;
        yield { items: [...first, ...items], revision: this.#restorations.stamped(revisions.join('/')) };
        first = [];
      }
    }
  }

  async create<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>> {
    const key = keyOf(resource);
    const mapping = this.#mapping<Kind>(resource.kind as Kind);
    if (mapping.create === undefined) throw new OperationNotSupported('create', keyText(key), mapping.maker);
    const { resourceVersion: _, ...metadata } = resource.metadata;
    return this.#write(key, mapping.create({ ...resource, metadata }));
  }

  async update<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>> {
    const key = keyOf(resource);
    const mapping = this.#mapping<Kind>(resource.kind as Kind);
    if (mapping.update === undefined) throw new OperationNotSupported('update', keyText(key), mapping.maker);
    for (;;) {
      const { uid, creationTimestamp, resourceVersion } = resource.metadata;
      // Somebody who has read the object before brings all that is to be kept.
      const known = uid !== undefined && creationTimestamp !== undefined && resourceVersion ? resource : undefined;
      const was = known ?? (await this.#existing(key)).resource;
      checkPrecondition(key, was, resource.metadata);
      const object = stamped(resource, was, this.#clock.wallTime());
      const metadata = { ...object.metadata, resourceVersion: was.metadata.resourceVersion };
      try {
        return await this.#write(key, mapping.update({ ...object, metadata }));
      } catch (error) {
        if (!(error instanceof UpdateConflict) || resourceVersion) throw error;
      }
    }
  }

  async delete<Kind extends KindName>(key: ResourceKey<Kind>, precondition?: Precondition): Promise<ResourceOf<Kind>> {
    const { remove } = this.#mapping(key.kind);
    if (remove === undefined) throw new OperationNotSupported('delete', keyText(key));
    for (;;) {
      const { resource, object } = await this.#existing(key);
      checkPrecondition(key, resource, precondition);
      try {
        await this.#send(key, remove(resource, object));
        return resource;
      } catch (error) {
        // It changed in between: its conditions are looked at again.
        if (!(error instanceof UpdateConflict)) throw error;
      }
    }
  }

  async *watch<Kind extends KindName>(
    kind: Kind,
    revision: string,
    signal: AbortSignal,
  ): AsyncIterable<StoreEvent<Kind>> {
    if (signal.aborted) return;
    const { collections } = this.#mapping(kind);
    const { count } = this.#restorations;
    const revisions = this.#restorations.own(revision).split('/');
    if (revisions.length !== collections.length) throw new RevisionExpired(revision);
    const ending = new AbortController();
    const either = AbortSignal.any([signal, ending.signal]);
    const watches = collections.map((collection, at) => {
      const from = { revision: revisions[at], count };
      return watchCollection(this.#client, this.#clock, collection, from, this.#heads, either);
    });
    try {
      for await (const event of watches.length === 1 ? watches[0] : together(watches, revisions)) {
        this.#restorations.require(count, revision);
        yield { ...event, revision: this.#restorations.stamped(event.revision, count) };
      }
    } finally {
      ending.abort();
    }
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #mapping<Kind extends KindName>(kind: Kind): Mapping<Kind> {
    return this.#mappings.get(kind) as unknown as Mapping<Kind>;
  }

  async #find<Kind extends KindName>(
    key: ResourceKey<Kind>,
  ): Promise<{ readonly resource: ResourceOf<Kind>; readonly object: KubeObject } | undefined> {
    const mapping = this.#mapping(key.kind);
    const constant = mapping.constants?.find((resource) => resource.metadata.name === key.name);
    if (constant !== undefined) return { resource: constant, object: { metadata: { name: key.name } } };
    const place = mapping.locate(key);
    if (place === undefined) return undefined;
    try {
      const object = await this.#client.call<KubeObject>({ method: 'GET', path: place.path });
      const resource = place.collection.decode(object);
      return resource && { resource, object };
    } catch (error) {
      if (error instanceof Refused && error.status.code === 404) return undefined;
      throw meaning(key, error);
    }
  }

  async #existing<Kind extends KindName>(key: ResourceKey<Kind>) {
    const found = await this.#find(key);
    if (found === undefined) throw new NotFound(keyText(key));
    return found;
  }

  async #write<Kind extends KindName>(key: ResourceKey<Kind>, request: ApiRequest): Promise<ResourceOf<Kind>> {
    const object = await this.#send(key, request);
    const resource = this.#mapping(key.kind).locate(key)?.collection.decode(object);
    if (resource === undefined) throw new NotFound(keyText(key));
    return resource;
  }

  async #send(key: ResourceKey, request: ApiRequest): Promise<KubeObject> {
    try {
      return await this.#client.call<KubeObject>(request);
    } catch (error) {
      throw meaning(key, error);
    }
  }
}
