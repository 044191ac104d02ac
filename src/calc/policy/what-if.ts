import type { World } from '../../policy/index.ts';
import {
  hostEndpoint,
  networkSet,
  nodeSet,
  type PolicyObject,
  readPolicy,
  readProfile,
  readTier,
  workloadEndpoint,
} from '../../policy/index.ts';
import { PROJECTIONS } from '../projections.ts';
import type { SourceUpdate } from '../sources.ts';
import { type Parts, POLICY_KINDS, SET_KINDS } from './parts.ts';
import { partKey } from './readings.ts';
import { type WorldEntries, worldFrom } from './world.ts';

/** A copy of the world that can be changed. */
type Draft = { readonly [Part in keyof WorldEntries]: Map<string, WorldEntries[Part] extends Of<infer V> ? V : never> };
type Of<V> = ReadonlyMap<string, V> | Iterable<readonly [string, V]>;

/** The cluster as a judge would see it if these objects were as the updates have them. What is there stays as it is. */
export function worldIf(parts: Parts, updates: readonly SourceUpdate[]): World {
  const draft: Draft = {
    policies: new Map(parts.policies()),
    tiers: new Map(parts.tiers()),
    profiles: new Map(parts.profiles()),
    networkSets: new Map(parts.networkSets()),
    nodes: new Map(parts.nodes()),
    hosts: new Map(parts.hosts()),
    pods: new Map(parts.pods()),
    services: new Map(parts.services()),
  };
  for (const update of updates) change(draft, update);
  return worldFrom(draft);
}

function change(draft: Draft, { key: { kind, name, namespace }, resource }: SourceUpdate): void {
  const key = namespace ? `${namespace}/${name}` : name;
  const [policy, set] = [POLICY_KINDS.indexOf(kind as never), SET_KINDS.indexOf(kind as never)];
  const object = resource as unknown as PolicyObject | undefined;
  const read = object && (PROJECTIONS.NetworkPolicy(object as never) as unknown as PolicyObject);
  if (policy >= 0) put(draft.policies, partKey(policy, key), read && readPolicy(read));
  else if (set >= 0) put(draft.networkSets, partKey(set, key), read && networkSet(read as never));
  else if (kind === 'Tier') put(draft.tiers, key, read && readTier(read));
  else if (kind === 'Profile') put(draft.profiles, key, read && readProfile(read));
  else if (kind === 'HostEndpoint') put(draft.hosts, key, read && hostEndpoint(read as never));
  else if (kind === 'Node') put(draft.nodes, key, object && nodeSet(PROJECTIONS.Node(object as never)));
  else if (kind === 'WorkloadEndpoint') put(draft.pods, key, object && workloadEndpoint(object as never));
}

function put<V>(entries: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) entries.delete(key);
  else entries.set(key, value);
}
