import { type Entries, EntriesWriter, same } from '../base/index.ts';
import {
  type IPAMBlock,
  isOlderVersion,
  type KindName,
  type ResourceOf,
  type WorkloadEndpoint,
} from '../model/index.ts';
import { type Endpoint, serviceOf } from '../policy/index.ts';
import type { Cell } from './cell.ts';
import { PodViews } from './policy/pod-views.ts';
import { blockOf, type InputKind, PROJECTIONS, type Projected } from './projections.ts';
import type { SecretContent } from './protection.ts';

/** One object as it is now, or `undefined` when it is gone. The shape that the datastore's syncer delivers. */
export interface SourceUpdate {
  readonly key: { readonly kind: KindName; readonly name: string; readonly namespace?: string | undefined };
  readonly resource: ResourceOf<KindName> | undefined;
  /** An older version than that which was told before counts too. */
  readonly isAnyVersion?: boolean;
}

/**
 * The news in an update: if about another node's pod or about a Service alone, that; if about the endpoints of
 * Services alone, about which.
 */
export type News = 'news' | 'of others' | 'of services' | readonly string[];

/**
 * Where resources enter the calculation: of each kind what is read of it (`projections.ts`), by `name` or
 * `namespace/name`. An update of anything else changes nothing here, and so wakes nothing.
 */
export class Sources {
  readonly #nodename: string;
  readonly #writers = Object.fromEntries(
    Object.keys(PROJECTIONS).map((kind) => [kind, new EntriesWriter<unknown>(same)]),
  ) as { readonly [Kind in InputKind]: EntriesWriter<Projected<Kind>> };
  readonly #pods = new PodViews();
  readonly #ownBlocks = new Map<string, IPAMBlock>();
  /** Of our own pods. */
  readonly #versions = new Map<string, string>();
  readonly #secrets = new EntriesWriter<SecretContent>(same);
  readonly #ignored = new Map<InputKind, number>();

  constructor(nodename: string) {
    this.#nodename = nodename;
  }

  /** Notes an update: what it says that is new. */
  take(update: SourceUpdate): News | undefined {
    const { kind, name, namespace } = update.key;
    const { resource } = update;
    if (!isInput(kind)) return undefined;
    const key = namespace ? `${namespace}/${name}` : name;
    if (kind === 'WorkloadEndpoint' && this.#isLate(key, update)) return this.#ignore(kind);
    if (kind === 'IPAMBlock') this.#keep(name, resource as IPAMBlock | undefined);
    const project = PROJECTIONS[kind] as (resource: ResourceOf<KindName>, nodename: string) => unknown;
    const writer = this.#writers[kind] as EntriesWriter<unknown>;
    const before = kind === 'KubernetesEndpointSlice' ? this.#writers[kind].get(key) : undefined;
    if (writer.set(key, resource && project(resource, this.#nodename))) {
      if (kind === 'WorkloadEndpoint') this.#pods.set(key, resource as WorkloadEndpoint | undefined);
      if (kind === 'KubernetesService') return 'of services';
      if (kind !== 'KubernetesEndpointSlice') return 'news';
      return [before, this.#writers[kind].get(key)].flatMap((slice) => (slice === undefined ? [] : [serviceOf(slice)]));
    }
    const isOthers = kind === 'WorkloadEndpoint' && this.#pods.set(key, resource as WorkloadEndpoint | undefined);
    return isOthers ? 'of others' : this.#ignore(kind);
  }

  /**
   * Notes what a Secret holds, undefined where there is none: whether that is new. It is never among the `resources`.
   */
  setSecret(name: string, data: SecretContent | undefined): boolean {
    return this.#secrets.set(name, data);
  }

  /** By name. */
  secrets(): Entries<SecretContent> {
    return this.#secrets.commit();
  }

  /** Updates so far that said nothing new, by kind. */
  get ignored(): ReadonlyMap<InputKind, number> {
    return this.#ignored;
  }

  /** All pods of the cluster, as rules know them. */
  pods(): Entries<Endpoint> {
    return this.#pods.commit();
  }

  /**
   * The memory, as resources from which the same follows: of other nodes' pods what rules know of them, of their
   * blocks what `BlockView` has.
   */
  resources(): ResourceOf<InputKind>[] {
    const { IPAMBlock: blocks, ...others } = this.#writers;
    return [
      ...Object.values(others).flatMap((writer): ResourceOf<InputKind>[] => [...writer.commit().values()]),
      ...this.#pods.others(this.#nodename),
      ...[...blocks.commit()].map(([name, view]) => this.#ownBlocks.get(name) ?? blockOf(name, view)),
    ];
  }

  of<Kind extends InputKind>(kind: Kind): Cell<Entries<Projected<Kind>>> {
    const writer = this.#writers[kind];
    return () => writer.commit();
  }

  #ignore(kind: InputKind): undefined {
    this.#ignored.set(kind, (this.#ignored.get(kind) ?? 0) + 1);
    return undefined;
  }

  /**
   * Whether a newer version of one of our own pods is known. The syncer drops such news; a pod's route is worth a
   * second look.
   */
  #isLate(key: string, { resource, isAnyVersion }: SourceUpdate): boolean {
    const version = resource?.metadata.resourceVersion;
    if (!isAnyVersion && isOlderVersion(version, this.#versions.get(key))) return true;
    const isOwn = (resource as WorkloadEndpoint | undefined)?.spec.node === this.#nodename;
    if (isOwn && version !== undefined) this.#versions.set(key, version);
    else this.#versions.delete(key);
    return false;
  }

  #keep(name: string, block: IPAMBlock | undefined): void {
    if (block?.spec.affinity === `host:${this.#nodename}`) this.#ownBlocks.set(name, block);
    else this.#ownBlocks.delete(name);
  }
}

/** Whether the object is another node's pod or block: of those the calculation keeps what it needs itself. */
export function isOfOthers(nodename: string, { kind, spec }: ResourceOf<KindName>): boolean {
  if (kind === 'WorkloadEndpoint') return (spec as WorkloadEndpoint['spec']).node !== nodename;
  return kind === 'IPAMBlock' && (spec as IPAMBlock['spec']).affinity !== `host:${nodename}`;
}

function isInput(kind: KindName): kind is InputKind {
  return Object.hasOwn(PROJECTIONS, kind);
}
