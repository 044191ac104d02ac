import {
  addressBits,
  hostPrefix,
  overlaps,
  type Prefix,
  tryParseAddress,
  tryParsePrefix,
} from '../../src/base/index.ts';
import {
  type Chain,
  type ListedRule,
  type MapElement,
  type NamedMap,
  type NamedSet,
  type Nft,
  NftError,
  type NftRule,
  type Operation,
  type Table,
  type TableListing,
  type Transaction,
} from '../../src/nftables/index.ts';

interface FakeTable {
  readonly chains: Map<string, Chain>;
  readonly sets: Map<string, NamedSet & { readonly elements: Set<string> }>;
  readonly maps: Map<string, NamedMap & { readonly entries: Map<string, string> }>;
  rules: (NftRule & { readonly handle: number })[];
}

/** The netlink ports of who changes tables. */
const OWN = 1;
const OTHER = 2;

/** nftables in memory: refuses what the kernel would, and does all of a transaction or nothing. */
export class FakeNft implements Nft {
  #tables = new Map<string, FakeTable>();
  #nextHandle = 1;
  #failures: string[] = [];
  /** The text of every transaction that was done, in order. */
  readonly done: string[] = [];

  /** Every call so far, in order, for sweeps in which every single one fails once. */
  readonly calls: (keyof Nft)[] = [];
  #failingCall: number | undefined;

  /** The `after`-th call from now on fails, once, whether it looks or writes. */
  failCall(after: number): void {
    this.#failingCall = this.calls.length + after;
  }

