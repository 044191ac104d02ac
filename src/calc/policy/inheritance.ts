import type { Entries } from '../../base/index.ts';
import { same } from '../../base/index.ts';
import type { Labels } from '../../model/index.ts';
import { type AddressSet, type Profile, profileOf } from '../../policy/index.ts';
import type { ProfileRead } from './parts.ts';

/** An endpoint, or a network set of a namespace. */
type Heir = Pick<AddressSet, 'labels' | 'profiles'>;

/** The labels that endpoints and sets inherit from their profiles, and the heirs of each profile. */
export class Inheritance {
  readonly #made = new Map<string, Profile>();
  /** By profile: endpoints and sets, by their keys. */
  readonly #heirs = new Map<string, Set<string>>();
  #seen: Entries<ProfileRead> | undefined;

  /** Takes in the profiles; gives the names of those that are others now, and whether their labels are. */
  run(profiles: Entries<ProfileRead>): ReadonlyMap<string, { readonly relabels: boolean }> {
    const changed = new Map<string, { readonly relabels: boolean }>();
    for (const [, now, before] of profiles.since(this.#seen)) {
      const name = (now ?? before)?.profile.name ?? '';
      const was = this.profile(name);
      if (now === undefined) this.#made.delete(name);
      else this.#made.set(name, now.profile);
      changed.set(name, { relabels: !same(was?.labels ?? {}, this.profile(name)?.labels ?? {}) });
    }
    this.#seen = profiles;
    return changed;
  }

  profile(name: string): Profile | undefined {
    return profileOf(this.#made, name);
  }

  /** Its own labels over those of its profiles, the first profile over the next. */
  labelsOf({ labels, profiles = [] }: Heir): Labels {
    const inherited = profiles.map((name) => this.profile(name)?.labels ?? {}).reverse();
    return Object.assign({}, ...inherited, labels) as Labels;
  }

  /** The heir has these profiles now. */
  moved(key: string, now: Heir | undefined, before: Heir | undefined): void {
    if (same(now?.profiles, before?.profiles)) return;
    for (const name of before?.profiles ?? []) {
      const heirs = this.#heirs.get(name);
      heirs?.delete(key);
      if (heirs?.size === 0) this.#heirs.delete(name);
    }
    for (const name of now?.profiles ?? []) {
      const heirs = this.#heirs.get(name);
      if (heirs === undefined) this.#heirs.set(name, new Set([key]));
      else heirs.add(key);
    }
  }

  heirs(profile: string): Iterable<string> {
    return this.#heirs.get(profile) ?? [];
  }
}
