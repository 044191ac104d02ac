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
  readonly #holders = new Map<string, Set<string>>();
  /** Object → element of the set or map → parts that have it. */
  readonly #elements = new Map<string, Map<string, Set<string>>>();

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
    const isNew = new Set([...now.keys()].filter((name) => !this.#holders.has(name)));
    for (const name of before.keys()) if (!now.has(name)) this.#release(name, key);
    for (const name of now.keys()) this.#holders.set(name, (this.#holders.get(name) ?? new Set()).add(key));
    if (part === undefined) this.#parts.delete(key);
    else this.#parts.set(key, { part, pieces: now });
    const touched = new Map<string, Touch>();
    for (const name of new Set([...before.keys(), ...now.keys()])) {
      const elements = differences(now.get(name), before.get(name));
      touched.set(name, { elements, isNew: isNew.has(name) });
      this.#index(name, key, now.get(name), elements);
    }
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
    for (const key of this.#holders.get(name) ?? []) return this.#parts.get(key)?.pieces.get(name);
    return undefined;
  }

  /** The object as it should be; undefined when no part says anything of it. */
  object(name: string): Composed | undefined {
    const holders = this.#holders.get(name);
    if (holders === undefined) return undefined;
    // Nearly all objects are of one part.
    const ordered = holders.size < 2 ? [...holders] : [...holders].sort((a, b) => this.#order(a) - this.#order(b));
    return { name, pieces: ordered.flatMap((key) => this.#parts.get(key)?.pieces.get(name) ?? []) };
  }

  /** The value of an element of the set or map; undefined when no part has it. */
  element(name: string, element: string): string | undefined {
    for (const key of this.#elements.get(name)?.get(element) ?? []) {
      const piece = this.#parts.get(key)?.pieces.get(name);
      const value = piece === undefined || piece.kind === 'chain' ? undefined : piece.elements.get(element);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /**
   * Objects in the order in which they can be made: an earlier part's before a later's, each in its contents' order.
   * Sets and maps may be shared by thousands, and lead to nothing by themselves: for them the part counts that named
   * them first.
   */
  sorted(names: Iterable<string>): readonly string[] {
    const rank = new Map([...names].map((name) => [name, this.#rank(name)] as const));
    return [...rank].sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1]).map(([name]) => name);
  }

  #rank(name: string): readonly [order: number, place: number] {
    let best: readonly [number, number] = [Number.POSITIVE_INFINITY, 0];
    for (const key of this.#holders.get(name) ?? []) {
      const order = this.#order(key);
      if (order < best[0]) best = [order, [...(this.#parts.get(key)?.pieces.keys() ?? [])].indexOf(name)];
      if (!name.startsWith('chain ')) break;
    }
    return best;
  }

  #order(key: string): number {
    return this.#parts.get(key)?.part.order ?? 0;
  }

  #index(name: string, key: string, now: Piece | undefined, elements: readonly string[]): void {
    if (elements.length === 0) return;
    const index = this.#elements.get(name) ?? new Map<string, Set<string>>();
    for (const element of elements) {
      const holders = index.get(element) ?? new Set();
      if (now === undefined || now.kind === 'chain' || now.elements.get(element) === undefined) holders.delete(key);
      else holders.add(key);
      if (holders.size === 0) index.delete(element);
      else index.set(element, holders);
    }
    if (index.size === 0) this.#elements.delete(name);
    else this.#elements.set(name, index);
  }

  #release(name: string, key: string): void {
    const holders = this.#holders.get(name);
    holders?.delete(key);
    if (holders?.size === 0) this.#holders.delete(name);
  }
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
