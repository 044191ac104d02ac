import type { Chain, MapElement, NamedMap, NamedSet } from '../../nftables/index.ts';

/** What stands in a table: what rules lead to comes before them. */
export interface Contents {
  readonly sets?: readonly (readonly [set: NamedSet, elements: readonly string[]])[];
  readonly maps?: readonly (readonly [map: NamedMap, entries: readonly (MapElement & { readonly why: string })[]])[];
  readonly chains: readonly (readonly [
    chain: Chain,
    rules: readonly { readonly expression: string; readonly why: string }[],
  ])[];
}
