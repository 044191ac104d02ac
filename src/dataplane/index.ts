/**
 * dataplane: the hands.
 *
 *     Desired ─► endpoints ─┐
 *             ─► blocks ────┼─► RouteTable ─ RouteReconciler ──► Kernel
 *             ─► workloads ─┼─► QosReconciler ─► qdiscs ───────►    │
 *             ─► tunnels ───┤        ▲                              │
 *     routing ─ best routes ┘        └─────────── monitor ◄─────────┘
 *
 *     nat, services, tunnels, wireguard, endpoints, qos ─ contents ─► tables.ts ─► FilterReconciler ─► Nft
 *
 * Each idea is a `render.ts` (pure: what the kernel should hold) and a `reconcile.ts` (what differs is written). All
 * routes of ours carry protocol 80; only those, and what Calico left, are ever replaced or removed. Nothing is written before `start`,
 * which is called once the datastore is in sync.
 */
export type { FollowedConnections } from './connections/followed.ts';
export { Dataplane, type DataplaneOptions } from './dataplane.ts';
export type { FailedTunnel, TunnelEntry } from './device/device.ts';
export { containerInterfaceName, podInterfaceName } from './endpoints/interface-name.ts';
export {
  createPodInterface,
  type PodInterface,
  type PodInterfaceSpec,
  removeHostEnd,
} from './endpoints/pod-interface.ts';
export { GATEWAY_4, GATEWAY_6, podDestinations } from './endpoints/render.ts';
export type { FelixRemains } from './felix-remains.ts';
export type { DataplaneListeners } from './listeners.ts';
export {
  type CountedRule,
  countKey,
  DROP_GROUP,
  type HostSurroundings,
  hooksOf,
  type PolicyReconciler,
  policyTable,
} from './policy/index.ts';
export type { Diversion } from './routes/diversions.ts';
export type { ForeignRoute, InTheWay } from './routes/foreign.ts';
export { type FailedRoute, prefixNumber, type RouteCounts, type RouteReconciler } from './routes/reconcile.ts';
export { gatewayRoute, ROUTE_PROTOCOL } from './routes/render.ts';
export { type RouteSource, RouteTable } from './routes/route-table.ts';
export type { TunnelReconciler } from './tunnels/reconcile.ts';
