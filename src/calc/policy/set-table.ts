import { type Entries, EntriesWriter } from '../../base/index.ts';
import { type ServiceBackend, type SetReference, setKey } from '../../policy/index.ts';
import type { DesiredSet } from '../desired/index.ts';
import type { Filled, Matched } from './matched.ts';
import { MemberSet } from './member-set.ts';
import { backendMembers } from './members.ts';

interface Kept {
  readonly filled: Filled;
  readonly release: () => void;
  users: number;
}

export interface SetGrounds {
  /** Endpoints and network sets. */
  readonly identities: Matched;
  readonly nodes: Matched;
  /** By `namespace/name`. */
  readonly backendsOf: (service: string) => readonly ServiceBackend[];
}

/** The sets that somebody's rules look into: one for all equal references, filled as long as it is needed. */
export class SetTable {
  readonly #grounds: SetGrounds;
  readonly #writer = new EntriesWriter<DesiredSet>(Object.is);
  readonly #kept = new Map<string, Kept>();
  /** By owner: keys of the sets. */
  readonly #needs = new Map<string, ReadonlySet<string>>();
  /** By `namespace/name` of the service. */
  readonly #ofService = new Map<string, Set<Filled>>();
  readonly #touched = new Set<Filled>();
  /** Of which the last user has gone; another may come before the commit. */
  readonly #idle = new Set<string>();

  constructor(grounds: SetGrounds) {
    this.#grounds = grounds;
  }

  /** Notes the sets that the owner's rules look into, in the place of those before. */
  need(owner: string, references: readonly SetReference[]): void {
    const before = this.#needs.get(owner);
    const wanted = new Map(references.map((reference) => [setKey(reference), reference]));
    for (const [key, reference] of wanted) if (!before?.has(key)) this.#use(key, reference);
    for (const key of before ?? []) if (!wanted.has(key)) this.#leave(key);
    if (wanted.size === 0) this.#needs.delete(owner);
    else this.#needs.set(owner, new Set(wanted.keys()));
  }

  /** These may have other members. */
  touch(sets: Iterable<Filled>): void {
    for (const set of sets) this.#touched.add(set);
  }

  /** The service has other backends. */
  serve(service: string, now: readonly ServiceBackend[], before: readonly ServiceBackend[]): void {
    for (const filled of this.#ofService.get(service) ?? []) {
      filled.set.add(backendMembers(filled.reference, now));
      filled.set.remove(backendMembers(filled.reference, before));
      this.#touched.add(filled);
    }
  }

  commit(): Entries<DesiredSet> {
    for (const key of this.#idle) {
      const kept = this.#kept.get(key);
      if (kept === undefined || kept.users > 0) continue;
      kept.release();
      this.#kept.delete(key);
      this.#writer.set(key, undefined);
    }
    this.#idle.clear();
    for (const filled of this.#touched) {
      if (this.#kept.get(filled.key)?.filled === filled) this.#writer.set(filled.key, filled.set.commit());
    }
    this.#touched.clear();
    return this.#writer.commit();
  }

  #use(key: string, reference: SetReference): void {
    const known = this.#kept.get(key);
    if (known !== undefined) {
      known.users++;
      return;
    }
    const isOfPorts = reference.kind === 'service' || reference.kind === 'named ports';
    const filled = { key, reference, set: new MemberSet(isOfPorts ? 'ports' : 'addresses') };
    this.#kept.set(key, { filled, release: this.#fill(filled), users: 1 });
    this.#touched.add(filled);
  }

  #leave(key: string): void {
    const kept = this.#kept.get(key);
    if (kept !== undefined && --kept.users === 0) this.#idle.add(key);
  }

  /** Fills a new set; what is given back ends that. */
  #fill(filled: Filled): () => void {
    const { reference, set } = filled;
    const { identities, nodes, backendsOf } = this.#grounds;
    if (reference.kind === 'nodes') return nodes.fill(reference.selector, filled);
    if (reference.kind === 'selector' || reference.kind === 'named ports') {
      return identities.fill(reference.selector, filled);
    }
    const service = `${reference.service.namespace}/${reference.service.name}`;
    set.add(backendMembers(reference, backendsOf(service)));
    const all = this.#ofService.get(service) ?? new Set();
    this.#ofService.set(service, all.add(filled));
    return () => {
      all.delete(filled);
      if (all.size === 0) this.#ofService.delete(service);
    };
  }
}
