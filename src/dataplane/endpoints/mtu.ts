import { type DesiredPool, type DesiredTunnels, type DesiredWireguard, NO_TUNNELS } from '../../calc/desired/index.ts';

/** Octets that an encapsulation adds to each packet: outer IP header, and for VXLAN also UDP, VXLAN and Ethernet. */
export const IPIP_OVERHEAD = 20;
export const VXLAN_OVERHEAD = { 4: 50, 6: 70 } as const;
/** Outer IP header, UDP, and WireGuard's own header and authentication tag. */
export const WIREGUARD_OVERHEAD = { 4: 60, 6: 80 } as const;

/** The MTU set for the device, or the one that `host`, the MTU of the node's way out, leaves it. */
export function wireguardMtu({ family, mtu }: Pick<DesiredWireguard, 'family' | 'mtu'>, host: number): number {
  return mtu ?? host - WIREGUARD_OVERHEAD[family];
}

/** The MTU for pods: what the narrowest way out in use leaves them. `host`: that of the node's way out. */
export function podMtu(host: number, pools: readonly DesiredPool[], tunnels: DesiredTunnels = NO_TUNNELS): number {
  const carried = pools.map(({ cidr, encapsulation }) => {
    const family = cidr.includes(':') ? 6 : 4;
    if (encapsulation === 'none') return host;
    if (encapsulation.startsWith('ipip')) return tunnels.ipip?.mtu ?? host - IPIP_OVERHEAD;
    return tunnels[`vxlan${family}`]?.mtu ?? host - VXLAN_OVERHEAD[family];
  });
  const encrypted = [tunnels.wireguard4, tunnels.wireguard6].flatMap((wireguard) =>
    wireguard === undefined ? [] : [wireguardMtu(wireguard, host)],
  );
  return Math.min(host, ...carried, ...encrypted);
}
