import { type Address, containsAddress, formatAddress, type Prefix } from '../base/index.ts';
import { evaluate, type Labels } from '../model/index.ts';
import type { AddressSet, Endpoint, Policy, Profile, ServiceBackend, Tier } from './form.ts';
import { comparePolicies, TierOrder } from './order.ts';
import { OPEN_PROFILE, unmadeProfile } from './sources/endpoint.ts';
import { enforceStaged } from './staged.ts';

/** All that a verdict depends on, but the packet. */
export interface WorldParts {
  readonly tiers: readonly Tier[];
  readonly policies: readonly Policy[];
  readonly profiles: readonly Profile[];
  readonly endpoints: readonly Endpoint[];
  readonly networkSets: readonly AddressSet[];
  readonly nodes: readonly AddressSet[];
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, readonly ServiceBackend[]>;
}

/** A label set that owns an address. Conditions on labels are never mixed across two of them. */
export interface Identity {
  readonly labels: Labels;
  /** Undefined for what is no endpoint. */
  readonly endpoint: Endpoint | undefined;
}

/** A tier with the policies that are for one endpoint. */
export interface TierOfEndpoint {
  readonly tier: Tier;
  readonly policies: readonly Policy[];
}

const ALLOWING: Profile = {
  name: OPEN_PROFILE,
  labels: {},
  rules: allowing(),
};

/** The parts as a judge asks for them. What is found once is kept: a world never changes. */
export class World {
  readonly endpoints: readonly Endpoint[];
  readonly networkSets: readonly AddressSet[];
  readonly nodes: readonly AddressSet[];
  readonly #services: WorldParts['services'];
  readonly #tiers: readonly Tier[];
  readonly #policies: ReadonlyMap<string, readonly Policy[]>;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #byAddress = new Map<string, Endpoint[]>();
  readonly #labels = new Map<Endpoint | AddressSet, Labels>();
  readonly #identities = new Map<string, readonly Identity[]>();
  readonly #tiersOf = new Map<Endpoint, readonly TierOfEndpoint[]>();

  readonly #parts: WorldParts;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.#services = parts.services;
    this.endpoints = parts.endpoints;
    this.networkSets = parts.networkSets;
    this.nodes = parts.nodes;
    this.#profiles = new Map(parts.profiles.map((profile) => [profile.name, profile]));
    const enforced = parts.policies.filter(({ staged }) => staged === undefined).sort(comparePolicies);
    this.#policies = Map.groupBy(enforced, ({ tier }) => tier);
    this.#tiers = tiersInOrder(parts.tiers, this.#policies);
    for (const endpoint of parts.endpoints) {
      for (const address of endpoint.addresses) {
        const key = formatAddress(address);
        this.#byAddress.set(key, [...(this.#byAddress.get(key) ?? []), endpoint]);
      }
    }
  }

  /** As it would be if all that is staged were enforced; undefined where nothing is staged. */
  withStaged(): World | undefined {
    const policies = enforceStaged(this.#parts.policies);
    return policies && new World({ ...this.#parts, policies });
  }

  /** The pod that has the address. */
  podAt(address: Address): Endpoint | undefined {
    return this.#byAddress.get(formatAddress(address))?.find(({ kind }) => kind === 'pod');
  }

  endpointsAt(address: Address): readonly Endpoint[] {
    return this.#byAddress.get(formatAddress(address)) ?? [];
  }

  /** Its own labels over those of its profiles, the first profile over the next. */
  labelsOf(thing: Endpoint | AddressSet): Labels {
    let labels = this.#labels.get(thing);
    if (labels === undefined) {
      const inherited = (thing.profiles ?? []).map((name) => this.profile(name)?.labels ?? {}).reverse();
      labels = Object.assign({}, ...inherited, thing.labels) as Labels;
      this.#labels.set(thing, labels);
    }
    return labels;
  }

  identitiesOf(address: Address): readonly Identity[] {
    const key = formatAddress(address);
    let identities = this.#identities.get(key);
    if (identities === undefined) {
      const sets = this.networkSets.filter(({ nets }) => isInOneOf(address, nets));
      identities = [
        ...this.endpointsAt(address).map((endpoint) => ({ labels: this.labelsOf(endpoint), endpoint })),
        ...sets.map((set) => ({ labels: this.labelsOf(set), endpoint: undefined })),
      ];
      this.#identities.set(key, identities);
    }
    return identities;
  }

  nodesAt(address: Address): readonly AddressSet[] {
    return this.nodes.filter(({ nets }) => isInOneOf(address, nets));
  }

  backendsOf(namespace: string, name: string): readonly ServiceBackend[] {
    return this.#services.get(`${namespace}/${name}`) ?? [];
  }

  profile(name: string): Profile | undefined {
    return profileOf(this.#profiles, name);
  }

  /** The tiers in their order, each with the enforced policies in theirs that select the endpoint. */
  tiersOf(endpoint: Endpoint): readonly TierOfEndpoint[] {
    let tiers = this.#tiersOf.get(endpoint);
    if (tiers === undefined) {
      const labels = this.labelsOf(endpoint);
      const selecting = (policy: Policy): boolean => evaluate(policy.subject, labels);
      tiers = this.#tiers
        .map((tier) => ({ tier, policies: (this.#policies.get(tier.name) ?? []).filter(selecting) }))
        .filter(({ policies }) => policies.length > 0);
      this.#tiersOf.set(endpoint, tiers);
    }
    return tiers;
  }
}

/** The profile of this name, of those that were made and those that are there of themselves. */
export function profileOf(made: { get(name: string): Profile | undefined }, name: string): Profile | undefined {
  return made.get(name) ?? (name === OPEN_PROFILE ? ALLOWING : unmadeProfile(name));
}

/** Each with all policies of it. */
function tiersInOrder(given: readonly Tier[], policies: ReadonlyMap<string, unknown>): readonly Tier[] {
  const order = new TierOrder(given);
  const names = new Set([...policies.keys(), ...given.map(({ name }) => name)]);
  return [...names].map((name) => order.tierOf(name)).sort((a, b) => order.compare(a, b));
}

export function isInOneOf(address: Address, nets: readonly Prefix[]): boolean {
  return nets.some((net) => containsAddress(net, address));
}

function allowing(): Profile['rules'] {
  const rules = [{ action: 'Allow', index: 0, match: { source: {}, destination: {} } }] as const;
  return { ingress: rules, egress: rules };
}
