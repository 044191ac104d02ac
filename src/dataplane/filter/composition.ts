import type { Entries } from '../../base/index.ts';
import { type Piece, piecesOf } from './pieces.ts';
import type { FilterPart } from './table.ts';

interface Held {
  readonly part: FilterPart;
  readonly pieces: ReadonlyMap<string, Piece>;
}

const NOTHING: ReadonlyMap<string, Piece> = new Map();

/** All that the parts say of one object, together. */
export interface Composed {
  readonly name: string;
  /** In the order of the parts. All of one kind. */
  readonly pieces: readonly Piece[];
}

/** The relation of a part to an object. */
export interface Touch {
  /** Elements of it that may differ. */
  readonly elements: readonly string[];
  /** No part had said anything of it before. */
  readonly isNew: boolean;
}

/** A table as its parts compose it, object by object. Taking in a part costs what that part says. */
export class Composition {
  readonly #parts = new Map<string, Held>();
  /** Object → parts that say something of it. */
  readonly #holders = new Map<string, Holders>();
  /** Object → element of the set or map → parts that have it. */
  readonly #elements = new Map<string, Map<string, Holders>>();

  static of(parts: Iterable<readonly [key: string, part: FilterPart]>): Composition {
    const made = new Composition();
    for (const [key, part] of parts) made.put(key, part);
    return made;
  }

  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }

  part(key: string): FilterPart | undefined {
    return this.#parts.get(key)?.part;
  }

  keys(): IterableIterator<string> {
    return this.#parts.keys();
  }

  /** Puts a part in the former one's place, or takes it out. Answers with what may differ, by object. */
  put(key: string, part: FilterPart | undefined): ReadonlyMap<string, Touch> {
    const before = this.#parts.get(key)?.pieces ?? NOTHING;
    const now = part === undefined ? NOTHING : piecesOf(part.contents);
    const touched = new Map<string, Touch>();
    for (const [name, former] of before) {
      const piece = now.get(name);
      if (piece === undefined) this.#release(name, key);
      touched.set(name, { elements: this.#index(name, key, piece, former), isNew: false });
    }
    for (const [name, piece] of now) {
      if (before.has(name)) continue;
      const isNew = this.#hold(name, key);
      touched.set(name, { elements: this.#index(name, key, piece, undefined), isNew });
    }
    if (part === undefined) this.#parts.delete(key);
    else this.#parts.set(key, { part, pieces: now });
    return touched;
  }

  objects(): IterableIterator<string> {
    return this.#holders.keys();
  }

  /** Whether any part says anything of the object. */
  has(name: string): boolean {
    return this.#holders.has(name);
  }

  /** A piece by one of the parts: in the declaration all agree. */
  piece(name: string): Piece | undefined {
    const holders = this.#holders.get(name);
    if (typeof holders === 'string') return this.#parts.get(holders)?.pieces.get(name);
    for (const key of holders ?? []) return this.#parts.get(key)?.pieces.get(name);
    return undefined;
  }

  /** The object as it should be; undefined when no part says anything of it. */
  object(name: string): Composed | undefined {
    const holders = this.#holders.get(name);
    if (holders === undefined) return undefined;
    const ordered = [...each(holders)].sort((a, b) => this.#order(a) - this.#order(b));
    return { name, pieces: ordered.flatMap((key) => this.#parts.get(key)?.pieces.get(name) ?? []) };
  }

  /** The value of an element of the set or map; undefined when no part has it. */
  element(name: string, element: string): string | undefined {
    const holders = this.#elements.get(name)?.get(element);
    if (typeof holders === 'string') return this.#valueBy(holders, name, element);
    for (const key of holders ?? []) {
      const value = this.#valueBy(key, name, element);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #valueBy(key: string, name: string, element: string): string | undefined {
    const piece = this.#parts.get(key)?.pieces.get(name);
    return piece === undefined || piece.kind === 'chain' ? undefined : piece.elements.get(element);
  }

  /**
   * Objects in the order in which they can be made: an earlier part's before a later's, each in its contents' order.
   * Sets and maps may be shared by thousands, and lead to nothing by themselves: for them the part counts that named
   * them first.
   */
  sorted(names: Iterable<string>): readonly string[] {
    const ranked = Array.from(names, (name) => ({ name, ...this.#rank(name) }));
    return ranked.sort((a, b) => a.order - b.order || a.place - b.place).map(({ name }) => name);
  }

  #rank(name: string): { readonly order: number; readonly place: number } {
    let best = { order: Number.POSITIVE_INFINITY, place: 0 };
    for (const key of each(this.#holders.get(name))) {
      const order = this.#order(key);
      if (order < best.order) best = { order, place: this.#place(key, name) };
      if (!name.startsWith('chain ')) break;
    }
    return best;
  }

  /** Where the object stands in the part's contents. */
  #place(key: string, name: string): number {
    let place = 0;
    for (const other of this.#parts.get(key)?.pieces.keys() ?? []) {
      if (other === name) return place;
      place++;
    }
    return place;
  }

  #order(key: string): number {
    return this.#parts.get(key)?.part.order ?? 0;
  }

  /** Notes the elements that the part has now, and no longer; answers with those that differ. */
  #index(name: string, key: string, now: Piece | undefined, before: Piece | undefined): readonly string[] {
    const elements = differences(now, before);
    if (elements.length === 0) return elements;
    const has = now === undefined || now.kind === 'chain' ? undefined : now.elements;
    const index = this.#elements.get(name) ?? new Map<string, Holders>();
    for (const element of elements) {
      const holders = index.get(element);
      const left = has?.get(element) === undefined ? without(holders, key) : withKey(holders, key);
      if (left === undefined) index.delete(element);
      else if (left !== holders) index.set(element, left);
    }
    if (index.size === 0) this.#elements.delete(name);
    else this.#elements.set(name, index);
    return elements;
  }

  /** Whether nobody had said anything of it before. */
  #hold(name: string, key: string): boolean {
    const holders = this.#holders.get(name);
    this.#holders.set(name, withKey(holders, key));
    return holders === undefined;
  }

  #release(name: string, key: string): void {
    const left = without(this.#holders.get(name), key);
    if (left === undefined) this.#holders.delete(name);
    else this.#holders.set(name, left);
  }
}

/** The parts that have something in common: nearly always one, by its key. */
type Holders = string | Set<string>;

function withKey(holders: Holders | undefined, key: string): Holders {
  if (holders === undefined || holders === key) return key;
  return typeof holders === 'string' ? new Set([holders, key]) : holders.add(key);
}

function without(holders: Holders | undefined, key: string): Holders | undefined {
  if (holders === undefined || typeof holders === 'string') return holders === key ? undefined : holders;
  holders.delete(key);
  return holders.size === 0 ? undefined : holders;
}

function each(holders: Holders | undefined): Iterable<string> {
  return typeof holders === 'string' ? [holders] : (holders ?? []);
}

/** All elements of a set or map. */
export function elementsOf(composed: Composed | undefined): readonly string[] {
  return (composed?.pieces ?? []).flatMap((piece) => (piece.kind === 'chain' ? [] : [...piece.elements.keys()]));
}

function differences(now: Piece | undefined, before: Piece | undefined): readonly string[] {
  const elements = (piece: Piece | undefined): Entries<string> | undefined =>
    piece === undefined || piece.kind === 'chain' ? undefined : piece.elements;
  const [entries, former] = [elements(now), elements(before)];
  if (entries === undefined) return [...(former?.keys() ?? [])];
  return entries.since(former).map(([element]) => element);
}
