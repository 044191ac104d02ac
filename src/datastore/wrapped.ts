import type { Store } from './store.ts';

/** Each member, also those that an engine may do without: one that the store gains can't be forgotten. */
type Whole<T> = { [Member in keyof Required<T>]: T[Member] };

/** The store with some verbs done otherwise; all others, and what only some engines have, are its own. */
export function wrapped(store: Store, verbs: Partial<Store>): Store {
  const whole: Whole<Store> = {
    history: store.history,
    conditions: store.conditions,
    remarks: store.remarks,
    secrets: store.secrets,
    configMaps: store.configMaps,
    services: store.services,
    admission: store.admission,
    get: (key) => store.get(key),
    list: (kind, options) => store.list(kind, options),
    // Whoever lists otherwise does so in portions too.
    portions: verbs.list === undefined && store.portions ? (kind) => store.portions!(kind) : undefined,
    create: (resource) => store.create(resource),
    update: (resource) => store.update(resource),
    delete: (key, precondition) => store.delete(key, precondition),
    watch: (kind, revision, signal) => store.watch(kind, revision, signal),
    close: () => store.close(),
  };
  return { ...whole, ...verbs };
}
