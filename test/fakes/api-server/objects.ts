import { randomUUID } from 'node:crypto';
import { isFinished, isUnchanged, outgoing, succeeding } from './lifecycle.ts';
import { merge } from './merge.ts';
import { invalid, Refusal } from './refusal.ts';

/** An object as it travels. */
export interface StoredObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly [other: string]: unknown;
  };
  readonly [other: string]: unknown;
}

export interface Change {
  readonly revision: number;
  readonly resource: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: StoredObject;
}

export interface Backup {
  readonly objects: ReadonlyMap<string, StoredObject>;
  readonly revision: number;
}

/** Which resource (`ippools.crd.projectcalico.org`), which namespace if any. */
export interface Place {
  readonly resource: string;
  readonly namespace: string | undefined;
}

type Loose = Record<string, unknown>;

/** Looks at an object before it is stored, beside what stood there; returns it with what is to be filled in, or throws. */
export type Admit = (place: Place, object: Loose, before: StoredObject | undefined) => Loose;

/** The objects of an API server and their history, with its rules of optimistic concurrency. */
export class Objects {
  readonly #objects = new Map<string, StoredObject>();
  readonly #changes: Change[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #admit: Admit;
  /** Of a copy: nobody sees what is written, so it has no revision. */
  #isRehearsal = false;
  #revision = 1000;
  #compacted = 0;

  constructor(admit: Admit = (_place, object) => object) {
    this.#admit = admit;
  }

