/** A tunnel whose device has an address of this node's own, which the others read in its Node. */
export type TunnelAddressKind = 'wireguard' | 'wireguardV6' | 'ipip' | 'vxlan' | 'vxlanV6';

/** What this node should write to the store, as far as that follows from what the store says. */
export interface DesiredStore {
  /** The pools, as CIDRs, that each tunnel's address may come from, as they are tried; where there are none, it has no address. */
  readonly tunnelPools: Readonly<Record<TunnelAddressKind, readonly string[]>>;
}
