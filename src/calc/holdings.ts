import {
  addressPlus,
  type Entries,
  formatPrefix,
  hostPrefix,
  networkAddress,
  type Prefix,
  parsePrefix,
} from '../base/index.ts';
import { Claims } from './claims.ts';
import type { BlockView } from './projections.ts';

/** Pod addresses that are on one node, as IPAM has it. */
export interface Holding {
  readonly cidr: string;
  readonly prefix: Prefix;
  readonly node: string;
  readonly why: string;
}

/** A block's owner has it, and single addresses of it are with the nodes that borrowed them. */
export function holdingsOf({ cidr, affinity, borrowed }: BlockView): Holding[] {
  const block = parsePrefix(cidr);
  const owner = affinity?.startsWith('host:') ? affinity.slice(5) : undefined;
  return [
    ...(owner === undefined ? [] : [{ cidr, prefix: block, node: owner, why: `block of ${owner}` }]),
    ...borrowed.map(([ordinal, node]) => {
      const prefix = hostPrefix(addressPlus(networkAddress(block), ordinal));
      return { cidr: formatPrefix(prefix), prefix, node, why: `borrowed by ${node}` };
    }),
  ];
}

/** Blocks → who has what, by CIDR. */
export class Holdings {
  readonly #claims = new Claims<Holding>((a, b) => a.node === b.node && a.why === b.why);
  #seen: Entries<BlockView> | undefined;

  run(blocks: Entries<BlockView>): Entries<Holding> {
    for (const [key, now, before] of blocks.since(this.#seen)) {
      const held = new Map((now ? holdingsOf(now) : []).map((holding) => [holding.cidr, holding]));
      for (const { cidr } of before ? holdingsOf(before) : []) {
        if (!held.has(cidr)) this.#claims.put(cidr, key, undefined);
      }
      for (const [cidr, holding] of held) this.#claims.put(cidr, key, holding);
    }
    this.#seen = blocks;
    return this.#claims.commit();
  }
}

/** Holdings → the CIDRs of each node. Says of each run whose have changed. */
export class HeldByNode {
  readonly #cidrs = new Map<string, Set<string>>();
  #seen: Entries<Holding> | undefined;

  /** The CIDRs that are another node's now, or nobody's, or have come. */
  run(holdings: Entries<Holding>): { readonly cidrs: ReadonlySet<string>; readonly nodes: ReadonlySet<string> } {
    const cidrs = new Set<string>();
    const nodes = new Set<string>();
    for (const [cidr, now, before] of holdings.since(this.#seen)) {
      cidrs.add(cidr);
      if (before !== undefined) {
        nodes.add(before.node);
        const left = this.#cidrs.get(before.node);
        left?.delete(cidr);
        if (left?.size === 0) this.#cidrs.delete(before.node);
      }
      if (now === undefined) continue;
      nodes.add(now.node);
      const held = this.#cidrs.get(now.node);
      if (held === undefined) this.#cidrs.set(now.node, new Set([cidr]));
      else held.add(cidr);
    }
    this.#seen = holdings;
    return { cidrs, nodes };
  }

  of(node: string): Iterable<string> {
    return this.#cidrs.get(node) ?? [];
  }
}
