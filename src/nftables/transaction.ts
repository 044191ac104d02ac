import {
  type Chain,
  checkName,
  type MapElement,
  type NamedMap,
  type NamedSet,
  type NftRule,
  type Table,
} from './objects.ts';
import { type Operation, printOperation } from './operation.ts';

/** Statements and their lines, in order; transactions that grew one out of the other share one. */
interface Statements {
  readonly operations: Operation[];
  readonly lines: string[];
}

/**
 * A change to one table, all of it or nothing. It is a value: every verb answers with a longer transaction
 * and leaves this one as it was; `text` is what `nft -f` will read, and what the log shows. An empty name, a line
 * break in a rule and the like throw `NftError` as soon as they are put in.
 *
 * A longer one is this one's statements and a few more, in the same list, of which each knows how much is its own: so
 * a statement is printed once, and a transaction of a hundred thousand costs a hundred thousand steps. Only where two
 * grow out of one, the second copies.
 */
export class Transaction {
  readonly table: Table;
  readonly #statements: Statements;
  /** How many operations and lines of the list are of this transaction. */
  readonly #operations: number;
  readonly #lines: number;

  constructor(table: Table, statements: Statements = { operations: [], lines: [] }) {
    checkName(table.name, 'table');
    this.table = table;
    this.#statements = statements;
    this.#operations = statements.operations.length;
    this.#lines = statements.lines.length;
  }

  get operations(): readonly Operation[] {
    return this.#statements.operations.slice(0, this.#operations);
  }

  get isEmpty(): boolean {
    return this.#operations === 0;
  }

  /** The text for `nft -f`, one statement to a line. */
  get text(): string {
    return this.#statements.lines
      .slice(0, this.#lines)
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

  /** Printed before the list grows: what is refused leaves no trace in it. */
  #append(added: readonly Operation[]): Transaction {
    const printed = added.map((operation) => printOperation(operation, this.table));
    const shared = this.#statements;
    const isNewest = shared.operations.length === this.#operations;
    const { operations, lines } = isNewest
      ? shared
      : { operations: [...this.operations], lines: shared.lines.slice(0, this.#lines) };
    for (const operation of added) operations.push(operation);
    for (const some of printed) for (const line of some) lines.push(line);
    return new Transaction(this.table, { operations, lines });
  }
}

function rulesOf({ name }: Chain, rules: readonly Omit<NftRule, 'chain'>[]): readonly Operation[] {
  return rules.map((rule) => ({ kind: 'add rule', rule: { ...rule, chain: name } }));
}
