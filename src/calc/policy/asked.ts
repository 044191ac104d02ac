import { type Entries, EntriesWriter, same } from '../../base/index.ts';
import { type Policy, type Profile, referencesOfRules } from '../../policy/index.ts';
import type { Inheritance } from './inheritance.ts';
import type { SetTable } from './set-table.ts';
import type { Subjects } from './subjects.ts';
import type { Uses } from './uses.ts';

/** The policies and profiles that some class asks, and through them the sets that are needed. */
export class Asked {
  readonly #policies = new EntriesWriter<Policy>(Object.is);
  readonly #profiles = new EntriesWriter<Profile>(same);
  readonly #sets: SetTable;
  /** Whose sets they are. */
  readonly #owner: string;

  constructor(owner: string, sets: SetTable) {
    this.#owner = owner;
    this.#sets = sets;
  }

  /** `changed`: keys of those that say something else than before. */
  policies(uses: Uses, changed: Iterable<string>, subjects: Pick<Subjects, 'policy'>): Entries<Policy> {
    for (const key of new Set([...uses.turned(), ...changed])) {
      const policy = uses.has(key) ? subjects.policy(key) : undefined;
      if (!this.#policies.set(key, policy)) continue;
      const { ingress = [], egress = [] } = policy?.rules ?? {};
      this.#sets.need(`${this.#owner} policy ${key}`, referencesOfRules([...ingress, ...egress]));
    }
    return this.#policies.commit();
  }

  /** `changed`: names of those that say something else than before. */
  profiles(uses: Uses, changed: Iterable<string>, inheritance: Pick<Inheritance, 'profile'>): Entries<Profile> {
    for (const name of new Set([...uses.turned(), ...changed])) {
      const profile = uses.has(name) ? inheritance.profile(name) : undefined;
      if (!this.#profiles.set(name, profile)) continue;
      const { ingress = [], egress = [] } = profile?.rules ?? {};
      this.#sets.need(`${this.#owner} profile ${name}`, referencesOfRules([...ingress, ...egress]));
    }
    return this.#profiles.commit();
  }
}
