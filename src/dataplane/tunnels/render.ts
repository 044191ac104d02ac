import type { DesiredVxlan, DesiredVxlanRoute } from '../../calc/desired/index.ts';
import type { Neighbor, RouteHow } from '../../netlink/index.ts';
import { DEVICE } from '../device/render.ts';
import { gatewayRoute, MAIN_TABLE, ROUTE_PROTOCOL } from '../routes/render.ts';

/** What the kernel must know of the other nodes: MAC → node (forwarding database), and VTEP address → MAC (ARP, NDP), which leads to it. */
export function vxlanNeighbors({ peers, family }: DesiredVxlan): readonly Neighbor[] {
  const dev = family === 4 ? DEVICE.vxlan4 : DEVICE.vxlan6;
  return [...peers.values()].flatMap(({ address, mac, underlay }) => [
    { dev, destination: underlay, mac, state: 'permanent', fdb: true },
    { dev, destination: address, mac, state: 'permanent' },
  ]);
}

/** What is behind the tunnel, by CIDR. What others lead through comes first. */
export function vxlanRoutes(
  { family, routes }: DesiredVxlan,
  device: number,
  parent: number,
): readonly (readonly [cidr: string, how: RouteHow])[] {
  const all = [...routes.values()];
  const vteps = new Set(all.flatMap(({ mode, via }) => (mode === 'tunnel' ? [via] : [])));
  return [
    ...(family === 6 ? [...vteps].map((vtep) => [`${vtep}/128`, vtepRoute(device)] as const) : []),
    ...all.map((route) => [route.cidr, vxlanRoute(route, device, parent)] as const),
  ];
}

/**
 * `VTEP dev vxlan-v6.calico`. A VTEP's address is in a block of its node, so while that block still goes another way (by
 * BGP, before its pool became VXLAN) the kernel would refuse an IPv6 route via the VTEP on this device, `onlink` or not.
 */
function vtepRoute(device: number): RouteHow {
  return { kind: 'unicast', protocol: ROUTE_PROTOCOL, table: MAIN_TABLE, scope: 'link', nextHops: [{ dev: device }] };
}

/** `BLOCK via VTEP dev vxlan.calico onlink`, or for a node in our own subnet `BLOCK via NODE dev PARENT onlink`. */
function vxlanRoute({ mode, via }: DesiredVxlanRoute, device: number, parent: number): RouteHow {
  return gatewayRoute([{ via, dev: mode === 'tunnel' ? device : parent, onlink: true }]);
}
