import type { KindName, KubernetesService, LoadBalancerIngress, ResourceOf } from '../model/index.ts';

/** The key of one object. Namespaced kinds need `namespace`. */
export interface ResourceKey<Kind extends KindName = KindName> {
  readonly kind: Kind;
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface ListOptions {
  readonly namespace?: string;
  /** All of these labels with these values. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Listing<Kind extends KindName = KindName> {
  readonly items: readonly ResourceOf<Kind>[];
  /** The moment of the listing: where a watch that misses nothing begins. */
  readonly revision: string;
}

/** A part of a listing. Its items are made as they are taken: once, and before the next portion is asked for. */
export interface Portion<Kind extends KindName = KindName> {
  readonly items: Iterable<ResourceOf<Kind>>;
  readonly revision: string;
}

/** Conditions of a deletion: it fails with `UpdateConflict` unless they hold. */
export interface Precondition {
  readonly resourceVersion?: string | undefined;
  readonly uid?: string | undefined;
}

/** The revision of a kind that the datastore does not know: whoever watches from it hears when there is such a kind. */
export const ABSENT = 'missing';

export type StoreEvent<Kind extends KindName = KindName> =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly resource: ResourceOf<Kind>; readonly revision: string }
  /** Nothing new up to `revision`: proof that the watch is alive. */
  | { readonly type: 'bookmark'; readonly revision: string };

/** An engine that remembers every revision, and must not grow without end. */
export interface History {
  /** The revision of the last write. */
  head(): Promise<string>;
  /** Forgets what was before this revision; what is there now stays. `RevisionExpired`: it is forgotten already. */
  forget(revision: string): Promise<void>;
}

/** Kubernetes' condition of that name. */
export interface NetworkUnavailable {
  readonly status: boolean;
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** An engine that is the cluster's own, and takes conditions of a node besides its resources. */
export interface NodeConditions {
  setNetworkUnavailable(node: string, condition: NetworkUnavailable): Promise<void>;
}

/** Something about an object that people should see beside it. */
export interface Remark {
  readonly about: ResourceKey;
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
  /** The node that says it. */
  readonly node: string;
  /** Said again it is news again, and not the same as before. */
  readonly isRepeated?: boolean;
}

/** An engine that shows people events of its objects. */
export interface Remarks {
  /** Said once for each object, reason and message; an object that isn't there hears nothing. */
  remark(remark: Remark): Promise<void>;
}

/** The contents of a Secret, by key. */
export type SecretData = Readonly<Record<string, string>>;

/** Secrets that resources refer to by name. */
export interface Secrets {
  /**
   * Yields the contents of the Secret of that name, and again whenever they change; undefined while there is none. Ends
   * by throwing: `Unauthorized`, `DatastoreUnavailable` (try later).
   */
  watch(name: string, signal: AbortSignal): AsyncIterable<SecretData | undefined>;
}

/** ConfigMaps of `kube-system`, where those that set the cluster up left how it is made. */
export interface ConfigMaps {
  /**
   * The texts of the ConfigMap of that name, by key; undefined where there is none, or it may not be read. Rejects with
   * `DatastoreUnavailable`.
   */
  get(name: string): Promise<Readonly<Record<string, string>> | undefined>;
}

/** A condition of a Service: `status` is `True` or `False`, `reason` one word in CamelCase. */
export interface ServiceCondition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** An engine that is the cluster's own, and takes the status of a Service. */
export interface ServiceStatuses {
  /**
   * Makes this its `status.loadBalancer.ingress`; returns what it is then. `UpdateConflict` if it isn't at its
   * resourceVersion any more, `NotFound` if it is gone.
   */
  setIngress(service: KubernetesService, ingress: readonly LoadBalancerIngress[]): Promise<KubernetesService>;
  /** Makes this its condition `ADVERTISED`, beside those of others. As `setIngress`. */
  setAdvertised(service: KubernetesService, condition: ServiceCondition): Promise<KubernetesService>;
}

/** What an engine can be asked that is a server with rules of its own. */
export interface WriteAdmission {
  /** Creates or replaces, whatever is there now, without storing: fails as the write would, returns what would be stored. */
  put<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>>;
  /** Fails as a deletion would; what isn't there can't be refused. */
  delete(key: ResourceKey): Promise<void>;
}

/**
 * Where resources live. Four engines (memory, sqlite, etcd, kubernetes) behind one door, one contract suite for all.
 * All writes are compare-and-swap; all failures are `StoreError`s (`errors.ts`).
 */
export interface Store {
  /** Absent where the engine looks after its history by itself. */
  readonly history?: History | undefined;
  /** Absent where no cluster schedules by it. */
  readonly conditions?: NodeConditions | undefined;
  /** Absent where there is no place for them. */
  readonly remarks?: Remarks | undefined;
  /** Absent: there are none here. */
  readonly secrets?: Secrets | undefined;
  /** Absent: there are none here. */
  readonly configMaps?: ConfigMaps | undefined;
  /** Absent where there are no Services. */
  readonly services?: ServiceStatuses | undefined;
  /** Absent where nobody else is asked whether a write is right. */
  readonly admission?: WriteAdmission | undefined;
  /** The object, or undefined. */
  get<Kind extends KindName>(key: ResourceKey<Kind>): Promise<ResourceOf<Kind> | undefined>;
  list<Kind extends KindName>(kind: Kind, options?: ListOptions): Promise<Listing<Kind>>;
  /**
   * All of a kind at one moment, in portions of some hundreds and in no order, so that nobody has to hold all of it: at
   * least one portion; the last one's revision is that of the whole. Fails as `list` does, also within a portion.
   * Absent where the engine lists in one go.
   */
  readonly portions?: (<Kind extends KindName>(kind: Kind) => AsyncIterable<Portion<Kind>>) | undefined;
  /** Stores a new object; fills in uid, creationTimestamp and resourceVersion. `AlreadyExists` if there is one. */
  create<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>>;
  /**
   * Replaces the object if it is still at `metadata.resourceVersion`; `UpdateConflict` if not, `NotFound` if it is
   * gone. Without a resourceVersion it replaces whatever is there.
   */
  update<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>>;
  /** Removes the object and returns what it was; `NotFound` if there is none. */
  delete<Kind extends KindName>(key: ResourceKey<Kind>, precondition?: Precondition): Promise<ResourceOf<Kind>>;
  /**
   * Changes after `revision`, in order, until `signal` aborts. Ends by throwing: `RevisionExpired` (list again),
   * `DatastoreUnavailable` (try later).
   */
  watch<Kind extends KindName>(kind: Kind, revision: string, signal: AbortSignal): AsyncIterable<StoreEvent<Kind>>;
  close(): Promise<void>;
}
