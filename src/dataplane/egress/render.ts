import type { DesiredEgress, EgressPool } from '../../calc/desired/index.ts';
import type { Route, RouteHow, RoutingRule } from '../../netlink/index.ts';
import { DEVICE } from '../device/render.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';

/** After WireGuard's rule (99), before the main table's; Calico Enterprise has its own at the same place. */
const PRIORITY = 100;
/** Metric of the route that remains when the way to the gateway is lost: higher than any. */
const LAST = 0xffffffff;
/** `RT_TABLE_DEFAULT`, `MAIN`, `LOCAL`. */
const SYSTEM_TABLES = [253, 254, 255];

/** `100: from POOL lookup TABLE proto 80`. */
export function egressRule(cidr: string, table: number): RoutingRule {
  return { family: 4, priority: PRIORITY, source: cidr, table, protocol: ROUTE_PROTOCOL };
}

/** By what no other rule of ours has: a source, and neither mark nor inversion. */
export function isEgressRule({ protocol, source, invert, mark }: RoutingRule): boolean {
  return protocol === ROUTE_PROTOCOL && source !== undefined && !invert && mark === undefined;
}

/** Tables that no rule leads to, from the end of the ranges: WireGuard takes its own from the beginning. */
export function* freeTables(ranges: DesiredEgress['tables'], rules: readonly RoutingRule[]): Iterable<number> {
  const taken = new Set([...SYSTEM_TABLES, ...rules.map(({ table }) => table)]);
  for (const { min, max } of ranges.toReversed())
    for (let table = max; table >= Math.max(1, min); table--) if (!taken.has(table)) yield table;
}

/**
 * A pool's table: what is inside the cluster goes on to the next rule, all else to the gateway. Where that can't be, it goes
 * nowhere: it must not leave with another address. Undefined while the device that leads to the gateway is not there.
 */
export function egressRoutes(
  { way }: EgressPool,
  { inside, hosts }: DesiredEgress,
  table: number,
  indexOf: (device: string) => number | undefined,
): readonly Route[] {
  const to = (destination: string, how: Pick<RouteHow, 'kind' | 'nextHops' | 'metric'>): Route => ({
    family: 4,
    destination,
    table,
    protocol: ROUTE_PROTOCOL,
    ...how,
  });
  const onwards = [...inside, ...hosts[4].map((cidr) => cidr)];
  const nowhere = to('0.0.0.0/0', { kind: 'unreachable', nextHops: [], metric: LAST });
  const through = hopOf(way, indexOf);
  return [
    nowhere,
    ...onwards.map((cidr) => to(cidr, { kind: 'throw', nextHops: [] })),
    ...(through === undefined ? [] : [to('0.0.0.0/0', { kind: 'unicast', nextHops: [through] })]),
  ];
}

function hopOf(way: EgressPool['way'], indexOf: (device: string) => number | undefined) {
  if (way.kind === 'subnet') return { via: way.via };
  if (way.kind !== 'vxlan' && way.kind !== 'ipip') return undefined;
  const dev = indexOf(way.kind === 'vxlan' ? DEVICE.vxlan4 : DEVICE.ipip);
  return dev === undefined ? undefined : { via: way.via, dev, onlink: true };
}

/** Equal for a route as it should be and as the kernel has it: of a way on the subnet the kernel says by which link. */
export function routeText({ destination, kind, metric, nextHops: [hop] }: Route): string {
  const way = hop?.via === undefined ? '' : ` via ${hop.via}${hop.onlink ? ` dev ${hop.dev}` : ''}`;
  return `${kind} ${destination}${way} metric ${metric ?? 0}`;
}