  get revision(): string {
    return String(this.#revision);
  }

  list({ resource, namespace }: Place): readonly StoredObject[] {
    const prefix = `${resource}/${namespace === undefined ? '' : `${namespace}/`}`;
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  get(place: Place, name: string): StoredObject {
    const object = this.#objects.get(keyOf(place, name));
    if (object === undefined) {
      const [kind, ...group] = place.resource.split('.');
      const details = { name, ...(group.length > 0 && { group: group.join('.') }), kind };
      throw new Refusal(404, 'NotFound', `${place.resource} "${name}" not found`, details);
    }
    return object;
  }

  create(place: Place, body: Loose): StoredObject {
    const { generateName, ...named } = (body['metadata'] ?? {}) as Loose;
    const made = generateName === undefined ? {} : { name: `${generateName}${randomUUID().slice(0, 5)}`, generateName };
    const metadata: Loose = { ...made, ...named };
    const name = String(metadata['name'] ?? '');
    if (this.#objects.has(keyOf(place, name))) {
      throw new Refusal(409, 'AlreadyExists', `${place.resource} "${name}" already exists`);
    }
    if (metadata['resourceVersion'] !== undefined) {
      throw new Refusal(500, 'InternalError', 'resourceVersion should not be set on objects to be created');
    }
    const creationTimestamp = `${new Date().toISOString().slice(0, 19)}Z`;
    const namespace = place.namespace === undefined ? {} : { namespace: place.namespace };
    const own = { uid: randomUUID(), creationTimestamp, generation: 1 };
    return this.#put(place, { ...body, metadata: { ...metadata, ...namespace, ...own } });
  }

  replace(place: Place, name: string, body: Loose): StoredObject {
    const was = this.get(place, name);
    const metadata = body['metadata'] as StoredObject['metadata'];
    if (metadata.name !== undefined && metadata.name !== name) {
      const said = `the name of the object (${metadata.name}) does not match the name on the URL (${name})`;
      throw new Refusal(400, 'BadRequest', said);
    }
    if (!metadata.resourceVersion) throw invalid('metadata.resourceVersion', '0x0: must be specified for an update');
    checkPreconditions(was, metadata);
    return this.#put(place, body);
  }

  /** JSON merge patch, RFC 7396; or Kubernetes' strategic one, which finds conditions by their type. */
  patch(place: Place, name: string, patch: Loose, kind: 'merge' | 'strategic' = 'merge'): StoredObject {
    const was = this.get(place, name);
    const { uid, resourceVersion } = (patch['metadata'] ?? {}) as Partial<StoredObject['metadata']>;
    checkPreconditions(was, { resourceVersion });
    // A patch makes an object with another uid, and that one is judged.
    if (uid !== undefined && uid !== was.metadata.uid) throw invalid('metadata.uid', `"${uid}": field is immutable`);
    return this.#put(place, merge(was, patch, kind === 'strategic') as Loose);
  }

  delete(place: Place, name: string, preconditions: { uid?: string; resourceVersion?: string }): StoredObject {
    const was = this.get(place, name);
    checkPreconditions(was, preconditions);
    const next = outgoing(was);
    if (next === undefined) return this.#remove(place, was);
    return isUnchanged(was, next) ? was : this.#keep(place, 'MODIFIED', next);
  }

  /** Forgets all changes so far: a watch from before now gets an ERROR with 410. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#changes.length = 0;
    this.#wake();
  }

  /** All that there is now, for `restore`. */
  backup(): Backup {
    return { objects: new Map(this.#objects), revision: this.#revision };
  }

  /** As after a restoration of etcd: the objects and the revision of then; what came after never was. */
  restore({ objects, revision }: Backup): void {
    this.#objects.clear();
    for (const [key, object] of objects) this.#objects.set(key, object);
    this.#changes.length = 0;
    this.#revision = revision;
    this.#compacted = revision;
  }

  /** A copy for `dryRun=All`: refuses what this one would refuse, and keeps the writes to itself. */
  rehearsal(): Objects {
    const copy = new Objects(this.#admit);
    copy.restore(this.backup());
    copy.#isRehearsal = true;
    return copy;
  }

  /** Changes of a resource after a revision; throws 410 when they have been forgotten. */
  after({ resource, namespace }: Place, revision: number): readonly Change[] {
    if (revision < this.#compacted)
      throw new Refusal(410, 'Expired', 'The resourceVersion for the provided watch is too old.');
    return this.#changes.filter(
      (change) =>
        change.revision > revision &&
        change.resource === resource &&
        (namespace === undefined || change.object.metadata.namespace === namespace),
    );
  }

  /** Calls `wake` at each change, until the returned function is called. */
  onChange(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => this.#watchers.delete(wake);
  }

  #put(place: Place, body: Loose): StoredObject {
    const before = this.#objects.get(keyOf(place, (body as StoredObject).metadata.name));
    const admitted = this.#admit(place, body, before) as StoredObject;
    if (before === undefined) return this.#keep(place, 'ADDED', admitted);
    const next = succeeding(before, admitted);
    if (isFinished(next)) return this.#remove(place, next);
    return isUnchanged(before, next) ? before : this.#keep(place, 'MODIFIED', next);
  }

  #keep(place: Place, type: 'ADDED' | 'MODIFIED', body: StoredObject): StoredObject {
    const stored = this.#record(place, type, body);
    this.#objects.set(keyOf(place, stored.metadata.name), stored);
    return stored;
  }

  #remove(place: Place, body: StoredObject): StoredObject {
    this.#objects.delete(keyOf(place, body.metadata.name));
    return this.#record(place, 'DELETED', body);
  }

  #record(place: Place, type: Change['type'], body: StoredObject): StoredObject {
    if (this.#isRehearsal) return body;
    const revision = ++this.#revision;
    const object = { ...body, metadata: { ...body.metadata, resourceVersion: String(revision) } };
    this.#changes.push({ revision, resource: place.resource, type, object });
    this.#wake();
    return object;
  }

  #wake(): void {
    for (const wake of [...this.#watchers]) wake();
  }
}

function keyOf({ resource, namespace }: Place, name: string): string {
  return `${resource}/${namespace ?? ''}${namespace === undefined ? '' : '/'}${name}`;
}

function checkPreconditions(was: StoredObject, wanted: { uid?: unknown; resourceVersion?: unknown }): void {
  for (const field of ['uid', 'resourceVersion'] as const) {
    if (wanted[field] === undefined || wanted[field] === was.metadata[field]) continue;
    throw new Refusal(409, 'Conflict', `Operation cannot be fulfilled: Precondition failed: ${field}`);
  }
}
