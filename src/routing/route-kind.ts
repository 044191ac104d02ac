import type { Encapsulation } from '../calc/desired/index.ts';

/**
 * The kind of a learned prefix: the way that its pool gives to packets; its index is stored beside each route.
 * `service`: what the cluster's services have for addresses leads nowhere; each node translates them for itself.
 */
export type RouteKind = Encapsulation | 'service';
export const ROUTE_KINDS = [
  'none',
  'vxlan',
  'vxlan-cross-subnet',
  'ipip',
  'ipip-cross-subnet',
  'service',
] as const satisfies readonly RouteKind[];

/** The route kind in a choice, which stands for a set of next hops together with a kind. */
export function kindAt(choice: number): RouteKind | undefined {
  if (choice === 0) return undefined;
  return ROUTE_KINDS[(choice - 1) % ROUTE_KINDS.length];
}

export function isVxlan(kind: RouteKind | undefined): boolean {
  return kind?.startsWith('vxlan') ?? false;
}

export function isIpip(kind: RouteKind | undefined): boolean {
  return kind?.startsWith('ipip') ?? false;
}

/** Whether BGP tells of its routes and the kernel doesn't get them. */
export function isKeptOut(kind: RouteKind | undefined): boolean {
  return kind === 'service' || isVxlan(kind);
}
