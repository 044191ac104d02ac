import { formatPrefix, tryParsePrefix } from '../base/index.ts';
import { type BGPConfiguration, type Node, newResource } from '../model/index.ts';
import { isExcluded } from './answering-nodes.ts';
import type { Announcement } from './desired/index.ts';
import type { Configurations } from './node-bgp.ts';

/** The addresses of Services that are announced, as CIDRs in their usual form. */
export interface ServiceRanges {
  readonly cluster: readonly string[];
  readonly external: readonly string[];
  readonly loadBalancer: readonly string[];
  /** Whether a load balancers' range goes out whole, and its single addresses only where they are Local. */
  readonly aggregates: boolean;
}

/** The configurations, with these cluster addresses in place of those of `default` if there are any. */
export function withClusterIPs(
  entries: Iterable<readonly [string, BGPConfiguration]>,
  cidrs: readonly string[] | undefined,
): ReadonlyMap<string, BGPConfiguration> {
  const all = new Map(entries);
  if (cidrs === undefined) return all;
  const found = all.get('default') ?? newResource('BGPConfiguration', { name: 'default' }, {});
  return all.set('default', { ...found, spec: { ...found.spec, serviceClusterIPs: cidrs.map((cidr) => ({ cidr })) } });
}

/**
 * Reads the ranges of Services in `BGPConfiguration default`; undefined where none are announced, by anybody or by this
 * node.
 */
export function serviceRanges(node: Node | undefined, configurations: Configurations): ServiceRanges | undefined {
  if (isExcluded(node)) return undefined;
  return listedRanges(configurations);
}

export function listedRanges(configurations: Configurations): ServiceRanges | undefined {
  const spec = configurations.get('default')?.spec ?? {};
  const [cluster, external, loadBalancer] = [
    spec.serviceClusterIPs,
    spec.serviceExternalIPs,
    spec.serviceLoadBalancerIPs,
  ].map((list) => [
    ...new Set(
      list?.flatMap(({ cidr }) => {
        const range = cidr === undefined ? undefined : tryParsePrefix(cidr);
        return range === undefined ? [] : [formatPrefix(range)];
      }),
    ),
  ]);
  if (cluster.length + external.length + loadBalancer.length === 0) return undefined;
  return { cluster, external, loadBalancer, aggregates: spec.serviceLoadBalancerAggregation !== 'Disabled' };
}

/**
 * The ranges that every node announces whole. A range of one address outside the cluster's own is announced only while
 * some Service has that address.
 */
export function wholeRanges(ranges: ServiceRanges | undefined, others: readonly string[] = []): Announcement[] {
  if (ranges === undefined || others.length > 0) return [];
  const { cluster, external, loadBalancer, aggregates } = ranges;
  return [
    ...cluster.map((cidr) => ({ cidr, why: 'addresses of services inside the cluster' })),
    ...external.filter(isWide).map((cidr) => ({ cidr, why: 'external addresses of services' })),
    ...(aggregates ? loadBalancer.filter(isWide) : []).map((cidr) => ({ cidr, why: 'load balancers’ addresses' })),
  ];
}

/**
 * The ranges that a route reflector passes on for others, as in Calico: all that is inside the external and load
 * balancers' ranges.
 */
export function reflectedRanges(node: Node | undefined, configurations: Configurations): readonly string[] {
  if (!node?.spec.bgp?.routeReflectorClusterID) return [];
  const { external = [], loadBalancer = [] } = listedRanges(configurations) ?? {};
  return [...new Set([...external, ...loadBalancer])];
}

function isWide(cidr: string): boolean {
  return !cidr.endsWith(cidr.includes(':') ? '/128' : '/32');
}
