import type { FibInfo, RouteNextHop } from '../../netlink/index.ts';

/** `RTPROT` of every route that vRouter programs: how it knows its own again after a crash. */
export const ROUTE_PROTOCOL = 80;
/** `RT_TABLE_MAIN`. */
export const MAIN_TABLE = 254;

const ours = { protocol: ROUTE_PROTOCOL, table: MAIN_TABLE } as const;

/** `blackhole PREFIX`: addresses of a block of ours that no pod has must not leave the node. */
export const BLACKHOLE: FibInfo = { ...ours, kind: 'blackhole', nextHops: [] };

/** `PREFIX dev caliXXXX scope link`: a pod on this node. `source`: what the host itself sends from; else the kernel chooses. */
export function workloadRoute(dev: number, source?: string): FibInfo {
  return { ...ours, kind: 'unicast', scope: 'link', nextHops: [{ dev }], ...(source !== undefined && { source }) };
}

/** `PREFIX via NODE dev ethX`, or several ways for ECMP. */
export function gatewayRoute(nextHops: readonly RouteNextHop[]): FibInfo {
  return { ...ours, kind: 'unicast', nextHops };
}
