import {
  type Chain,
  checkName,
  type MapElement,
  type NamedMap,
  type NamedSet,
  type NftRule,
  type Table,
} from './objects.ts';
import { checkOperation, type Operation, printOperation } from './operation.ts';

/**
 * A change to one table, all of it or nothing. It is a value: every verb answers with a longer transaction
 * and leaves this one as it was; `text` is what `nft -f` will read, and what the log shows: it is printed for those alone
 * who ask for it. An empty name, a line break in a rule and the like throw `NftError` as soon as they are put in.
 *
 * A longer one is this one's statements and a few more, in the same list, of which each knows how much is its own: so
 * a transaction of a hundred thousand costs a hundred thousand steps. Only where two grow out of one, the second copies.
 */
export class Transaction {
  readonly table: Table;
  /** In order; transactions that grew one out of the other share one list. */
  readonly #shared: Operation[];
  /** How many of the list are of this transaction. */
  readonly #count: number;

  constructor(table: Table, operations: Operation[] = []) {
    if (operations.length === 0) checkName(table.name, 'table');
    this.table = table;
    this.#shared = operations;
    this.#count = operations.length;
  }

  get operations(): readonly Operation[] {
    return this.#shared.slice(0, this.#count);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** The text for `nft -f`, one statement to a line. */
  get text(): string {
    return this.operations
      .flatMap((operation) => printOperation(operation, this.table))
      .map((line) => `${line}\n`)
      .join('');
  }

  /** Adding what is there already changes nothing; that holds for chains, sets and maps too. */
  addTable(): Transaction {
    return this.#with({ kind: 'add table' });
  }

  /** Deletes the table, if there is one, and everything in it: adding it first makes that no error. */
  removeTable(): Transaction {
    return this.#with({ kind: 'add table' }, { kind: 'delete table' });
  }

  /** Removes the rules of all chains; sets and maps stay. */
  flushTable(): Transaction {
    return this.#with({ kind: 'flush table' });
  }

  /** With these rules behind those that it has. */
  addChain(chain: Chain, rules: readonly Omit<NftRule, 'chain'>[] = []): Transaction {
    return this.#append([{ kind: 'add chain', chain }, ...rulesOf(chain, rules)]);
  }

  flushChain(name: string): Transaction {
    return this.#with({ kind: 'flush chain', name });
  }

  /** Refused (EBUSY) while a rule or a map leads to it. */
  deleteChain(name: string): Transaction {
    return this.#with({ kind: 'delete chain', name });
  }

  /** The chain, new or emptied, with just these rules: what a reconciler says about a chain. */
  replaceChain(chain: Chain, rules: readonly Omit<NftRule, 'chain'>[]): Transaction {
    const empty = [
      { kind: 'add chain', chain },
      { kind: 'flush chain', name: chain.name },
    ] as const;
    return this.#append([...empty, ...rulesOf(chain, rules)]);
  }

  addRule(rule: NftRule): Transaction {
    return this.#with({ kind: 'add rule', rule });
  }

  addSet(set: NamedSet): Transaction {
    return this.#with({ kind: 'add set', set });
  }

  flushSet({ name }: NamedSet): Transaction {
    return this.#with({ kind: 'flush set', name });
  }

  /** Refused (EBUSY) while a rule looks into it. */
  deleteSet(name: string): Transaction {
    return this.#with({ kind: 'delete set', name });
  }

  addElements(set: NamedSet, elements: readonly string[]): Transaction {
    return elements.length === 0 ? this : this.#with({ kind: 'add element', set, elements });
  }

  deleteElements(set: NamedSet, elements: readonly string[]): Transaction {
    return elements.length === 0 ? this : this.#with({ kind: 'delete element', set, elements });
  }

  addMap(map: NamedMap): Transaction {
    return this.#with({ kind: 'add map', map });
  }

  flushMap({ name }: NamedMap): Transaction {
    return this.#with({ kind: 'flush map', name });
  }

  deleteMap(name: string): Transaction {
    return this.#with({ kind: 'delete map', name });
  }

  addEntries(map: NamedMap, entries: readonly MapElement[]): Transaction {
    return entries.length === 0 ? this : this.#with({ kind: 'add map element', map, entries });
  }

  deleteEntries(map: NamedMap, entries: readonly MapElement[]): Transaction {
    return entries.length === 0 ? this : this.#with({ kind: 'delete map element', map, entries });
  }

  /** This one, then the other, as one. Both must be about the same table. */
  concat(other: Transaction): Transaction {
    return this.#append(other.operations);
  }

  #with(...added: readonly Operation[]): Transaction {
    return this.#append(added);
  }

  /** Checked before the list grows: what is refused leaves no trace in it. */
  #append(added: readonly Operation[]): Transaction {
    for (const operation of added) checkOperation(operation);
    const isNewest = this.#shared.length === this.#count;
    const operations = isNewest ? this.#shared : this.#shared.slice(0, this.#count);
    for (const operation of added) operations.push(operation);
    return new Transaction(this.table, operations);
  }
}

function rulesOf({ name }: Chain, rules: readonly Omit<NftRule, 'chain'>[]): readonly Operation[] {
  return rules.map((rule) => ({ kind: 'add rule', rule: { ...rule, chain: name } }));
}
