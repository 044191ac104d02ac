import {
  type Address,
  containsAddress,
  containsPrefix,
  type Family,
  formatPrefix,
  overlaps,
  type Prefix,
  tryParsePrefix,
} from '../base/index.ts';
import {
  type EffectiveIPPool,
  effectivePool,
  type IPPool,
  isClosed,
  type Labels,
  matchesSelector,
} from '../model/index.ts';
import { IpamError } from './errors.ts';

export type PoolUse = 'Workload' | 'Tunnel' | 'LoadBalancer';

/** An IPPool with its CIDR read and its defaults filled in. */
export interface Pool {
  readonly name: string;
  readonly cidr: Prefix;
  readonly spec: EffectiveIPPool;
  /** New addresses may come from it: it is neither disabled nor on its way out. */
  readonly enabled: boolean;
}

/** Pools sorted by name, as they are tried. One whose CIDR can't be read is left out. */
export function readPools(objects: readonly IPPool[]): readonly Pool[] {
  const taken = objects.filter(takesItsRange).flatMap(({ spec }) => tryParsePrefix(spec.cidr) ?? []);
  return objects
    .flatMap((pool) => readPool(pool, taken) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function readPool(pool: IPPool, taken: readonly Prefix[]): Pool | undefined {
  const cidr = tryParsePrefix(pool.spec.cidr);
  if (cidr === undefined) return undefined;
  const spec = effectivePool(pool);
  const isLate = isAllocatable(pool) !== 'True' && taken.some((range) => overlaps(range, cidr));
  return { name: pool.metadata.name, cidr, spec, enabled: !isClosed(pool) && !isLate };
}

/**
 * Calico's controller has let addresses be given from it, or it is on its way out with blocks that are not free yet. A
 * pool that overlaps it, and that the controller has not looked at, has to wait.
 */
function takesItsRange(pool: IPPool): boolean {
  return isAllocatable(pool) === 'True' || pool.metadata['deletionTimestamp'] !== undefined;
}

function isAllocatable({ status }: IPPool): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'Allocatable')?.status;
}

export interface PoolRequest {
  readonly family: Family;
  readonly hostname: string;
  readonly nodeLabels: Labels;
  readonly namespaceLabels: Labels;
  readonly use: PoolUse;
  /** Names or CIDRs. These pools are taken as they are, whatever they select. */
  readonly requested?: readonly string[] | undefined;
}

/**
 * The pools that an address may come from, in order. `POOL_NOT_FOUND`: one that was asked for isn't there;
 * `NO_POOLS`: none selects the node; `NO_QUALIFIED_POOL`: none of those is for this use.
 */
export function choosePools(all: readonly Pool[], request: PoolRequest): readonly Pool[] {
  const candidates = all.filter((pool) => pool.enabled && pool.cidr.family === request.family);
  const eligible =
    request.requested !== undefined && request.requested.length > 0
      ? request.requested.map((wanted) => findPool(candidates, wanted))
      : candidates.filter((pool) => pool.spec.assignmentMode !== 'Manual' && selects(pool, request));
  if (eligible.length === 0) {
    throw new IpamError('NO_POOLS', `no configured Calico pools for node ${request.hostname}`);
  }
  const usable = eligible.filter((pool) => allows(pool, request.use));
  if (usable.length === 0) {
    throw new IpamError(
      'NO_QUALIFIED_POOL',
      `cannot find a qualified ippool, no pools match the required use (${request.use})`,
    );
  }
  return usable;
}

function findPool(candidates: readonly Pool[], wanted: string): Pool {
  const cidr = tryParsePrefix(wanted);
  const text = cidr === undefined ? undefined : formatPrefix(cidr);
  const found = candidates.find(
    (pool) => pool.name === wanted || (text !== undefined && formatPrefix(pool.cidr) === text),
  );
  if (found !== undefined) return found;
  throw new IpamError('POOL_NOT_FOUND', `the given pool (${text ?? wanted}) does not exist, or is not enabled`);
}

function selects(pool: Pool, at: Pick<PoolRequest, 'nodeLabels' | 'namespaceLabels'>): boolean {
  return selectsNode(pool, at.nodeLabels) && matches(pool.spec.namespaceSelector, at.namespaceLabels);
}

export function selectsNode(pool: Pool, labels: Labels): boolean {
  return matches(pool.spec.nodeSelector, labels);
}

function matches(selector: string | undefined, labels: Labels): boolean {
  return selector === undefined || selector === '' || matchesSelector(selector, labels);
}

export function allows(pool: Pool, use: PoolUse): boolean {
  return pool.spec.allowedUses.includes(use);
}

/** The pool that holds the address or the block; pools don't overlap. */
export function poolOf(pools: readonly Pool[], at: Address | Prefix): Pool | undefined {
  return pools.find(({ cidr }) => ('length' in at ? containsPrefix(cidr, at) : containsAddress(cidr, at)));
}
