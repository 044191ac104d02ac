import { type Address, type Family, formatAddress, formatPrefix, tryParseAddress } from '../../base/index.ts';
import { allows, type Pool, poolOf } from '../../ipam/index.ts';
import type { KubernetesService, LoadBalancerIngress } from '../../model/index.ts';
import {
  type AssignIPs,
  isOurs,
  isRequested,
  isWithin,
  type LoadBalancerAsks,
  readAsks,
} from './load-balancer-asks.ts';

/**
 * The address of one family that a Service lacks, and the CIDRs of the pools that it may come from: any, where there
 * are none.
 */
export interface MissingAddress {
  readonly family: Family;
  readonly pools: readonly string[];
}

/** Why a Service is not as it wishes, in a word and in a sentence. */
export interface LoadBalancerProblem {
  readonly reason: 'InvalidAnnotation' | 'AddressNotInPool' | 'NoPool';
  readonly message: string;
}

/** The steps for the addresses of one Service. */
export interface LoadBalancerPlan {
  /** Of those that it has. */
  readonly keep: readonly Address[];
  readonly release: readonly Address[];
  /** These very ones. */
  readonly assign: readonly Address[];
  readonly missing: readonly MissingAddress[];
  readonly problems: readonly LoadBalancerProblem[];
  /** Its status is ours, and has what it keeps and gets. Otherwise what it loses goes from there, and no more. */
  readonly ownsStatus: boolean;
}

export interface LoadBalancerFacts {
  readonly service: KubernetesService;
  /** The addresses it has, by IPAM's word. */
  readonly held: readonly Address[];
  readonly pools: readonly Pool[];
  readonly assignIPs: AssignIPs;
}

/**
 * Compares the addresses a Service should have with those it has. Done once, the same question has nothing to do left;
 * a wish that can't be read changes nothing.
 */
export function planLoadBalancer({ service, held, pools, assignIPs }: LoadBalancerFacts): LoadBalancerPlan {
  const nothing = { keep: [], release: held, assign: [], missing: [], problems: [], ownsStatus: false };
  if (!isOurs(service, assignIPs)) return nothing;
  const usable = pools.filter((pool) => allows(pool, 'LoadBalancer'));
  if (usable.length === 0) {
    // Where nobody has made a pool somebody else may be the load balancer.
    const message = 'there is no IPPool with allowedUses: [LoadBalancer]';
    return { ...nothing, problems: isRequested(service) ? [{ reason: 'NoPool', message }] : [] };
  }
  const asks = readAsks(service, usable);
  if (typeof asks === 'string') {
    const problems = [{ reason: 'InvalidAnnotation', message: asks }] as const;
    return { ...nothing, keep: held, release: [], problems };
  }
  const chosen = asks.addresses.length > 0 ? named(asks, held, usable) : fromPools(asks, service, held, usable);
  const kept = new Set(chosen.keep.map(formatAddress));
  return {
    ...chosen,
    release: held.filter((address) => !kept.has(formatAddress(address))),
    ownsStatus: true,
  };
}

type Choice = Pick<LoadBalancerPlan, 'keep' | 'assign' | 'missing' | 'problems'>;

function named({ addresses }: LoadBalancerAsks, held: readonly Address[], pools: readonly Pool[]): Choice {
  const has = new Set(held.map(formatAddress));
  const keep = addresses.filter((address) => has.has(formatAddress(address)));
  const others = addresses.filter((address) => !keep.includes(address));
  const open = pools.filter(({ enabled }) => enabled);
  const assign = others.filter((address) => poolOf(open, address) !== undefined);
  const problems = others
    .filter((address) => !assign.includes(address))
    .map((address) => ({
      reason: 'AddressNotInPool' as const,
      message: `${formatAddress(address)} is in no IPPool with allowedUses: [LoadBalancer] that is enabled`,
    }));
  return { keep, assign, missing: [], problems };
}

/** One of each family. Of several the one that is in the status stays. */
function fromPools(
  { families, pools: asked }: LoadBalancerAsks,
  { spec }: KubernetesService,
  held: readonly Address[],
  pools: readonly Pool[],
): Choice {
  const shown = new Set(spec.loadBalancerIPs);
  const keep: Address[] = [];
  const missing: MissingAddress[] = [];
  for (const family of families) {
    const ranges = asked[family];
    const fitting = held
      .filter((address) => address.family === family)
      .filter((address) => {
        const pool = poolOf(pools, address);
        return pool !== undefined && (ranges ? isWithin(address, ranges) : pool.spec.assignmentMode !== 'Manual');
      })
      .sort((a, b) => Number(shown.has(formatAddress(b))) - Number(shown.has(formatAddress(a))));
    if (fitting.length > 0) keep.push(fitting[0]);
    else missing.push({ family, pools: (ranges ?? []).map(formatPrefix) });
  }
  return { keep, assign: [], missing, problems: [] };
}

/**
 * The status with these addresses and no other; undefined when it says so already, in whatever order. Where there is none to
 * show, what is of nobody's pool stays: another load balancer may have said so.
 */
export function ingressOf(
  service: KubernetesService,
  addresses: readonly Address[],
  pools: readonly Pool[],
): readonly LoadBalancerIngress[] | undefined {
  const { spec } = service;
  if (addresses.length === 0) {
    const ours = pools.filter((pool) => allows(pool, 'LoadBalancer'));
    const shown = spec.loadBalancerIPs.flatMap((text) => tryParseAddress(text) ?? []);
    return ingressWithout(
      service,
      shown.filter((address) => poolOf(ours, address) !== undefined),
    );
  }
  const wanted = addresses.map(formatAddress);
  const count = spec.ingress?.length ?? spec.loadBalancerIPs.length;
  if (count === wanted.length && wanted.every((text) => spec.loadBalancerIPs.includes(text))) return undefined;
  return wanted.map((ip) => ({ ip }));
}

/** The status without these addresses, and all else as it is; undefined when they aren't there. */
export function ingressWithout(
  { spec }: KubernetesService,
  addresses: readonly Address[],
): readonly LoadBalancerIngress[] | undefined {
  const gone = new Set(addresses.map(formatAddress));
  if (spec.type !== 'LoadBalancer' || !spec.loadBalancerIPs.some((ip) => gone.has(ip))) return undefined;
  const all = spec.ingress ?? spec.loadBalancerIPs.map((ip) => ({ ip }));
  return all.filter(({ ip }) => ip === undefined || !gone.has(ip));
}
