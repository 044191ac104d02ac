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

/** A table as its parts compose it, object by object. Taking in a part costs what that part says. */
export class Composition {
  readonly #parts = new Map<string, Held>();
  /** Object → parts that say something of it. */
  readonly #holders = new Map<string, Set<string>>();

  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }

  part(key: string): FilterPart | undefined {
    return this.#parts.get(key)?.part;
  }

  keys(): IterableIterator<string> {
    return this.#parts.keys();
  }

  /** Puts a part in the former one's place, or takes it out. Answers with the elements that may differ, by object. */
  put(key: string, part: FilterPart | undefined): ReadonlyMap<string, readonly string[]> {
    const before = this.#parts.get(key)?.pieces ?? NOTHING;
    const now = part === undefined ? NOTHING : piecesOf(part.contents);
    for (const name of before.keys()) if (!now.has(name)) this.#release(name, key);
    for (const name of now.keys()) this.#holders.set(name, (this.#holders.get(name) ?? new Set()).add(key));
    if (part === undefined) this.#parts.delete(key);
    else this.#parts.set(key, { part, pieces: now });
    const names = new Set([...before.keys(), ...now.keys()]);
    return new Map([...names].map((name) => [name, differences(now.get(name), before.get(name))]));
  }

  objects(): IterableIterator<string> {
    return this.#holders.keys();
  }

  /** The object as it should be; undefined when no part says anything of it. */
  object(name: string): Composed | undefined {
    const holders = this.#holders.get(name);
    if (holders === undefined) return undefined;
    const ordered = [...holders].sort((a, b) => this.#order(a) - this.#order(b));
    return { name, pieces: ordered.flatMap((key) => this.#parts.get(key)?.pieces.get(name) ?? []) };
  }

  /** The value of an element of the set or map; undefined when no part has it. */
  element(name: string, element: string): string | undefined {
    for (const key of this.#holders.get(name) ?? []) {
      const piece = this.#parts.get(key)?.pieces.get(name);
      const value = piece === undefined || piece.kind === 'chain' ? undefined : piece.elements.get(element);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Objects in the order in which they can be made: an earlier part's before a later's, each in its contents' order. */
  sorted(names: Iterable<string>): readonly string[] {
    const rank = new Map([...names].map((name) => [name, this.#rank(name)] as const));
    return [...rank].sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1]).map(([name]) => name);
  }

  #rank(name: string): readonly [order: number, place: number] {
    let best: readonly [number, number] = [Number.POSITIVE_INFINITY, 0];
    for (const key of this.#holders.get(name) ?? []) {
      const order = this.#order(key);
      if (order < best[0]) best = [order, [...(this.#parts.get(key)?.pieces.keys() ?? [])].indexOf(name)];
    }
    return best;
  }

  #order(key: string): number {
    return this.#parts.get(key)?.part.order ?? 0;
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
