import { type Entries, EntriesWriter, same } from '../../base/index.ts';
import type { EndpointClass } from '../../policy/index.ts';
import { Uses } from './uses.ts';

/** The classes that endpoints are of, and what is asked through them: policies and profiles. */
export class ClassTable<Class extends EndpointClass> {
  readonly policies = new Uses();
  readonly profiles = new Uses();
  readonly #writer = new EntriesWriter<Class>(same);
  readonly #members = new Uses();
  /** As they were counted: of one key they ask the same. */
  readonly #live = new Map<string, Class>();
  readonly #of = new Map<string, readonly string[]>();

  /** The endpoint is of these classes now, by their keys; of none when it is gone. */
  put(endpoint: string, classes: readonly (readonly [key: string, made: Class])[]): void {
    for (const [key, made] of classes) {
      this.#members.add(key);
      this.#writer.set(key, made);
    }
    for (const key of this.#of.get(endpoint) ?? []) this.#members.remove(key);
    if (classes.length === 0) this.#of.delete(endpoint);
    else
      this.#of.set(
        endpoint,
        classes.map(([key]) => key),
      );
  }

  /** Before `policies` and `profiles` are asked what has changed. */
  settle(): void {
    for (const key of this.#members.turned()) {
      const live = this.#live.get(key);
      const now = this.#members.has(key) ? this.#writer.get(key) : undefined;
      if (now !== undefined && live === undefined) {
        this.#live.set(key, now);
        for (const { policies } of now.tiers) for (const policy of policies) this.policies.add(policy);
        for (const profile of now.profiles) this.profiles.add(profile);
      }
      if (now !== undefined) continue;
      this.#writer.set(key, undefined);
      this.#live.delete(key);
      for (const { policies } of live?.tiers ?? []) for (const policy of policies) this.policies.remove(policy);
      for (const profile of live?.profiles ?? []) this.profiles.remove(profile);
    }
  }

  commit(): Entries<Class> {
    return this.#writer.commit();
  }
}
