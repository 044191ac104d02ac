import type { Entries } from '../../base/index.ts';
import type { Brought, RetryTurn } from './standing.ts';
import type { FilterPart } from './table.ts';

interface RefusedPart {
  readonly part: FilterPart | undefined;
  readonly reason: string;
  /** Who refuses it: the kernel; we, which only changes with the part; or nobody but that it needs such a one. */
  readonly by: 'kernel' | 'us' | 'need';
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

  /** Those whose turn that is, and what needs them. */
  *toTry(turn: RetryTurn, parts: Entries<FilterPart>): Generator<string> {
    for (const key of this.#refused.keys()) {
      if (this.#turn(key) !== turn) continue;
      yield key;
      yield* this.waitingFor(key, parts);
    }
  }

  waitsFor(turn: RetryTurn): boolean {
    return [...this.#refused.keys()].some((key) => this.#turn(key) === turn);
  }

  /** What came of it that these parts were tried. */
  brought(keys: readonly string[]): Brought {
    const refused = keys.filter((key) => this.#refused.has(key));
    return { isDone: refused.length === 0, turns: new Set(refused.flatMap((key) => this.#turn(key) ?? [])) };
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

  refuse(key: string, part: FilterPart | undefined, reason: string, by: RefusedPart['by'] = 'kernel'): void {
    this.#refused.set(key, { part, reason, by });
    this.#tried.delete(key);
  }

  /** Whether the part must not be written, which is then its refusal. */
  bar(key: string, part: FilterPart | undefined): boolean {
    if (part?.refusal === undefined) return false;
    this.refuse(key, part, part.refusal, 'us');
    return true;
  }

  /** The kernel has what was tried: the part, or what stands for it while it is held. */
  took(key: string, part: FilterPart | undefined): void {
    const held = part && this.#held(part);
    if (held === undefined) this.#refused.delete(key);
    else this.#refused.set(key, { part, reason: held, by: 'need' });
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

  /** Those that are held, though what they need is there by now. */
  *freed(parts: Entries<FilterPart>): Generator<string> {
    for (const [key, { by }] of this.#refused) {
      const part = by === 'need' ? parts.get(key) : undefined;
      if (part !== undefined && this.#held(part) === undefined) yield key;
    }
  }

  /** Those that are refused and need the part. */
  *waitingFor(name: string, parts: Entries<FilterPart>): Generator<string> {
    for (const key of this.#refused.keys()) if (parts.get(key)?.needs?.includes(name)) yield key;
  }

  /** When a part is tried again that does not change; undefined: not by itself. */
  #turn(key: string): RetryTurn | undefined {
    const refused = this.#refused.get(key);
    if (refused?.by !== 'kernel') return undefined;
    return refused.part?.isLarge ? 'late' : 'soon';
  }

  #held({ needs = [] }: FilterPart): string | undefined {
    const missing = needs.find((need) => this.#refused.has(need) && !this.#tried.has(need));
    if (missing === undefined) return undefined;
    const { part, reason } = this.#refused.get(missing)!;
    return `it needs ${part?.what ?? missing}: ${reason}`;
  }
}
