import {
  type BFDConfiguration,
  type BGPConfiguration,
  type BGPFilter,
  type BGPPeer,
  type BlockAffinity,
  type FelixConfiguration,
  type IPAMBlock,
  type IPPool,
  isClosed,
  type KindName,
  type KubernetesService,
  type Node,
  newResource,
  type ResourceOf,
  type WorkloadEndpoint,
} from '../model/index.ts';
import { LIVE_ANNOTATION } from '../policy/index.ts';
import { EXTENSION } from './peer-extensions.ts';

/*
 * What the calculation reads of each kind, and so what it remembers. The rest may change as it likes: a Node's
 * heartbeat, its interfaces, a Pod's conditions, what a block notes of its addresses; and other nodes' affinities are
 * none of our business.
 */

/** A block, as far as other nodes need to know it. */
export interface BlockView {
  readonly cidr: string;
  /** `host:NODE` as IPAM writes it. */
  readonly affinity: string | undefined;
  /** Addresses that other nodes than the owner have: ordinal and node. */
  readonly borrowed: readonly (readonly [ordinal: number, node: string])[];
  /** How many addresses are in use and how many there are; only of our own, where status shows it. */
  readonly own?: { readonly inUse: number; readonly size: number };
}

function node({ apiVersion, kind, metadata, spec: { interfaces: _, ...spec }, status }: Node): Node {
  const { wireguardPublicKey, wireguardPublicKeyV6, ready, unschedulable } = status ?? {};
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name, ...(metadata.labels && { labels: metadata.labels }) },
    spec,
    status: {
      ...(wireguardPublicKey !== undefined && { wireguardPublicKey }),
      ...(wireguardPublicKeyV6 !== undefined && { wireguardPublicKeyV6 }),
      ...(ready === false && { ready }),
      ...(unschedulable === true && { unschedulable }),
    },
  } as Node;
}

function block({ spec }: IPAMBlock, nodename: string): BlockView {
  const owner = spec.affinity?.startsWith('host:') ? spec.affinity.slice(5) : undefined;
  const borrowed: [number, string][] = [];
  let inUse = 0;
  for (const [ordinal, attribute] of spec.allocations.entries()) {
    if (attribute === null) continue;
    inUse++;
    const holder = spec.attributes[attribute]?.secondary?.['node'];
    if (holder !== undefined && holder !== owner) borrowed.push([ordinal, holder]);
  }
  const size = spec.allocations.length;
  return {
    cidr: spec.cidr,
    affinity: spec.affinity ?? undefined,
    borrowed,
    ...(owner === nodename && { own: { inUse, size } }),
  };
}

/** A block in which the view of it is all there is. */
export function blockOf(name: string, { cidr, affinity, borrowed }: BlockView): IPAMBlock {
  const size = Math.max(-1, ...borrowed.map(([ordinal]) => ordinal)) + 1;
  const at = new Map(borrowed.map(([ordinal], attribute) => [ordinal, attribute]));
  return newResource('IPAMBlock', { name }, {
    cidr,
    ...(affinity !== undefined && { affinity }),
    allocations: Array.from({ length: size }, (_, ordinal) => at.get(ordinal) ?? null),
    unallocated: [],
    attributes: borrowed.map(([, node]) => ({ secondary: { node } })),
  } as IPAMBlock['spec']);
}

function identity<T extends { readonly metadata: { readonly name: string }; readonly spec: unknown }>(resource: T): T {
  const { name, labels } = resource.metadata as { name: string; labels?: Readonly<Record<string, string>> };
  return { ...resource, metadata: { name, ...(labels && { labels }) } };
}

/** With the annotations that say more than its fields can. */
function extended<T extends BGPConfiguration | BGPPeer | IPPool>(resource: T): T {
  const kept = identity(resource);
  const ours = Object.entries(resource.metadata.annotations ?? {}).filter(([key]) => key.startsWith(EXTENSION));
  if (ours.length === 0) return kept;
  return { ...kept, metadata: { ...kept.metadata, annotations: Object.fromEntries(ours) } };
}

