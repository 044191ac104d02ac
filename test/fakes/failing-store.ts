import { DatastoreUnavailable, type Store } from '../../src/datastore/index.ts';

const VERBS = ['get', 'list', 'create', 'update', 'delete'] as const;
type Verb = (typeof VERBS)[number];

/**
 * A store that can be told to lose one call to come, for sweeps in which every call fails once: either the call never
 * arrives, or it is done and only the answer is lost.
 */
export class FailingStore {
  readonly store: Store;
  calls = 0;
  #failing: { readonly call: number; readonly done: boolean } | undefined;

  constructor(inner: Store) {
    const verb = (name: Verb) => async (argument: never, option: never) => {
      const fails = this.#failing?.call === this.calls++;
      if (fails && !this.#failing?.done) throw new DatastoreUnavailable(`${name} was not sent`);
      const result = await (inner[name] as (argument: never, option: never) => Promise<unknown>)(argument, option);
      if (fails) throw new DatastoreUnavailable(`the answer to ${name} was lost`);
      return result;
    };
    const verbs = Object.fromEntries(VERBS.map((name) => [name, verb(name)]));
    this.store = { ...verbs, watch: inner.watch.bind(inner), close: () => inner.close() } as Store;
  }

  /** The `call`-th call from now on fails, once; `done` says whether it has its effect all the same. */
  failOnce(call: number, done: boolean): void {
    this.calls = 0;
    this.#failing = { call, done };
  }
}
