import type { TunnelAddressKind } from '../../model/index.ts';

/** The writes of this node to the store, as far as they follow from what the store says. */
export interface DesiredStore {
  /**
   * The pools, as CIDRs, that each tunnel's address may come from, as they are tried; where there are none, it has no
   * address.
   */
  readonly tunnelPools: Readonly<Record<TunnelAddressKind, readonly string[]>>;
}
