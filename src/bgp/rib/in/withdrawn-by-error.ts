import { type Family, PrefixTable } from '../../../base/index.ts';
import type { NlriColumns } from '../../contract.ts';

/** Prefixes that are remembered; a peer that gets more of them wrong has a problem that needs no list. */
const LIMIT = 1000;

/**
 * Prefixes of one peer and family that count as withdrawn because what it last said of them was malformed (RFC 7606 §2).
 * It costs nothing while there are none.
 */
export class WithdrawnByError {
  readonly #family: Family;
  #table: PrefixTable | undefined;
  /** Path identifiers by the prefix's number in the table. */
  readonly #pathIds = new Map<number, Set<number>>();

  constructor(family: Family) {
    this.#family = family;
  }

  get size(): number {
    return this.#pathIds.size;
  }

  /** The first of them as text. */
  first(count: number): string[] {
    return [...this.#pathIds.keys()].slice(0, count).map((prefix) => this.#table!.text(prefix));
  }

  add({ addresses, lengths, pathIds, count }: NlriColumns): void {
    this.#table ??= new PrefixTable(this.#family, 16);
    const table = this.#table;
    for (let at = 0; at < count && this.size < LIMIT; at++) {
      const prefix = table.internAt(addresses, at * table.words, lengths[at]);
      const known = this.#pathIds.get(prefix);
      if (known === undefined) this.#pathIds.set(prefix, new Set([pathIds[at]]));
      else if (known.size < LIMIT) known.add(pathIds[at]);
    }
  }

  /** The peer has said something good of these, be it that they are gone. */
  remove({ addresses, lengths, pathIds, count }: NlriColumns): void {
    const table = this.#table;
    if (table === undefined) return;
    for (let at = 0; at < count && this.size > 0; at++) {
      const prefix = table.findAt(addresses, at * table.words, lengths[at]);
      const known = this.#pathIds.get(prefix);
      if (!known?.delete(pathIds[at]) || known.size > 0) continue;
      this.#pathIds.delete(prefix);
      table.release(prefix);
    }
    if (this.size === 0) this.clear();
  }

  clear(): void {
    this.#pathIds.clear();
    this.#table = undefined;
  }
}