/** Whether it is closed is all that counts of its conditions, and of its being on the way out. */
function pool(resource: IPPool): IPPool {
  const { status: _, ...kept } = extended(resource);
  if (!isClosed(resource) || resource.spec.disabled) return kept;
  return { ...kept, status: { conditions: [{ type: 'Allocatable', status: 'False' }] } };
}

/** A pod of ours: no version of it, which changes with each of its conditions. */
function endpoint({ apiVersion, kind, metadata, spec }: WorkloadEndpoint): WorkloadEndpoint {
  const { name, namespace, labels, annotations } = metadata;
  const kept = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(labels && { labels }),
    ...(annotations && { annotations }),
  };
  return { apiVersion, kind, metadata: kept, spec };
}

/** The objects of policy: as they are stored, since its own reader decides what holds where it is not understood. */
function ofPolicy<Kind extends KindName>({ apiVersion, kind, metadata, spec }: ResourceOf<Kind>): ResourceOf<Kind> {
  const { name, namespace, labels, annotations } = metadata;
  const live = annotations?.[LIVE_ANNOTATION];
  const kept = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(labels && { labels }),
    ...(live !== undefined && { annotations: { [LIVE_ANNOTATION]: live } }),
  };
  return { apiVersion, kind, metadata: kept, spec } as unknown as ResourceOf<Kind>;
}

function service({ apiVersion, kind, metadata, spec }: KubernetesService): KubernetesService {
  const { name, namespace } = metadata;
  return { apiVersion, kind, metadata: { name, ...(namespace !== undefined && { namespace }) }, spec };
}

/**
 * The part of a resource that is kept, for each kind; undefined when nothing is. All pods are known in `PodViews`
 * besides.
 */
export const PROJECTIONS = {
  Node: node,
  BGPConfiguration: (resource: BGPConfiguration) => extended(resource),
  BGPPeer: (resource: BGPPeer) => extended(resource),
  BFDConfiguration: (resource: BFDConfiguration) => identity(resource),
  BGPFilter: (resource: BGPFilter) => identity(resource),
  FelixConfiguration: (resource: FelixConfiguration) => identity(resource),
  IPPool: pool,
  BlockAffinity: (resource: BlockAffinity, nodename: string) =>
    resource.spec.node === nodename ? identity(resource) : undefined,
  IPAMBlock: block,
  WorkloadEndpoint: (resource: WorkloadEndpoint, nodename: string) =>
    resource.spec.node === nodename ? endpoint(resource) : undefined,
  NetworkPolicy: ofPolicy<'NetworkPolicy'>,
  GlobalNetworkPolicy: ofPolicy<'GlobalNetworkPolicy'>,
  StagedNetworkPolicy: ofPolicy<'StagedNetworkPolicy'>,
  StagedGlobalNetworkPolicy: ofPolicy<'StagedGlobalNetworkPolicy'>,
  StagedKubernetesNetworkPolicy: ofPolicy<'StagedKubernetesNetworkPolicy'>,
  Tier: ofPolicy<'Tier'>,
  Profile: ofPolicy<'Profile'>,
  NetworkSet: ofPolicy<'NetworkSet'>,
  GlobalNetworkSet: ofPolicy<'GlobalNetworkSet'>,
  HostEndpoint: ofPolicy<'HostEndpoint'>,
  KubernetesNetworkPolicy: ofPolicy<'KubernetesNetworkPolicy'>,
  KubernetesAdminNetworkPolicy: ofPolicy<'KubernetesAdminNetworkPolicy'>,
  KubernetesBaselineAdminNetworkPolicy: ofPolicy<'KubernetesBaselineAdminNetworkPolicy'>,
  KubernetesClusterNetworkPolicy: ofPolicy<'KubernetesClusterNetworkPolicy'>,
  KubernetesEndpointSlice: ofPolicy<'KubernetesEndpointSlice'>,
  KubernetesService: service,
} as const;

export type InputKind = keyof typeof PROJECTIONS;
export type Projected<Kind extends InputKind> = Exclude<ReturnType<(typeof PROJECTIONS)[Kind]>, undefined>;

/** Kinds that the calculation wants to hear of. */
export const INPUT_KINDS = Object.keys(PROJECTIONS) as InputKind[];
