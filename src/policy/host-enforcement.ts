import { formatAddress } from '../base/index.ts';
import type { SetMembers } from './enforcement.ts';
import { classKey, type EndpointClass, policyKey, setsOf } from './enforcement.ts';
import type { Direction, Endpoint, Policy, Profile } from './form.ts';
import { ALL_INTERFACES } from './host-interfaces.ts';
import type { World } from './world.ts';

/**
 * The policy that a node enforces at its own interfaces: the twin of `enforcementOf`, for host endpoints. Each has a
 * class for every hook and direction in which it is asked anything.
 */
export interface HostEnforcement {
  /** The node's own, by their names. */
  readonly endpoints: ReadonlyMap<string, EnforcedHostEndpoint>;
  readonly classes: ReadonlyMap<string, HostClass>;
  /** By `policyKey`. */
  readonly policies: ReadonlyMap<string, Policy>;
  readonly profiles: ReadonlyMap<string, Profile | undefined>;
  /** By `setKey`. */
  readonly sets: ReadonlyMap<string, SetMembers>;
}

export interface EnforcedHostEndpoint {
  /** `*` stands for every interface that no other endpoint has; absent: the ones that have one of the addresses. */
  readonly interfaceName?: string | undefined;
  /** The expected ones. */
  readonly addresses: readonly string[];
  /** Keys of the classes. Absent: nobody is asked there, and nothing is closed. */
  readonly classes: { readonly [Where in HostAsk]?: string };
}

/**
 * Where host endpoints are asked, in the order in which a packet comes by: before tracking, before DNAT, and in the
 * filter, which is another for the host's own traffic than for what passes through.
 */
export type HostHook = 'untracked' | 'pre-dnat' | 'normal' | 'forward';

export interface HostClass extends EndpointClass {
  readonly hook: HostHook;
}

export const HOST_ASKS = [
  'untracked ingress',
  'untracked egress',
  'pre-dnat ingress',
  'normal ingress',
  'normal egress',
  'forward ingress',
  'forward egress',
] as const satisfies readonly `${HostHook} ${Direction}`[];
/** A hook and a direction; `pre-dnat` is about what comes in alone. */
export type HostAsk = (typeof HOST_ASKS)[number];

/** Tells whether a hook asks the policy. One with `applyOnForward` is asked for the host's own traffic too. */
export function asksAt(hook: HostHook, policy: Policy): boolean {
  return policy.hook === hook || (hook === 'normal' && policy.hook === 'forward');
}

/** Works all of it out from the whole world: what an incremental calculation must come to. */
export function hostEnforcementOf(world: World, node: string): HostEnforcement {
  const endpoints = new Map<string, EnforcedHostEndpoint>();
  const classes = new Map<string, HostClass>();
  const policies = new Map<string, Policy>();
  const profiles = new Map<string, Profile | undefined>();
  const { sets, need } = setsOf(world);
  const classed = (endpoint: Endpoint, where: HostAsk): string | undefined => {
    const made = hostClassOf(endpoint, where, world.tiersOf(endpoint));
    if (made === undefined) return undefined;
    for (const { asked } of made.tiers) {
      for (const policy of asked) {
        policies.set(policyKey(policy), policy);
        const { ingress = [], egress = [] } = policy.rules;
        // Before DNAT nobody asks what goes out.
        need(policy.hook === 'pre-dnat' ? ingress : [...ingress, ...egress]);
      }
    }
    for (const name of made.profiles) {
      const profile = world.profile(name);
      profiles.set(name, profile);
      need([...(profile?.rules.ingress ?? []), ...(profile?.rules.egress ?? [])]);
    }
    const { hook, direction } = made;
    const tiers = made.tiers.map(({ tier, asked }) => ({ tier, policies: asked.map(policyKey) }));
    const one: HostClass = { hook, direction, tiers, profiles: made.profiles };
    const key = hostClassKey(one);
    classes.set(key, one);
    return key;
  };
  for (const endpoint of world.endpoints) {
    if (endpoint.kind !== 'host' || endpoint.node !== node) continue;
    const asked = HOST_ASKS.flatMap((where) => {
      const key = classed(endpoint, where);
      return key === undefined ? [] : [[where, key] as const];
    });
    endpoints.set(endpoint.name, {
      interfaceName: endpoint.interfaceName,
      addresses: endpoint.addresses.map(formatAddress),
      classes: Object.fromEntries(asked),
    });
  }
  return { endpoints, classes, policies, profiles, sets };
}

interface AskedTiers {
  readonly hook: HostHook;
  readonly direction: Direction;
  readonly tiers: readonly {
    readonly tier: EndpointClass['tiers'][number]['tier'];
    readonly asked: readonly Policy[];
  }[];
  readonly profiles: readonly string[];
}

/** The class of an endpoint in one hook and direction, by the tiers that select it; undefined: it is asked nothing. */
export function hostClassOf(
  { interfaceName, profiles }: Pick<Endpoint, 'interfaceName' | 'profiles'>,
  where: HostAsk,
  selecting: ReturnType<World['tiersOf']>,
): AskedTiers | undefined {
  const [hook, direction] = where.split(' ') as [HostHook, Direction];
  // Before tracking nobody is asked for all interfaces, as in Calico.
  if (hook === 'untracked' && interfaceName === ALL_INTERFACES) return undefined;
  const tiers = selecting.flatMap(({ tier, policies }) => {
    const asked = policies.filter((policy) => asksAt(hook, policy) && policy.rules[direction] !== undefined);
    return asked.length === 0 ? [] : [{ tier, asked }];
  });
  // Where nothing is asked only the host's own traffic is closed: by the profiles, or for want of them.
  if (hook !== 'normal') return tiers.length === 0 ? undefined : { hook, direction, tiers, profiles: [] };
  return { hook, direction, tiers, profiles };
}

export function hostClassKey(one: HostClass): string {
  return `${one.hook} ${classKey(one)}`;
}
