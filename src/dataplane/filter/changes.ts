import { type Chain, type NamedMap, type Table, Transaction } from '../../nftables/index.ts';
import { type Composed, type Composition, elementsOf } from './composition.ts';
import { declaredChain, declaredMap, declaredSet, type KernelTable } from './kernel-table.ts';
import type { Piece, PieceRule } from './pieces.ts';

/** Objects that may differ, each with the elements of it that may: of all others it is known that they don't. */
export type Touched = ReadonlyMap<string, ReadonlySet<string>>;

/** The change to make, and the table as the kernel has it once that is done; undefined for none. */
export interface TableChange {
  readonly transaction: Transaction;
  readonly done: () => KernelTable | undefined;
}

/**
 * The change that makes the kernel's table as it is composed, in the order that the kernel asks for: targets before
 * what leads there, and removal the other way round. An object that is declared otherwise can't be changed: then all is
 * made anew, in one transaction too.
 */
export function changeTo(
  table: Table,
  composition: Composition,
  kernel: KernelTable | undefined,
  touched: Touched,
): TableChange {
  const start = new Transaction(table);
  if (composition.isEmpty) {
    return { transaction: kernel === undefined ? start : start.removeTable(), done: () => undefined };
  }
  const isOther = (name: string): boolean => {
    const [there, wanted] = [kernel?.get(name), composition.piece(name)];
    return there !== undefined && wanted !== undefined && there.declared !== declared(wanted);
  };
  if (kernel === undefined || [...touched.keys()].some(isOther)) return wholeTable(table, composition);
  const change = new Change(start, composition, kernel);
  const names = byKind(composition.sorted(touched.keys()));
  for (const phase of PHASES) phase(change, names, touched);
  return { transaction: change.transaction, done: () => change.done() };
}

/** The table made anew: no packet sees half of it. */
export function wholeTable(table: Table, composition: Composition): TableChange {
  const start = new Transaction(table).removeTable().addTable();
  const change = new Change(start, composition, new Map());
  const names = composition.sorted(composition.objects());
  const { sets, maps } = byKind(names);
  const touched = new Map([...sets, ...maps].map((name) => [name, new Set(elementsOf(composition.object(name)))]));
  for (const phase of PHASES) phase(change, byKind(names), touched);
  return { transaction: change.transaction, done: () => change.done() };
}

/** The names of objects, by what they are. */
interface Named {
  readonly sets: readonly string[];
  readonly maps: readonly string[];
  readonly chains: readonly string[];
}

function byKind(names: readonly string[]): Named {
  const of = (kind: Piece['kind']): readonly string[] => names.filter((name) => name.startsWith(`${kind} `));
  return { sets: of('set'), maps: of('map'), chains: of('chain') };
}

type Phase = (change: Change, names: Named, touched: Touched) => void;

/** Each goes over what is touched, in the order of the parts. */
const PHASES: readonly Phase[] = [
  (change, { sets }, touched) => {
    for (const name of sets) change.set(name, touched.get(name) ?? NONE);
  },
  (change, { maps }, touched) => {
    for (const name of maps) change.declareMap(name, touched.get(name) ?? NONE);
  },
  (change, { chains }) => {
    for (const name of chains) change.chain(name, 'own');
  },
  (change, { chains }) => {
    for (const name of chains) change.chain(name, 'shared');
  },
  (change, { maps }, touched) => {
    for (const name of maps) change.verdicts(name, touched.get(name) ?? NONE);
  },
  (change, { chains }) => {
    for (const name of chains) change.chain(name, 'hook');
  },
  (change, { sets, maps, chains }) => {
    for (const name of chains) change.empty(name);
    for (const name of [...maps, ...chains, ...sets]) change.gone(name);
  },
];

const VERDICT = 'verdict';
const NONE: ReadonlySet<string> = new Set();

/** A transaction as it grows, and what the kernel has when it is done. */
class Change {
  transaction: Transaction;
  readonly #composition: Composition;
  readonly #kernel: KernelTable;
  readonly #after: (() => void)[] = [];

  constructor(start: Transaction, composition: Composition, kernel: KernelTable) {
    this.transaction = start;
    this.#composition = composition;
    this.#kernel = kernel;
  }

  done(): KernelTable {
    for (const step of this.#after) step();
    return this.#kernel;
  }

  set(name: string, elements: ReadonlySet<string>): void {
    const set = this.#of(name, 'set')?.set;
    if (set === undefined) return;
    if (!this.#kernel.has(name)) {
      this.transaction = this.transaction.addSet(set);
      this.#declared(name, declaredSet(set));
    }
    const there = this.#kernel.get(name)?.elements;
    const [gone, added]: [string[], string[]] = [[], []];
    const keys: string[] = [];
    for (const element of [...elements].sort()) {
      const wanted = this.#composition.element(name, element);
      if (wanted === undefined && there?.has(element)) gone.push(element);
      if (wanted === undefined || there?.has(element)) continue;
      keys.push(element);
      // Only a table that is made anew says them as they were given.
      added.push(this.#kernel.size === 0 ? wanted : element);
    }
    this.transaction = this.transaction.deleteElements(set, gone).addElements(set, added);
    this.#after.push(() => {
      const kept = this.#kernel.get(name)?.elements;
      for (const element of gone) kept?.delete(element);
      for (const element of keys) kept?.set(element, element);
    });
  }

