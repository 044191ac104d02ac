import type { Entries } from '../../base/index.ts';
import type { FilterPart } from './table.ts';

interface RefusedPart {
  readonly part: FilterPart | undefined;
  readonly reason: string;
}

/**
 * The parts of a table that are not there as they are wanted: the kernel refuses them, or they must not be written, or
 * they need one of those. What builds on a part that is missing, or still says what it once said, would let through
 * what it should not; so the others hold as long as that lasts.
 */
export class PartRefusals {
  readonly #refused = new Map<string, RefusedPart>();
  /** Tried now: until they are refused once more nobody is held for them. */
  readonly #tried = new Set<string>();

  get size(): number {
    return this.#refused.size;
  }

  /** The description of each, where it has words of its own, and why it is not there. */
  *reasons(parts: Entries<FilterPart>): Generator<readonly [what: string | undefined, reason: string]> {
    for (const [key, { reason }] of this.#refused) yield [parts.get(key)?.what, reason];
  }

  keys(): IterableIterator<string> {
    return this.#refused.keys();
  }

  get(key: string): RefusedPart | undefined {
    return this.#refused.get(key);
  }

  try(keys: Iterable<string>): void {
    for (const key of keys) this.#tried.add(key);
  }

  /** Nothing is tried any more. */
  rest(): void {
    this.#tried.clear();
  }

  refuse(key: string, part: FilterPart | undefined, reason: string): void {
    this.#refused.set(key, { part, reason });
    this.#tried.delete(key);
  }

  /** Whether the part must not be written, which is then its refusal. */
  bar(key: string, part: FilterPart | undefined): boolean {
    if (part?.refusal === undefined) return false;
    this.refuse(key, part, part.refusal);
    return true;
  }

  /** The kernel has what was tried: the part, or what stands for it while it is held. */
  took(key: string, part: FilterPart | undefined): void {
    const held = part && this.#held(part);
    if (held === undefined) this.#refused.delete(key);
    else this.#refused.set(key, { part, reason: held });
  }

  /** The part as far as it may be written. */
  writable(part: FilterPart | undefined): FilterPart | undefined {
    if (part?.instead === undefined || this.#held(part) === undefined) return part;
    return { ...part, contents: part.instead };
  }

  /** Those of the parts that need one that is refused, and are none of these themselves. */
  *dependents(parts: Entries<FilterPart>): Generator<string> {
    // As nearly always: a change costs what it says.
    if (this.#refused.size === 0) return;
    for (const [key, part] of parts) if (!this.#refused.has(key) && this.#held(part) !== undefined) yield key;
  }

  /** Those that are refused and need the part. */
  *waitingFor(name: string, parts: Entries<FilterPart>): Generator<string> {
    for (const key of this.#refused.keys()) if (parts.get(key)?.needs?.includes(name)) yield key;
  }

  #held({ needs = [] }: FilterPart): string | undefined {
    const missing = needs.find((need) => this.#refused.has(need) && !this.#tried.has(need));
    if (missing === undefined) return undefined;
    const { part, reason } = this.#refused.get(missing)!;
    return `it needs ${part?.what ?? missing}: ${reason}`;
  }
}
