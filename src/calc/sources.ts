import { type Entries, EntriesWriter, same } from '../base/index.ts';
import type { IPAMBlock, KindName, ResourceOf } from '../model/index.ts';
import type { Cell } from './cell.ts';
import { blockOf, type InputKind, PROJECTIONS, type Projected } from './projections.ts';

/** One object as it is now, or `undefined` when it is gone. The shape that the datastore's syncer delivers. */
export interface Update {
  readonly key: { readonly kind: KindName; readonly name: string; readonly namespace?: string | undefined };
  readonly resource: ResourceOf<KindName> | undefined;
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
  readonly #ignored = new Map<InputKind, number>();

  constructor(nodename: string) {
    this.#nodename = nodename;
  }

  /** Notes an update; whether it said something new. */
  take({ key: { kind, name, namespace }, resource }: Update): boolean {
    if (!isInput(kind)) return false;
    if (kind === 'IPAMBlock') this.#keep(name, resource as IPAMBlock | undefined);
    const project = PROJECTIONS[kind] as (resource: ResourceOf<KindName>, nodename: string) => unknown;
    const writer = this.#writers[kind] as EntriesWriter<unknown>;
    const changed = writer.set(
      namespace ? `${namespace}/${name}` : name,
      resource && project(resource, this.#nodename),
    );
    if (!changed) this.#ignored.set(kind, (this.#ignored.get(kind) ?? 0) + 1);
    return changed;
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

  #keep(name: string, block: IPAMBlock | undefined): void {
    if (block?.spec.affinity === `host:${this.#nodename}`) this.#ownBlocks.set(name, block);
    else this.#ownBlocks.delete(name);
  }
}

function isInput(kind: KindName): kind is InputKind {
  return Object.hasOwn(PROJECTIONS, kind);
}
