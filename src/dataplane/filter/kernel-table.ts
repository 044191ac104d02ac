import type { Chain, ListedChain, NamedMap, TableListing } from '../../nftables/index.ts';

/** An object of a table as the kernel has it. */
export interface KernelObject {
  /** Its declaration: an object that is declared otherwise can't be changed, only made anew. */
  readonly declared: string;
  /** A chain's rules, by their comments. */
  readonly comments: readonly (string | undefined)[];
  /** A set's or map's elements as nft lists them; a set's have themselves for values. */
  readonly elements: Map<string, string>;
}

/** A table as the kernel has it, by object: `set`, `map` or `chain`, and its name. */
export type KernelTable = Map<string, KernelObject>;

/** Reads a listing of nft. */
export function kernelTable({ chains, sets, maps, rules }: TableListing): KernelTable {
  const found: KernelTable = new Map();
  for (const { name, ...set } of sets) {
    // Elements that time out were put there by packets, and are nobody's to mend.
    const lasting = set.flags.includes('timeout') ? [] : set.elements;
    const elements = new Map(lasting.map((element) => [element, element]));
    found.set(`set ${name}`, { declared: declaredSet(set), comments: [], elements });
  }
  for (const { name, ...map } of maps) {
    const elements = new Map(map.entries.map(({ key, value }) => [key, value]));
    found.set(`map ${name}`, { declared: declaredMap(map), comments: [], elements });
  }
  const comments = Map.groupBy(rules, ({ chain }) => chain);
  for (const { name, ...base } of chains) {
    const declared = base.hook === undefined ? '' : hooked(base);
    const its = comments.get(name)?.map(({ comment }) => comment) ?? [];
    found.set(`chain ${name}`, { declared, comments: its, elements: new Map() });
  }
  return found;
}

/** That packets add to a set, older programs of nft don't say back. */
export function declaredSet({
  type,
  flags = [],
}: {
  readonly type: string;
  readonly flags?: readonly string[];
}): string {
  return [type, ...flags.filter((flag) => flag !== 'dynamic').sort()].join(' ');
}

/** nft does not say all of a map's flags back. */
export function declaredMap({ type, value }: Pick<NamedMap, 'type' | 'value'>): string {
  return `${type} : ${value}`;
}

export function declaredChain({ base }: Chain): string {
  return base === undefined ? '' : hooked(base);
}

function hooked({ type, hook, priority, policy = 'accept' }: Partial<Omit<ListedChain, 'name'>>): string {
  return `${type} ${hook} ${priority} ${policy}`;
}
