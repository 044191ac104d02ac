import {
  comparePrefix,
  containsPrefix,
  type Entries,
  type Family,
  formatPrefix,
  type Prefix,
  parsePrefix,
} from '../../base/index.ts';
import type { Chain, MapElement, NamedMap, NamedSet, NftRule } from '../../nftables/index.ts';

/**
 * The contents of a room in a table. Targets of rules come before them. Of several contents, those that name the
 * same set, map or chain share it: their elements are united, and their rules stand one after another.
 */
export interface Contents {
  readonly sets?: readonly (readonly [set: NamedSet, elements: Elements])[];
  readonly maps?: readonly (readonly [map: NamedMap, entries: readonly ReasonedEntry[]])[];
  readonly chains: readonly (readonly [chain: Chain, rules: readonly ReasonedRule[]])[];
}

/**
 * The elements of a set: a list, or where it is as large as the cluster, elements as nft lists them, each with itself
 * as nft is to read it; of these only what has changed is looked at.
 */
export type Elements = readonly string[] | Entries<string>;

export type ReasonedRule = Pick<NftRule, 'expression'> & { readonly why: string };
export type ReasonedEntry = MapElement & { readonly why: string };

/** Before the fragments of a datagram are put together (-400): each fragment by itself. */
export const ON_ARRIVAL: Chain = { name: 'prerouting', base: { type: 'filter', hook: 'prerouting', priority: -450 } };
/** Before connections are tracked and routes are looked for. */
export const PREROUTING: Chain = { name: 'prerouting', base: { type: 'filter', hook: 'prerouting', priority: -300 } };
/** Packets that go through the host from one link to another. */
export const FORWARD: Chain = { name: 'forward', base: { type: 'filter', hook: 'forward', priority: 0 } };
/** Source NAT: after routing, on the way out. */
export const POSTROUTING: Chain = { name: 'postrouting', base: { type: 'nat', hook: 'postrouting', priority: 100 } };

/** The type of an address in sets and maps. */
export function addressType(family: Family): 'ipv4_addr' | 'ipv6_addr' {
  return family === 4 ? 'ipv4_addr' : 'ipv6_addr';
}

/** A set of networks. */
export function addresses(family: Family, name: string): NamedSet {
  return { name, type: addressType(family), flags: ['interval'] };
}

/**
 * The CIDRs that lie in no other: a set's elements must not overlap, and are listed as they were given then. In their
 * order a network comes right before all that lie in it.
 */
export function outermost(cidrs: readonly string[]): readonly string[] {
  return outermostOf(cidrs.map((cidr) => parsePrefix(cidr)))
    .map(formatPrefix)
    .sort();
}

/** The same of networks that are read, in their order. */
export function outermostOf(nets: readonly Prefix[]): readonly Prefix[] {
  const kept: Prefix[] = [];
  for (const network of [...nets].sort(comparePrefix)) {
    const last = kept.at(-1);
    if (last === undefined || !containsPrefix(last, network)) kept.push(network);
  }
  return kept;
}

/** An element as nft lists it: the network of one address as that address. */
export function listed(element: string): string {
  return element.replace(element.includes(':') ? /\/128$/ : /\/32$/, '');
}

export function wordOf(family: Family): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}

export function isOf(family: Family, address: string): boolean {
  return address.includes(':') === (family === 6);
}
