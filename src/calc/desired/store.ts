import type { TunnelAddressKind } from '../../model/index.ts';

/** What this node should write to the store, as far as that follows from what the store says. */
export interface DesiredStore {
  /** The pools, as CIDRs, that each tunnel's address may come from, as they are tried; where there are none, it has no address. */
  readonly tunnelPools: Readonly<Record<TunnelAddressKind, readonly string[]>>;
}
