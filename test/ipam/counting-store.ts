import type { Store } from '../../src/datastore/index.ts';

const VERBS = ['get', 'list', 'create', 'update', 'delete'] as const;
export type StoreVerb = (typeof VERBS)[number];

/** A store that counts what is asked of it: each call is one round-trip. */
export class CountingStore {
  readonly counts: Record<StoreVerb, number> = { get: 0, list: 0, create: 0, update: 0, delete: 0 };
  readonly store: Store;

  constructor(store: Store) {
    this.store = new Proxy(store, {
      get: (target, name) => {
        const verb = VERBS.find((candidate) => candidate === name);
        if (verb !== undefined) this.counts[verb]++;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }

  /** What `work` asked for, leaving out what it didn't. */
  async during(work: () => Promise<unknown>): Promise<Partial<Record<StoreVerb, number>>> {
    for (const verb of VERBS) this.counts[verb] = 0;
    await work();
    return Object.fromEntries(Object.entries(this.counts).filter(([, count]) => count > 0));
  }
}
