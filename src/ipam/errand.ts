import { containsPrefix, type Family, type InterfaceAddress, parsePrefix } from '../base/index.ts';
import type { EffectiveIPAMConfiguration, Labels } from '../model/index.ts';
import { affinityText, type BlockOwner, host, loadBalancer } from './affinity.ts';
import { IpamError } from './errors.ts';
import type { Facts } from './facts.ts';
import type { Owner } from './parts.ts';
import { choosePools, type Pool, type PoolUse, poolOf, selectsNode } from './pools.ts';
import type { Reservations } from './reservations.ts';

/** Blocks that a node may have of each family when nothing else is configured. */
export const DEFAULT_MAX_BLOCKS = 20;

export interface FamilyRequest extends Owner {
  readonly family: Family;
  readonly count: number;
  readonly use: PoolUse;
  /** Names or CIDRs of the pools to take from; absent or empty: all that select the node and the namespace. */
  readonly pools?: readonly string[] | undefined;
  /** The pod's namespace: its labels are asked for where a pool selects namespaces. */
  readonly namespace?: string | undefined;
  /** Labels of the pod's namespace, where they are known already. */
  readonly namespaceLabels?: Labels | undefined;
  /** A limit of this request, beside the cluster's; 0 or absent: none. */
  readonly maxBlocksPerHost?: number | undefined;
}

/** A request on its way: what it may use, and what it has got so far. */
export interface Errand {
  readonly request: FamilyRequest;
  readonly pools: readonly Pool[];
  readonly reservations: Reservations;
  readonly settings: EffectiveIPAMConfiguration;
  /** Whose blocks it takes from first: the node's, or the load balancer's, who is on no node. */
  readonly owner: BlockOwner;
  /** The `affinity` of the owner's blocks. */
  readonly mine: string;
  readonly got: InterfaceAddress[];
  /** The block is in a pool that no longer selects the node. */
  readonly left: (cidr: string) => boolean;
}

/**
 * Prepares a request. Known facts may be a moment old: before a pool is found wanting, the store is asked. Throws as
 * `choosePools` does.
 */
export async function prepare(request: FamilyRequest, facts: Facts): Promise<Errand> {
  try {
    return await prepareWith(request, facts);
  } catch (error) {
    if (facts.fresh === facts || !(error instanceof IpamError)) throw error;
    return prepareWith(request, facts.fresh);
  }
}

async function prepareWith(request: FamilyRequest, facts: Facts): Promise<Errand> {
  const { hostname, family, use, pools: requested } = request;
  const [all, reservations, settings, nodeLabels] = await Promise.all([
    facts.pools(),
    facts.reservations(),
    facts.settings(),
    facts.nodeLabels(hostname),
  ]);
  const namespaceLabels = await labelsOfNamespace(request, all, facts);
  const pools = choosePools(all, { family, hostname, nodeLabels, namespaceLabels, use, requested });
  const left = (cidr: string): boolean => {
    const pool = poolOf(all, parsePrefix(cidr));
    return pool !== undefined && !selectsNode(pool, nodeLabels);
  };
  const owner = use === 'LoadBalancer' ? loadBalancer : host(hostname);
  return { request, pools, reservations, settings, owner, mine: affinityText(owner), got: [], left };
}

async function labelsOfNamespace(
  { namespace, namespaceLabels, pools = [] }: FamilyRequest,
  all: readonly Pool[],
  facts: Facts,
): Promise<Labels> {
  if (namespaceLabels !== undefined) return namespaceLabels;
  const matters = pools.length === 0 && all.some(({ spec }) => spec.namespaceSelector);
  return matters && namespace !== undefined ? facts.namespaceLabels(namespace) : {};
}

/** How many addresses it still wants. */
export function missing({ request, got }: Errand): number {
  return request.count - got.length;
}

/** The block is in one of the errand's pools. */
export function isAllowed({ pools, request }: Errand, cidr: string): boolean {
  const block = parsePrefix(cidr);
  return block.family === request.family && pools.some((pool) => containsPrefix(pool.cidr, block));
}

/** The load balancer is no host: as many as there are. */
export function blockLimit({ owner, settings, request: { maxBlocksPerHost = 0 } }: Errand): number {
  if (owner.type === 'virtual') return Number.POSITIVE_INFINITY;
  const limits = [settings.maxBlocksPerHost, maxBlocksPerHost].filter((limit) => limit > 0);
  return limits.length === 0 ? DEFAULT_MAX_BLOCKS : Math.min(...limits);
}
