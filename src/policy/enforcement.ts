import { type Address, formatAddress, formatPrefix, type Prefix } from '../base/index.ts';
import { evaluate, formatSelector, type Selector } from '../model/index.ts';
import {
  type Direction,
  type Endpoint,
  type Policy,
  type Ports,
  type Profile,
  policyIdText,
  type Rule,
  type ServiceMatch,
  type Side,
  type Tier,
} from './form.ts';
import type { World } from './world.ts';

/**
 * The policy that a node enforces for its pods: the classes that they fall into, the policies that these ask, and the
 * members of each set that a rule of these looks into. A value; the packet filter's text is made from it alone.
 */
export interface Enforcement {
  /** By the name of the pod's interface on the host. */
  readonly endpoints: ReadonlyMap<string, EnforcedEndpoint>;
  readonly classes: ReadonlyMap<string, EndpointClass>;
  /** By `policyKey`. */
  readonly policies: ReadonlyMap<string, Policy>;
  readonly profiles: ReadonlyMap<string, Profile | undefined>;
  /** By `setKey`. */
  readonly sets: ReadonlyMap<string, SetMembers>;
}

/** Keys of the classes for both directions. */
export interface EnforcedEndpoint {
  readonly egress: string;
  readonly ingress: string;
}

/** Endpoints that are asked the same policies in the same order: replicas of one workload mostly. */
export interface EndpointClass {
  readonly direction: Direction;
  readonly tiers: readonly { readonly tier: Tier; readonly policies: readonly string[] }[];
  readonly profiles: readonly string[];
}

/** Something that a rule looks an address up in. */
export type SetReference =
  | { readonly kind: 'selector'; readonly selector: Selector }
  | { readonly kind: 'nodes'; readonly selector: Selector }
  | { readonly kind: 'service'; readonly service: ServiceMatch }
  | { readonly kind: 'service addresses'; readonly service: ServiceMatch }
  | { readonly kind: 'named ports'; readonly names: readonly string[]; readonly selector: Selector | undefined };

export interface SetMembers {
  /** Whether it is looked into with an address alone, or with protocol and port too. */
  readonly of: 'addresses' | 'ports';
  readonly addresses: readonly Address[];
  /** Networks of more than one address. */
  readonly nets: readonly Prefix[];
  /** Of services and named ports. */
  readonly ports: readonly { readonly address: Address; readonly protocol: number; readonly port: number }[];
}

/** Equal references have equal keys, on every node. */
export function setKey(reference: SetReference): string {
  switch (reference.kind) {
    case 'selector':
    case 'nodes':
      return `${reference.kind} ${formatSelector(reference.selector)}`;
    case 'service':
    case 'service addresses':
      return `${reference.kind} ${reference.service.namespace}/${reference.service.name}`;
    case 'named ports': {
      const whose = reference.selector === undefined ? '' : ` of ${formatSelector(reference.selector)}`;
      return `${reference.kind} ${[...reference.names].sort().join(',')}${whose}`;
    }
  }
}

export function policyKey({ id }: Policy): string {
  return policyIdText(id);
}

/** The sets that one side of a rule looks into. */
export function referencesOf(side: Side, isDestination: boolean): readonly SetReference[] {
  const { selector, notSelector, nodes, ports, notPorts, service } = side;
  const found: SetReference[] = [];
  const named = (given: Ports | undefined, whose: Selector | undefined): void => {
    if (given !== undefined && given.names.length > 0) {
      found.push({ kind: 'named ports', names: given.names, selector: whose });
    }
  };
  if (selector !== undefined) found.push({ kind: 'selector', selector });
  if (notSelector !== undefined) found.push({ kind: 'selector', selector: notSelector });
  if (nodes !== undefined) found.push({ kind: 'nodes', selector: nodes });
  if (service !== undefined) found.push({ kind: isDestination ? 'service' : 'service addresses', service });
  named(ports, selector);
  named(notPorts, undefined);
  return found;
}

export function referencesOfRules(rules: readonly Rule[]): readonly SetReference[] {
  return rules.flatMap(({ match }) => [...referencesOf(match.source, false), ...referencesOf(match.destination, true)]);
}

/** The sets of a world, each worked out when a rule first needs it. */
export function setsOf(world: World): {
  readonly sets: ReadonlyMap<string, SetMembers>;
  readonly need: (rules: readonly Rule[]) => void;
} {
  const sets = new Map<string, SetMembers>();
  const need = (rules: readonly Rule[]): void => {
    for (const reference of referencesOfRules(rules)) {
      const key = setKey(reference);
      if (!sets.has(key)) sets.set(key, membersOf(reference, world));
    }
  };
  return { sets, need };
}