  /** Every table there is, as `list` shows it. */
  get tables(): readonly (readonly [name: string, listing: TableListing])[] {
    return [...this.#tables].map(([name, table]) => [name, listing(table)] as const).sort();
  }

  /** The next transaction fails, once, as if nft had said these words. */
  failOnce(words = 'Error: Could not process rule: Device or resource busy'): void {
    this.#failures.push(words);
  }

  /** Rules for which the kernel has no module, until it has. */
  unsupported: RegExp | undefined;

  /** Called with each table that is changed, and by whom. */
  onChange: (table: Table, port: number) => void = () => {};

  isOwn(port: number): boolean {
    return port === OWN;
  }

  close(): void {}

  /** What somebody else does, who is refused nothing. */
  changedByOthers(transaction: Transaction): void {
    for (const operation of transaction.operations) this.#apply(operation, transaction.table);
    this.onChange(transaction.table, OTHER);
  }

  async run(transaction: Transaction): Promise<void> {
    if (transaction.isEmpty) return;
    this.#enter('run');
    const failure = this.#failures.shift();
    if (failure !== undefined) throw NftError.refused('nft transaction', failure);
    const before = structuredClone(this.#tables);
    try {
      for (const operation of transaction.operations) this.#apply(operation, transaction.table);
    } catch (error) {
      this.#tables = before;
      throw error;
    }
    this.done.push(transaction.text);
    this.onChange(transaction.table, OWN);
  }

  async list(table: Table): Promise<TableListing | undefined> {
    this.#enter('list');
    const found = this.#tables.get(keyOf(table));
    return found && listing(found);
  }

  #enter(verb: keyof Nft): void {
    this.calls.push(verb);
    if (this.calls.length - 1 === this.#failingCall) throw NftError.refused(`nft ${verb}`, 'made to fail');
  }

  #apply(operation: Operation, table: Table): void {
    if (operation.kind === 'add table') {
      if (!this.#tables.has(keyOf(table))) this.#tables.set(keyOf(table), emptyTable());
      return;
    }
    const there = this.#tables.get(keyOf(table)) ?? refuse('No such file or directory');
    switch (operation.kind) {
      case 'delete table':
        this.#tables.delete(keyOf(table));
        break;
      case 'flush table':
        there.rules = [];
        break;
      case 'add chain':
        if (!there.chains.has(operation.chain.name)) there.chains.set(operation.chain.name, operation.chain);
        break;
      case 'flush chain':
        need(there.chains, operation.name);
        there.rules = there.rules.filter(({ chain }) => chain !== operation.name);
        break;
      case 'delete chain':
        need(there.chains, operation.name);
        there.rules = there.rules.filter(({ chain }) => chain !== operation.name);
        if (isTarget(there, operation.name)) refuse('Device or resource busy');
        there.chains.delete(operation.name);
        break;
      case 'add rule':
        need(there.chains, operation.rule.chain);
        if (this.unsupported?.test(operation.rule.expression)) refuse('No such file or directory');
        checkReferences(there, operation.rule.expression);
        there.rules.push({ ...operation.rule, handle: this.#nextHandle++ });
        break;
      case 'add set':
        addOnce(there.sets, operation.set, { ...operation.set, elements: new Set<string>() });
        break;
      case 'add map':
        addOnce(there.maps, operation.map, { ...operation.map, entries: new Map<string, string>() });
        break;
      case 'flush set':
        need(there.sets, operation.name).elements.clear();
        break;
      case 'flush map':
        need(there.maps, operation.name).entries.clear();
        break;
      case 'delete set':
      case 'delete map': {
        const objects = operation.kind === 'delete set' ? there.sets : there.maps;
        need<unknown>(objects, operation.name);
        if (there.rules.some(({ expression }) => lookedInto(expression).includes(operation.name)))
          refuse('Device or resource busy');
        objects.delete(operation.name);
        break;
      }
      case 'add element':
        addElements(need(there.sets, operation.set.name), operation.elements);
        break;
      case 'delete element':
        deleteAll(need(there.sets, operation.set.name).elements, operation.elements.map(listed));
        break;
      case 'add map element':
        addEntries(there, need(there.maps, operation.map.name).entries, operation.entries);
        break;
      case 'delete map element':
        deleteAll(
          need(there.maps, operation.map.name).entries,
          operation.entries.map(({ key }) => key),
        );
    }
  }
}

function refuse(words: string): never {
  throw NftError.refused('nft transaction', `Error: Could not process rule: ${words}`);
}

function keyOf({ family, name }: Table): string {
  return `${family} ${name}`;
}

function emptyTable(): FakeTable {
  return { chains: new Map(), sets: new Map(), maps: new Map(), rules: [] };
}

function need<T>(objects: ReadonlyMap<string, T>, name: string): T {
  return objects.get(name) ?? refuse('No such file or directory');
}

function addOnce<T extends NamedSet>(objects: Map<string, T>, wanted: NamedSet, made: T): void {
  const present = objects.get(wanted.name);
  if (present === undefined) objects.set(wanted.name, made);
  else if (present.type !== wanted.type) refuse('File exists');
}

function addElements(set: NamedSet & { readonly elements: Set<string> }, elements: readonly string[]): void {
  for (const element of elements) {
    const clash =
      set.flags?.includes('interval') &&
      !set.autoMerge &&
      [...set.elements].some((other) => clashes(other, listed(element)));
    if (clash) refuse('File exists');
    set.elements.add(listed(element));
  }
}

/** nft knows the network of one address as that address. */
function listed(element: string): string {
  const network = tryParsePrefix(element);
  return network !== undefined && network.length === addressBits(network.family) ? element.split('/')[0] : element;
}

function clashes(a: string, b: string): boolean {
  const [one, other] = [network(a), network(b)];
  return a !== b && one !== undefined && other !== undefined && overlaps(one, other);
}

function network(element: string): Prefix | undefined {
  const address = tryParseAddress(element);
  return address === undefined ? tryParsePrefix(element) : hostPrefix(address);
}

function addEntries(table: FakeTable, entries: Map<string, string>, added: readonly MapElement[]): void {
  for (const { key, value } of added) {
    checkReferences(table, value);
    const present = entries.get(key);
    if (present !== undefined && present !== value) refuse('File exists');
    entries.set(key, value);
  }
}

function deleteAll(objects: { delete(key: string): boolean }, keys: readonly string[]): void {
  for (const key of keys) if (!objects.delete(key)) refuse('No such file or directory');
}

/** Names of the sets and maps that an expression looks into. */
function lookedInto(expression: string): string[] {
  return [...expression.matchAll(/@([a-zA-Z_.][a-zA-Z0-9/_.-]*)/g)].map(([, name]) => name);
}

/** Names of the chains that an expression or a verdict leads to. */
function targets(text: string): string[] {
  return [...text.matchAll(/\b(?:jump|goto) ([a-zA-Z_.][a-zA-Z0-9/_.-]*)/g)].map(([, name]) => name);
}

function checkReferences(table: FakeTable, expression: string): void {
  for (const name of lookedInto(expression)) if (!table.sets.has(name)) need(table.maps, name);
  for (const name of targets(expression)) need(table.chains, name);
}

function isTarget(table: FakeTable, chain: string): boolean {
  const verdicts = [...table.maps.values()].flatMap(({ entries }) => [...entries.values()]);
  return [...table.rules.map(({ expression }) => expression), ...verdicts].some((text) =>
    targets(text).includes(chain),
  );
}

function listing({ chains, sets, maps, rules }: FakeTable): TableListing {
  return {
    chains: [...chains.values()].map(({ name, base }) =>
      base === undefined
        ? { name }
        : { name, type: base.type, hook: base.hook, priority: base.priority, policy: base.policy ?? 'accept' },
    ),
    sets: [...sets.values()].map(({ name, type, flags = [], elements }) => ({
      name,
      type,
      flags,
      elements: [...elements],
    })),
    maps: [...maps.values()].map(({ name, type, value, entries }) => ({
      name,
      type,
      value,
      entries: [...entries].map(([key, found]) => ({ key, value: found })),
    })),
    // nft lists chain by chain, in whatever order the rules came.
    rules: [...chains.keys()]
      .flatMap((name) => rules.filter(({ chain }) => chain === name))
      .map(({ chain, handle, comment }): ListedRule => {
        return { chain, handle, ...(comment === undefined ? {} : { comment }) };
      }),
  };
}
