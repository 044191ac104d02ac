import type { Family } from '../../base/index.ts';
import type { DesiredEgress, EgressPool } from '../../calc/desired/index.ts';
import type { FibInfo, Route, RoutingRule } from '../../netlink/index.ts';
import { DEVICE } from '../device/render.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';

/** After WireGuard's rule (99), before the main table's; Calico Enterprise has its own at the same place. */
const PRIORITY = 100;
/** Metric of the route that remains when the way to the gateway is lost: higher than any. */
const LAST = 0xffffffff;
/** `RT_TABLE_DEFAULT`, `MAIN`, `LOCAL`. */
const SYSTEM_TABLES = [253, 254, 255];
const EVERYWHERE = { 4: '0.0.0.0/0', 6: '::/0' } as const;
/** The kernel's metric for a route that was made with none. */
const PLAIN_METRIC = { 4: 0, 6: 1024 } as const;

/** `100: from POOL lookup TABLE proto 80`. */
export function egressRule({ family, cidr }: Pick<EgressPool, 'family' | 'cidr'>, table: number): RoutingRule {
  return { family, priority: PRIORITY, source: cidr, table, protocol: ROUTE_PROTOCOL };
}

/** By what no other rule of ours has: a source, and neither mark nor inversion. */
export function isEgressRule({ protocol, source, invert, mark }: RoutingRule): boolean {
  return protocol === ROUTE_PROTOCOL && source !== undefined && !invert && mark === undefined;
}

export function isSameRule(a: RoutingRule, b: RoutingRule): boolean {
  return isEgressRule(a) && a.source === b.source && a.table === b.table && a.priority === b.priority;
}

/** Tables that no rule leads to, from the end of the ranges: WireGuard takes its own from the beginning. */
export function* freeTables(ranges: DesiredEgress['tables'], rules: readonly RoutingRule[]): Iterable<number> {
  const taken = new Set([...SYSTEM_TABLES, ...rules.map(({ table }) => table)]);
  for (const { min, max } of ranges.toReversed())
    for (let table = max; table >= Math.max(1, min); table--) if (!taken.has(table)) yield table;
}

/**
 * A pool's table: what is inside the cluster goes on to the next rule, all else to the gateway. Where that can't be, it goes
 * nowhere: it must not leave with another address. `indexOf`: undefined while the device to the gateway is not there.
 */
export function egressRoutes(
  { family, way }: EgressPool,
  { inside, hosts }: DesiredEgress,
  table: number,
  indexOf: (device: string) => number | undefined,
): readonly Route[] {
  const to = (destination: string, info: Pick<FibInfo, 'kind' | 'nextHops' | 'metric'>): Route => ({
    family,
    destination,
    table,
    protocol: ROUTE_PROTOCOL,
    ...info,
  });
  const onwards = [...inside[family], ...hosts[family].map((cidr) => cidr)];
  const nowhere = to(EVERYWHERE[family], { kind: 'unreachable', nextHops: [], metric: LAST });
  const through = hopOf(family, way, indexOf);
  return [
    ...onwards.map((cidr) => to(cidr, { kind: 'throw', nextHops: [] })),
    nowhere,
    ...(through === undefined ? [] : [to(EVERYWHERE[family], { kind: 'unicast', nextHops: [through] })]),
  ];
}

/** Tells whether a route keeps packets from going elsewhere while the way to the gateway is being changed. */
export function isFallback({ kind, metric }: Route): boolean {
  return kind === 'unreachable' && metric === LAST;
}

/** Tells whether a table with these routes says where to go out of the cluster: not on to the next rule. */
export function isLeading(routes: readonly Route[]): boolean {
  return routes.some(({ family, destination }) => destination === EVERYWHERE[family]);
}

function hopOf(family: Family, way: EgressPool['way'], indexOf: (device: string) => number | undefined) {
  if (way.kind === 'subnet') return { via: way.via };
  if (way.kind !== 'vxlan' && way.kind !== 'ipip') return undefined;
  const dev = indexOf(way.kind === 'ipip' ? DEVICE.ipip : family === 4 ? DEVICE.vxlan4 : DEVICE.vxlan6);
  return dev === undefined ? undefined : { via: way.via, dev, onlink: true };
}

/** Equal for a route as it should be and as the kernel has it: of a way on the subnet the kernel says by which link. */
export function routeText({ family, destination, kind, metric, nextHops: [hop] }: Route): string {
  const way = hop?.via === undefined ? '' : ` via ${hop.via}${hop.onlink ? ` dev ${hop.dev}` : ''}`;
  return `${kind} ${destination}${way} metric ${metric ?? PLAIN_METRIC[family]}`;
}
