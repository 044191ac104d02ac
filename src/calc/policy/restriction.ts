import type { Entries } from '../../base/index.ts';
import { type Endpoint, type Profile, profileOf } from '../../policy/index.ts';
import type { LocalEndpoint } from './local.ts';
import type { PolicyRead, ProfileRead } from './parts.ts';

/** Whether anything in the cluster restricts anybody, so that there is something to enforce at all. */
export class Restriction {
  readonly #policies = new Kept<PolicyRead>((read) => read.policies.some(({ staged }) => staged === undefined));
  readonly #profiles = new Kept<ProfileRead>(({ profile }) => restricts(profile));
  readonly #made = new Map<string, Profile>();
  readonly #closed = new Set<string>();
  #seenProfiles: Entries<ProfileRead> | undefined;
  #seenLocal: Entries<LocalEndpoint> | undefined;

  run(
    policies: Entries<PolicyRead>,
    profiles: Entries<ProfileRead>,
    hosts: Entries<Endpoint>,
    local: Entries<LocalEndpoint>,
  ): boolean {
    for (const [, now, before] of profiles.since(this.#seenProfiles)) {
      if (now === undefined) this.#made.delete(before?.profile.name ?? '');
      else this.#made.set(now.profile.name, now.profile);
    }
    // The endpoints of other profiles are not worth an index: they hardly change, and these are the pods of one node.
    const changes = local.since(profiles === this.#seenProfiles ? this.#seenLocal : undefined);
    for (const [key, now] of changes) {
      if (now === undefined || isOpen(now.endpoint, this.#made)) this.#closed.delete(key);
      else this.#closed.add(key);
    }
    for (const key of this.#closed) if (local.get(key) === undefined) this.#closed.delete(key);
    this.#seenProfiles = profiles;
    this.#seenLocal = local;
    const counts = [this.#policies.run(policies), this.#profiles.run(profiles), hosts.size, this.#closed.size];
    return counts.some((count) => count > 0);
  }
}

/** How many of a collection are so. */
class Kept<V> {
  readonly #is: (value: V) => boolean;
  readonly #keys = new Set<string>();
  #seen: Entries<V> | undefined;

  constructor(is: (value: V) => boolean) {
    this.#is = is;
  }

  run(entries: Entries<V>): number {
    for (const [key, now] of entries.since(this.#seen)) {
      if (now !== undefined && this.#is(now)) this.#keys.add(key);
      else this.#keys.delete(key);
    }
    this.#seen = entries;
    return this.#keys.size;
  }
}

/** A profile with rules beyond "everybody may"; one without rules gives labels alone. */
function restricts({ rules }: Profile): boolean {
  return [rules.ingress, rules.egress].some((lines) => lines.length > 0 && !allowsAll(lines));
}

function allowsAll(lines: Profile['rules']['ingress']): boolean {
  const [first] = lines;
  if (first?.action !== 'Allow') return false;
  const { source, destination, ...others } = first.match;
  return [source, destination, others].every((part) => Object.values(part).every((value) => value === undefined));
}

/** Whether some profile of the endpoint lets everything through before one is missing, which closes. */
function isOpen({ profiles }: Endpoint, made: ReadonlyMap<string, Profile>): boolean {
  return (['ingress', 'egress'] as const).every((direction) => {
    for (const name of profiles) {
      const profile = profileOf(made, name);
      if (profile === undefined) return false;
      if (allowsAll(profile.rules[direction])) return true;
    }
    return false;
  });
}
