import type { DesiredVtep, DesiredVxlanRoute } from '../../calc/desired/index.ts';
import type { FibInfo, Neighbor } from '../../netlink/index.ts';
import { gatewayRoute, MAIN_TABLE, ROUTE_PROTOCOL } from '../routes/render.ts';

/**
 * The kernel's entries for another node: MAC → node (forwarding database), and VTEP address → MAC (ARP, NDP), which
 * leads to it.
 */
export function vtepNeighbors(dev: string, { address, mac, underlay }: DesiredVtep): readonly Neighbor[] {
  return [
    { dev, destination: underlay, mac, state: 'permanent', fdb: true },
    { dev, destination: address, mac, state: 'permanent' },
  ];
}

/**
 * `VTEP dev vxlan-v6.calico`. A VTEP's address is in a block of its node, so while that block still goes another way
 * (by BGP, before its pool became VXLAN) the kernel would refuse an IPv6 route via the VTEP on this device, `onlink` or
 * not.
 */
export function vtepRoute(device: number): FibInfo {
  return { kind: 'unicast', protocol: ROUTE_PROTOCOL, table: MAIN_TABLE, scope: 'link', nextHops: [{ dev: device }] };
}

/** `BLOCK via VTEP dev vxlan.calico onlink`, or for a node in our own subnet `BLOCK via NODE dev PARENT onlink`. */
export function vxlanRoute({ mode, via }: DesiredVxlanRoute, device: number, parent: number): FibInfo {
  return gatewayRoute([{ via, dev: mode === 'tunnel' ? device : parent, onlink: true }]);
}
