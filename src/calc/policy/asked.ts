import { type Entries, EntriesWriter, same } from '../../base/index.ts';
import { type Policy, type Profile, referencesOfRules } from '../../policy/index.ts';
import type { Inheritance } from './inheritance.ts';
import type { SetTable } from './set-table.ts';
import type { Subjects } from './subjects.ts';
import type { Uses } from './uses.ts';

/** Where policies and profiles are found, and those that say something else than before, by key and by name. */
export interface AskedOf {
  readonly subjects: Pick<Subjects, 'policy'>;
  readonly inheritance: Pick<Inheritance, 'profile'>;
  readonly policies: Iterable<string>;
  readonly profiles: Iterable<string>;
}

/** The policies and profiles that some class asks, and through them the sets that are needed. */
export class AskedPolicies {
  readonly #policies = new EntriesWriter<Policy>(Object.is);
  readonly #profiles = new EntriesWriter<Profile>(same);
  readonly #sets: SetTable;
  /** Whose sets they are. */
  readonly #owner: string;

  constructor(owner: string, sets: SetTable) {
    this.#owner = owner;
    this.#sets = sets;
  }

  /** Works out what the classes ask now, for what has changed. */
  run(
    classes: { readonly policies: Uses; readonly profiles: Uses },
    { subjects, inheritance, policies, profiles }: AskedOf,
  ): { readonly policies: Entries<Policy>; readonly profiles: Entries<Profile> } {
    for (const key of new Set([...classes.policies.turned(), ...policies])) {
      const policy = classes.policies.has(key) ? subjects.policy(key) : undefined;
      if (this.#policies.set(key, policy)) this.#need(`policy ${key}`, policy);
    }
    for (const name of new Set([...classes.profiles.turned(), ...profiles])) {
      const profile = classes.profiles.has(name) ? inheritance.profile(name) : undefined;
      if (this.#profiles.set(name, profile)) this.#need(`profile ${name}`, profile);
    }
    return { policies: this.#policies.commit(), profiles: this.#profiles.commit() };
  }

  #need(what: string, { rules, hook }: Pick<Policy, 'rules'> & Partial<Pick<Policy, 'hook'>> = { rules: {} }): void {
    const { ingress = [], egress = [] } = rules;
    // Before DNAT nobody asks what goes out.
    const asked = hook === 'pre-dnat' ? ingress : [...ingress, ...egress];
    this.#sets.need(`${this.#owner} ${what}`, referencesOfRules(asked));
  }
}