  declareMap(name: string, elements: ReadonlySet<string>): void {
    const map = this.#of(name, 'map')?.map;
    if (map === undefined) return;
    if (!this.#kernel.has(name)) {
      this.transaction = this.transaction.addMap(map);
      this.#declared(name, declaredMap(map));
    }
    if (map.value !== VERDICT) this.#entries(name, map, elements);
  }

  /** Entries that lead to chains come after these. */
  verdicts(name: string, elements: ReadonlySet<string>): void {
    const map = this.#of(name, 'map')?.map;
    if (map?.value === VERDICT) this.#entries(name, map, elements);
  }

  #entries(name: string, map: NamedMap, elements: ReadonlySet<string>): void {
    const there = this.#kernel.get(name)?.elements;
    const gone: { key: string; value: string }[] = [];
    const added: { key: string; value: string }[] = [];
    for (const key of elements) {
      const [wanted, present] = [this.#composition.element(name, key), there?.get(key)];
      if (wanted === present) continue;
      if (present !== undefined) gone.push({ key, value: present });
      if (wanted !== undefined) added.push({ key, value: wanted });
    }
    this.transaction = this.transaction.deleteEntries(map, gone).addEntries(map, added);
    this.#after.push(() => {
      const kept = this.#kernel.get(name)?.elements;
      for (const { key } of gone) kept?.delete(key);
      for (const { key, value } of added) kept?.set(key, value);
    });
  }

  /**
   * Chains of one part come first. Those that several fill may lead to chains of the last of them: they are there from the
   * first part on, for whoever leads to them, and have their rules when all chains are there. Those with a hook come after the
   * maps that lead to chains.
   */
  chain(name: string, turn: 'own' | 'shared' | 'hook'): void {
    const chain: Chain | undefined = this.#of(name, 'chain')?.chain;
    if (chain === undefined || (chain.base !== undefined) !== (turn === 'hook')) return;
    const composed = this.#composition.object(name);
    const its = turn === 'hook' ? turn : (composed?.pieces.length ?? 0) > 1 ? 'shared' : 'own';
    const there = this.#kernel.get(name);
    if (its === 'shared' && turn === 'own' && there === undefined) {
      this.transaction = this.transaction.addChain(chain);
    }
    if (its !== turn) return;
    const rules = rulesOf(composed);
    const comments = rules.map(({ comment }) => comment);
    if (there === undefined) this.transaction = this.transaction.addChain(chain, rules);
    else if (!isSame(there.comments, comments)) this.transaction = this.transaction.replaceChain(chain, rules);
    else return;
    this.#after.push(() => this.#kernel.set(name, { declared: declaredChain(chain), comments, elements: new Map() }));
  }

  /** Takes the rules out of a chain that nobody wants any more: they hold all else. */
  empty(name: string): void {
    if (this.#isUnwanted(name)) this.transaction = this.transaction.flushChain(name.slice(name.indexOf(' ') + 1));
  }

  /** Removes an object that nobody wants any more. */
  gone(name: string): void {
    if (!this.#isUnwanted(name)) return;
    const [kind, word] = name.split(' ');
    if (kind === 'map') this.transaction = this.transaction.deleteMap(word);
    else if (kind === 'chain') this.transaction = this.transaction.deleteChain(word);
    else this.transaction = this.transaction.deleteSet(word);
    this.#after.push(() => this.#kernel.delete(name));
  }

  #isUnwanted(name: string): boolean {
    return this.#kernel.has(name) && !this.#composition.has(name);
  }

  #of<Kind extends Piece['kind']>(name: string, kind: Kind): Extract<Piece, { readonly kind: Kind }> | undefined {
    const piece = this.#composition.piece(name);
    const isKind = (one: Piece | undefined): one is Extract<Piece, { readonly kind: Kind }> => one?.kind === kind;
    return isKind(piece) ? piece : undefined;
  }

  #declared(name: string, declaration: string): void {
    this.#after.push(() => this.#kernel.set(name, { declared: declaration, comments: [], elements: new Map() }));
  }
}

function declared(piece: Piece): string {
  if (piece.kind === 'set') return declaredSet(piece.set);
  return piece.kind === 'map' ? declaredMap(piece.map) : declaredChain(piece.chain);
}

function rulesOf(composed: Composed | undefined): readonly PieceRule[] {
  return (composed?.pieces ?? []).flatMap((piece) => (piece.kind === 'chain' ? piece.rules : []));
}

function isSame(a: readonly (string | undefined)[], b: readonly (string | undefined)[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}
