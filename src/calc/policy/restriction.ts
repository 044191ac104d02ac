import type { Entries } from '../../base/index.ts';
import { type Endpoint, type Profile, profileOf } from '../../policy/index.ts';
import type { LocalEndpoint } from './local.ts';
import type { PolicyRead, ProfileRead } from './parts.ts';

/** Whether anything in the cluster restricts anybody, so that there is something to enforce at all. */
export function isRestricted(
  policies: Entries<PolicyRead>,
  profiles: Entries<ProfileRead>,
  hosts: Entries<Endpoint>,
  local: readonly LocalEndpoint[],
): boolean {
  if (hosts.size > 0) return true;
  for (const read of policies.values()) if (read.policies.some(({ staged }) => staged === undefined)) return true;
  const byName = new Map<string, Profile>();
  for (const { profile } of profiles.values()) {
    if (restricts(profile)) return true;
    byName.set(profile.name, profile);
  }
  return !local.every(({ endpoint }) => isOpen(endpoint, byName));
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
