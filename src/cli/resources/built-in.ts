import { AlreadyExists, NotFound, OperationNotSupported, type Store } from '../../datastore/index.ts';
import { builtInTiers, type KindName, newResource, type Profile, type ResourceOf } from '../../model/index.ts';
import type { Target } from './target.ts';

/** The profile that every cluster has: it lets everything through, and nobody can change it. */
const DEFAULT_ALLOW = 'projectcalico-default-allow';

const rule = { action: 'Allow', source: {}, destination: {} } as const;

const defaultAllow: Profile = newResource(
  'Profile',
  { name: DEFAULT_ALLOW, resourceVersion: '0' },
  { ingress: [rule], egress: [rule] },
);

/** The object of that name that is there without being stored. */
export function builtIn({ kind, name }: Pick<Target, 'kind' | 'name'>): ResourceOf<KindName> | undefined {
  return kind === 'Profile' && name === DEFAULT_ALLOW ? defaultAllow : undefined;
}

/** A listing with what is there without being stored; some stores list it themselves. */
export function withBuiltIns<Kind extends KindName>(
  kind: Kind,
  items: readonly ResourceOf<Kind>[],
): readonly ResourceOf<KindName>[] {
  if (kind !== 'Profile') return items;
  return [defaultAllow, ...items.filter(({ metadata }) => metadata.name !== DEFAULT_ALLOW)];
}

/** Throws unless users may do this to the object. */
export function refuseBuiltIn(operation: 'Create' | 'Update' | 'Delete', { kind, name }: Target): void {
  if (builtIn({ kind, name }) === undefined) return;
  if (operation === 'Create') throw new AlreadyExists(name);
  const done = `${operation.toLowerCase()}d`;
  const reason = `The profile "${name}" is a default provided by Calico and cannot be ${done}`;
  throw new OperationNotSupported(operation, name, reason);
}

const POLICIES = [
  'NetworkPolicy',
  'GlobalNetworkPolicy',
  'StagedNetworkPolicy',
  'StagedGlobalNetworkPolicy',
] as const satisfies readonly KindName[];

/** A new policy needs its tier. */
export async function requireTier(store: Store, resource: ResourceOf<KindName>): Promise<void> {
  if (!POLICIES.some((kind) => kind === resource.kind)) return;
  const { tier: name = 'default' } = resource.spec as { readonly tier?: string };
  if (name in builtInTiers || (await store.get({ kind: 'Tier', name })) !== undefined) return;
  throw new NotFound(`Tier(${name})`, '<nil>');
}

/** A tier goes only when it is empty, and those that are always there never. */
export async function refuseTierInUse(store: Store, { kind, name }: Target): Promise<void> {
  if (kind !== 'Tier') return;
  if (name in builtInTiers) throw new OperationNotSupported('Delete', name, `Cannot delete ${name} tier`);
  for (const policies of POLICIES) {
    const { items } = await store.list(policies);
    if (items.some(({ spec }) => spec.tier === name)) {
      throw new OperationNotSupported('delete', name, 'Cannot delete a non-empty tier');
    }
  }
}
