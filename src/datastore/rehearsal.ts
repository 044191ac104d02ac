import { type Clock, systemClock } from '../base/index.ts';
import type { KindName, ResourceOf } from '../model/index.ts';
import { AlreadyExists, NotFound } from './errors.ts';
import { checkPrecondition, keyOf, keyText, matches, stamped } from './object.ts';
import type { Precondition, ResourceKey, Store } from './store.ts';
import { wrapped } from './wrapped.ts';

/** The object that would have been written; undefined: it would have been deleted. */
export interface Rehearsed {
  readonly key: ResourceKey;
  readonly resource: ResourceOf<KindName> | undefined;
}

export interface Rehearsal {
  readonly store: Store;
  /** Each object once, as it would be at the end. */
  readonly changes: () => readonly Rehearsed[];
}

/**
 * The store with writes that it never sees: they fail as real ones would, and who reads afterwards finds them. Where a server
 * has rules of its own, it is asked about each, as it would be there and then.
 */
export function rehearsal(real: Store, clock: Clock = systemClock): Rehearsal {
  const written = new Map<string, Rehearsed>();

  async function get<Kind extends KindName>(key: ResourceKey<Kind>): Promise<ResourceOf<Kind> | undefined> {
    const rehearsed = written.get(keyText(key));
    return rehearsed === undefined ? real.get(key) : (rehearsed.resource as ResourceOf<Kind> | undefined);
  }

  async function existing<Kind extends KindName>(key: ResourceKey<Kind>, precondition?: Precondition) {
    const found = await get(key);
    if (found === undefined) throw new NotFound(keyText(key));
    checkPrecondition(key, found, precondition);
    return found;
  }

  function put<Kind extends KindName>(key: ResourceKey<Kind>, resource: ResourceOf<Kind> | undefined): void {
    written.set(keyText(key), { key, resource: resource as ResourceOf<KindName> | undefined });
  }

  async function admitted<Kind extends KindName>(resource: ResourceOf<Kind>, was: ResourceOf<Kind> | undefined) {
    const stored = stamped(resource, was, clock.wallTime());
    return (await real.admission?.put(resource)) ?? stored;
  }

  const store = wrapped(real, {
    get,
    list: async <Kind extends KindName>(kind: Kind, options = {}) => {
      const { items, revision } = await real.list(kind, options);
      const kept = items.filter((item) => !written.has(keyText(keyOf(item))));
      const made = [...written.values()].flatMap(({ key, resource }) =>
        key.kind === kind && resource !== undefined && matches(resource, options) ? [resource as ResourceOf<Kind>] : [],
      );
      return { items: [...kept, ...made], revision };
    },
    create: async (resource) => {
      const key = keyOf(resource);
      if ((await get(key)) !== undefined) throw new AlreadyExists(keyText(key));
      const made = await admitted(resource, undefined);
      put(key, made);
      return made;
    },
    update: async (resource) => {
      const key = keyOf(resource);
      const was = await existing(key, resource.metadata);
      const made = await admitted(resource, was);
      put(key, made);
      return made;
    },
    delete: async (key, precondition) => {
      const was = await existing(key, precondition);
      await real.admission?.delete(key);
      put(key, undefined);
      return was;
    },
  });
  return { store, changes: () => [...written.values()] };
}
