import { type Entries, EntriesWriter, same } from '../base/index.ts';
import {
  type IPAMBlock,
  isOlderVersion,
  type KindName,
  type ResourceOf,
  type WorkloadEndpoint,
} from '../model/index.ts';
import type { Cell } from './cell.ts';
import { blockOf, type InputKind, PROJECTIONS, type Projected } from './projections.ts';

/** One object as it is now, or `undefined` when it is gone. The shape that the datastore's syncer delivers. */
export interface Update {
  readonly key: { readonly kind: KindName; readonly name: string; readonly namespace?: string | undefined };
  readonly resource: ResourceOf<KindName> | undefined;
  /** An older version than that which was told before counts too. */
  readonly isAnyVersion?: boolean;
}

/**
 * Where resources enter the calculation: of each kind what is read of it (`projections.ts`), by `name` or
 * `namespace/name`. An update of anything else changes nothing here, and so wakes nothing.
 */
export class Sources {
  readonly #nodename: string;
  readonly #writers = Object.fromEntries(
    Object.keys(PROJECTIONS).map((kind) => [kind, new EntriesWriter<unknown>(same)]),
  ) as { readonly [Kind in InputKind]: EntriesWriter<Projected<Kind>> };
  readonly #ownBlocks = new Map<string, IPAMBlock>();
  /** Of our own pods. */
  readonly #versions = new Map<string, string>();
  readonly #ignored = new Map<InputKind, number>();

  constructor(nodename: string) {
    this.#nodename = nodename;
  }

  /** Notes an update; whether it said something new. */
  take(update: Update): boolean {
    const { kind, name, namespace } = update.key;
    const { resource } = update;
    if (!isInput(kind)) return false;
    const key = namespace ? `${namespace}/${name}` : name;
    if (kind === 'WorkloadEndpoint' && this.#isLate(key, update)) return this.#ignore(kind);
    if (kind === 'IPAMBlock') this.#keep(name, resource as IPAMBlock | undefined);
    const project = PROJECTIONS[kind] as (resource: ResourceOf<KindName>, nodename: string) => unknown;
    const writer = this.#writers[kind] as EntriesWriter<unknown>;
    const changed = writer.set(key, resource && project(resource, this.#nodename));
    return changed || this.#ignore(kind);
  }

  /** Updates so far that said nothing new, by kind. */
  get ignored(): ReadonlyMap<InputKind, number> {
    return this.#ignored;
  }

  /**
   * What is remembered, as resources from which the same follows. Other nodes' pods are not among them, and of their blocks
   * there is what `BlockView` has.
   */
  resources(): ResourceOf<InputKind>[] {
    const { IPAMBlock: blocks, ...others } = this.#writers;
    return [
      ...Object.values(others).flatMap((writer): ResourceOf<InputKind>[] => [...writer.commit().values()]),
      ...[...blocks.commit()].map(([name, view]) => this.#ownBlocks.get(name) ?? blockOf(name, view)),
    ];
  }

  of<Kind extends InputKind>(kind: Kind): Cell<Entries<Projected<Kind>>> {
    const writer = this.#writers[kind];
    return () => writer.commit();
  }

  #ignore(kind: InputKind): false {
    this.#ignored.set(kind, (this.#ignored.get(kind) ?? 0) + 1);
    return false;
  }

  /** Whether a newer version of one of our own pods is known. The syncer drops such news; a pod's route is worth a second look. */
  #isLate(key: string, { resource, isAnyVersion }: Update): boolean {
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
