import type { KindName, ResourceOf } from '../model/index.ts';
import type { Store } from './store.ts';
import { wrapped } from './wrapped.ts';

/** Where own writes are told of: a `Syncer`. */
export interface Told {
  wrote(resource: ResourceOf<KindName>): void;
  removed(was: ResourceOf<KindName>): void;
}

/**
 * The store, for a program that follows it too: what it writes of these kinds is told to the syncer as soon as the store
 * has it. So there is one order of news, and nobody waits for the echo of what he has written himself.
 */
export function tellingStore(store: Store, kinds: readonly KindName[], told: () => Told): Store {
  const tell = <Kind extends KindName>(resource: ResourceOf<Kind>): ResourceOf<Kind> => {
    if (kinds.includes(resource.kind as KindName)) told().wrote(resource as ResourceOf<KindName>);
    return resource;
  };
  return wrapped(store, {
    create: async (resource) => tell(await store.create(resource)),
    update: async (resource) => tell(await store.update(resource)),
    delete: async (key, precondition) => {
      const was = await store.delete(key, precondition);
      if (kinds.includes(key.kind)) told().removed(was as ResourceOf<KindName>);
      return was;
    },
  });
}
