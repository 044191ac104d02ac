import {
  comparePrefix,
  containsPrefix,
  type Family,
  formatPrefix,
  type Prefix,
  parsePrefix,
} from '../../base/index.ts';
import {
  type Chain,
  fingerprint,
  type MapElement,
  type NamedMap,
  type NamedSet,
  type Rule,
  type Table,
  Transaction,
} from '../../nftables/index.ts';

/** A table of ours: its name is how we know it again after a crash. */
export interface NatTable {
  readonly family: Family;
  /** What it is for, in the words of `status` and of failures. */
  readonly what: string;
  readonly table: Table;
  /** Makes it anew, whole: no packet sees half of it. Undefined when there should be none. */
  readonly wanted: Transaction | undefined;
  readonly explained: readonly ExplainedLine[];
}

/** A rule or an entry of a map as nft reads it, and why it is there. */
export interface ExplainedLine {
  readonly text: string;
  readonly why: string;
}

/** What a table holds: each part is independent of the others, and what rules look into comes before them. */
export interface Contents {
  readonly sets?: readonly (readonly [set: NamedSet, elements: readonly string[]])[];
  readonly maps?: readonly (readonly [map: NamedMap, entries: readonly ReasonedEntry[]])[];
  readonly chains: readonly (readonly [chain: Chain, rules: readonly ReasonedRule[]])[];
}

export type ReasonedRule = Pick<Rule, 'expression'> & { readonly why: string };
export type ReasonedEntry = MapElement & { readonly why: string };

/** A comment has 128 characters, and its end is the fingerprint's. */
const LONGEST_REASON = 100;
/** Before connections are tracked and routes are looked for. */
export const PREROUTING: Chain = { name: 'prerouting', base: { type: 'filter', hook: 'prerouting', priority: -300 } };
/** Packets that go through the host from one link to another. */
export const FORWARD: Chain = { name: 'forward', base: { type: 'filter', hook: 'forward', priority: 0 } };
/** Source NAT: after routing, on the way out. */
export const POSTROUTING: Chain = { name: 'postrouting', base: { type: 'nat', hook: 'postrouting', priority: 100 } };

/** The table with all these contents; without any there should be none. */
export function tableOf(
  family: Family,
  what: string,
  name: string,
  parts: readonly (Contents | undefined)[],
): NatTable {
  const table: Table = { family: wordOf(family), name };
  const contents = parts.filter((part) => part !== undefined);
  return {
    family,
    what: `${what} for IPv${family}`,
    table,
    wanted: contents.length === 0 ? undefined : whole(table, contents),
    explained: contents.flatMap((part) => explain(table, part)),
  };
}

/**
 * Each rule's comment ends in a fingerprint of all but the elements, by which a restarted daemon sees that only these can
 * differ: they are compared one by one.
 */
function whole(table: Table, contents: readonly Contents[]): Transaction {
  const start = new Transaction(table).removeTable().addTable();
  const sets = contents.flatMap((part) => part.sets ?? []);
  const maps = contents.flatMap((part) => part.maps ?? []);
  const chains = byChain(contents.flatMap((part) => part.chains));
  const declared = maps.reduce(
    (made, [map]) => made.addMap(map),
    sets.reduce((made, [set]) => made.addSet(set), start),
  );
  const mark = fingerprint(withChains(declared, chains).text);
  const withSets = sets.reduce((made, [set, elements]) => made.addSet(set).addElements(set, elements), start);
  const filled = maps.reduce((made, [map, entries]) => made.addMap(map).addEntries(map, entries), withSets);
  return withChains(filled, chains, ` ${mark}`);
}

/** Parts may share a chain: their rules stand one after another, as nft lists them. */
function byChain(chains: Contents['chains']): Contents['chains'] {
  return [...Map.groupBy(chains, ([{ name }]) => name).values()].map((same) => [
    same[0][0],
    same.flatMap(([, rules]) => rules),
  ]);
}

function withChains(start: Transaction, chains: Contents['chains'], mark = ''): Transaction {
  return chains.reduce((made, [chain, rules]) => {
    const added = rules.map(({ expression, why }) => {
      return { chain: chain.name, expression, comment: `${why.slice(0, LONGEST_REASON)}${mark}` };
    });
    return added.reduce((longer, rule) => longer.addRule(rule), made.addChain(chain));
  }, start);
}

function explain({ family, name }: Table, { maps = [], chains }: Contents): readonly ExplainedLine[] {
  const at = `${family} ${name}`;
  return [
    ...chains.flatMap(([, rules]) => rules.map(({ expression, why }) => ({ text: `${at} ${expression}`, why }))),
    ...maps.flatMap(([map, entries]) =>
      entries.map(({ key, value, why }) => ({ text: `${at} ${map.name} { ${key} : ${value} }`, why })),
    ),
  ];
}

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
  const kept: Prefix[] = [];
  for (const network of cidrs.map((cidr) => parsePrefix(cidr)).sort(comparePrefix)) {
    const last = kept.at(-1);
    if (last === undefined || !containsPrefix(last, network)) kept.push(network);
  }
  return kept.map(formatPrefix).sort();
}

export function wordOf(family: Family): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}

export function isOf(family: Family, address: string): boolean {
  return address.includes(':') === (family === 6);
}