/** Works all of it out from the whole world: what an incremental calculation must come to. */
export function enforcementOf(
  world: World,
  local: readonly { readonly interfaceName: string; readonly endpoint: Endpoint }[],
): Enforcement {
  const endpoints = new Map<string, EnforcedEndpoint>();
  const classes = new Map<string, EndpointClass>();
  const policies = new Map<string, Policy>();
  const profiles = new Map<string, Profile | undefined>();
  const { sets, need } = setsOf(world);
  const classed = (endpoint: Endpoint, direction: Direction): string => {
    const tiers = world.tiersOf(endpoint).flatMap(({ tier, policies: selected }) => {
      const about = selected.filter((policy) => asksPods(policy) && policy.rules[direction] !== undefined);
      for (const policy of about) {
        policies.set(policyKey(policy), policy);
        need(policy.rules[direction] ?? []);
      }
      return about.length === 0 ? [] : [{ tier, policies: about.map(policyKey) }];
    });
    for (const name of endpoint.profiles) {
      const profile = world.profile(name);
      profiles.set(name, profile);
      need(profile?.rules[direction] ?? []);
    }
    const made: EndpointClass = { direction, tiers, profiles: endpoint.profiles };
    const key = classKey(made);
    classes.set(key, made);
    return key;
  };
  for (const { interfaceName, endpoint } of local) {
    endpoints.set(interfaceName, { egress: classed(endpoint, 'egress'), ingress: classed(endpoint, 'ingress') });
  }
  return { endpoints, classes, policies, profiles, sets };
}

export function asksPods({ hook }: Policy): boolean {
  return hook === 'normal' || hook === 'forward';
}

export function classKey({ direction, tiers, profiles }: EndpointClass): string {
  const inTiers = tiers.map(({ tier, policies }) => `${tier.name}=${tier.defaultAction}[${policies.join(',')}]`);
  return `${direction} ${inTiers.join(' ')} (${profiles.join(',')})`;
}

const NO_MEMBERS = { addresses: [], nets: [], ports: [] } as const;

/** The members of a set now, each once. */
export function membersOf(reference: SetReference, world: World): SetMembers {
  switch (reference.kind) {
    case 'selector': {
      const addresses = world.endpoints
        .filter((endpoint) => evaluate(reference.selector, world.labelsOf(endpoint)))
        .flatMap((endpoint) => endpoint.addresses);
      const sets = world.networkSets.filter((set) => evaluate(reference.selector, world.labelsOf(set)));
      return withNets(
        addresses,
        sets.flatMap(({ nets }) => nets),
      );
    }
    case 'nodes': {
      const nodes = world.nodes.filter(({ labels }) => evaluate(reference.selector, labels));
      return withNets(
        [],
        nodes.flatMap(({ nets }) => nets),
      );
    }
    case 'service':
      return {
        ...NO_MEMBERS,
        of: 'ports',
        ports: world
          .backendsOf(reference.service.namespace, reference.service.name)
          .flatMap(({ address, protocol, port }) =>
            protocol === undefined || port === undefined ? [] : [{ address, protocol, port }],
          ),
      };
    case 'service addresses': {
      const backends = world.backendsOf(reference.service.namespace, reference.service.name);
      return withNets(
        backends.map(({ address }) => address),
        [],
      );
    }
    case 'named ports': {
      const { names, selector } = reference;
      const whose = world.endpoints.filter(
        (endpoint) => selector === undefined || evaluate(selector, world.labelsOf(endpoint)),
      );
      const ports = whose.flatMap(({ addresses, ports: all }) =>
        all
          .filter(({ name }) => names.includes(name))
          .flatMap(({ protocol, port }) => addresses.map((address) => ({ address, protocol, port }))),
      );
      return { ...NO_MEMBERS, of: 'ports', ports };
    }
  }
}

/** Networks of one address go to the addresses, where a lookup costs the same however many there are. */
function withNets(addresses: readonly Address[], nets: readonly Prefix[]): SetMembers {
  const isSingle = ({ family, length }: Prefix): boolean => length === (family === 4 ? 32 : 128);
  const single = nets.filter(isSingle).map(({ family, value }): Address => ({ family, value }));
  const byText = new Map([...addresses, ...single].map((address) => [formatAddress(address), address]));
  const wide = new Map(nets.filter((net) => !isSingle(net)).map((net) => [formatPrefix(net), net]));
  return { ...NO_MEMBERS, of: 'addresses', addresses: [...byText.values()], nets: [...wide.values()] };
}
