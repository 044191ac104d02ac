import { type Entries, same } from '../../base/index.ts';
import {
  type AddressSet,
  type Endpoint,
  hostEndpoint,
  networkSet,
  nodeSet,
  type Policy,
  type PolicyObject,
  type Problem,
  type Profile,
  readPolicy,
  readProfile,
  readTier,
  type ServiceBackend,
  type Tier,
} from '../../policy/index.ts';
import { type Cell, cell } from '../cell.ts';
import type { Sources } from '../sources.ts';
import { Readings } from './readings.ts';
import { Services } from './services.ts';

/** The reading of a policy object of some kind, and the parts that are not understood. */
export interface PolicyRead {
  readonly policies: readonly Policy[];
  readonly problems: readonly Problem[];
}

export interface ProfileRead {
  readonly profile: Profile;
  readonly problems: readonly Problem[];
}

/** All that a verdict depends on, each object read once for each of its states. */
export interface Parts {
  readonly policies: Cell<Entries<PolicyRead>>;
  readonly tiers: Cell<Entries<Tier>>;
  readonly profiles: Cell<Entries<ProfileRead>>;
  readonly networkSets: Cell<Entries<AddressSet>>;
  readonly nodes: Cell<Entries<AddressSet>>;
  readonly hosts: Cell<Entries<Endpoint>>;
  readonly pods: Cell<Entries<Endpoint>>;
  /** By `namespace/name`. */
  readonly services: Cell<Entries<readonly ServiceBackend[]>>;
}

/** Kinds that become one part together: a key there begins with the kind's place. */
export const POLICY_KINDS = [
  ...(['NetworkPolicy', 'GlobalNetworkPolicy'] as const),
  ...(['StagedNetworkPolicy', 'StagedGlobalNetworkPolicy', 'StagedKubernetesNetworkPolicy'] as const),
  ...(['KubernetesNetworkPolicy', 'KubernetesAdminNetworkPolicy'] as const),
  ...(['KubernetesBaselineAdminNetworkPolicy', 'KubernetesClusterNetworkPolicy'] as const),
] as const;
export const SET_KINDS = ['NetworkSet', 'GlobalNetworkSet'] as const;

export function partsOf(sources: Sources): Parts {
  const reading = <Out>(
    kinds: readonly Parameters<Sources['of']>[0][],
    make: (object: PolicyObject) => Out | undefined,
  ) => {
    const readings = new Readings<PolicyObject, Out>(make);
    const objects = kinds.map((kind) => sources.of(kind) as Cell<unknown> as Cell<Entries<PolicyObject>>);
    return cell(objects, (...all) => readings.run(...all));
  };
  const nodes = new Readings(nodeSet, same);
  const services = new Services();
  return {
    policies: reading(POLICY_KINDS, readPolicy),
    tiers: reading(['Tier'], readTier),
    profiles: reading(['Profile'], readProfile),
    networkSets: reading(SET_KINDS, networkSet),
    hosts: reading(['HostEndpoint'], hostEndpoint),
    nodes: cell([sources.of('Node')], (all) => nodes.run(all)),
    pods: () => sources.pods(),
    services: cell([sources.of('KubernetesEndpointSlice')], (slices) => services.run(slices)),
  };
}
