import { type Counted, type Family, PrefixTable } from '../../../base/index.ts';
import type { NlriColumns } from '../../contract.ts';
import type { AttributePool } from '../pool/attribute-pool.ts';
import { DirtySet, widened } from '../pool/columns.ts';
import { NO_PATH, PathPool, pathFlag } from '../pool/path-pool.ts';
import type { Source } from '../pool/source.ts';
import { Sweeps } from './sweeps.ts';

const FIRST_CAPACITY = 64;

/** The outcome of import policy for a path: the attributes to use and its flags. */
export interface ImportOutcome {
  readonly attributes: number;
  readonly flags: number;
}

/** Decides on one prefix of an UPDATE; `undefined` in place of this function admits everything unchanged. */
export type Admit = (prefix: number) => ImportOutcome;

/** Counts that a peer's status shows and prefix limits watch. */
export interface SourceCounts {
  received: number;
  refused: number;
  guarded: number;
}

/**
 * All paths of one family, from all sources: every peer's Adj-RIB-In at once. Each prefix has a list of its paths;
 * a source's own part is the paths that bear its number, chained so that a lost session costs what it brought.
 * Whatever changes puts the prefix in `dirty`; Loc-RIB takes it from there.
 */
export class AdjRibIn {
  readonly family: Family;
  readonly prefixes: PrefixTable;
  readonly paths = new PathPool();
  readonly dirty = new DirtySet();
  /** First path of each prefix. */
  head: Uint32Array;
  /** Removals that are under way. */
  readonly sweeps: Sweeps;
  readonly #pool: AttributePool;
  readonly #nextHops: Counted;
  readonly #firstOfSource: number[] = [];
  readonly #counts: SourceCounts[] = [];

  constructor(family: Family, pool: AttributePool, nextHops: Counted) {
    this.family = family;
    this.prefixes = new PrefixTable(family, FIRST_CAPACITY);
    this.head = new Uint32Array(this.prefixes.capacity);
    this.#pool = pool;
    this.#nextHops = nextHops;
    this.sweeps = new Sweeps({
      first: (source) => this.#firstOfSource[source] ?? NO_PATH,
      next: (path) => this.paths.nextOfSource[path],
      remove: (path) => this.remove(path),
    });
  }

  counts(source: Source): SourceCounts {
    return (this.#counts[source.index] ??= { received: 0, refused: 0, guarded: 0 });
  }

  /** Adds or replaces the source's paths to these prefixes. `attributes` and `nextHop` stay retained by the caller. */
  announce(source: Source, nlri: NlriColumns, attributes: number, nextHop: number, flags: number, admit?: Admit): void {
    const { addresses, lengths, pathIds, count } = nlri;
    const words = this.prefixes.words;
    let admitted = attributes;
    let marks = flags;
    for (let at = 0; at < count; at++) {
      const prefix =
        words === 1
          ? this.prefixes.intern4(addresses[at], lengths[at])
          : this.prefixes.internAt(addresses, at * 4, lengths[at]);
      if (prefix >= this.head.length) this.head = widened(this.head, this.prefixes.capacity);
      if (admit !== undefined) {
        const admission = admit(prefix);
        admitted = admission.attributes;
        marks = flags | admission.flags;
      }
      this.#put(source, prefix, pathIds[at], attributes, admitted, nextHop, marks);
    }
  }

  withdraw(source: Source, nlri: NlriColumns): void {
    const { addresses, lengths, pathIds, count } = nlri;
    const words = this.prefixes.words;
    for (let at = 0; at < count; at++) {
      const prefix =
        words === 1
          ? this.prefixes.find4(addresses[at], lengths[at])
          : this.prefixes.findAt(addresses, at * 4, lengths[at]);
      if (prefix < 0) continue;
      const path = this.find(source, prefix, pathIds[at]);
      if (path !== NO_PATH) this.remove(path);
    }
  }

  /** Puts one path: for our own routes. */
  put(source: Source, prefix: number, pathId: number, attributes: number, nextHop: number): void {
    if (prefix >= this.head.length) this.head = widened(this.head, this.prefixes.capacity);
    this.#put(source, prefix, pathId, attributes, attributes, nextHop, 0);
  }

  find(source: Source, prefix: number, pathId: number): number {
    const paths = this.paths;
    let path = this.head[prefix];
    while (path !== NO_PATH && (paths.source[path] !== source.index || paths.pathId(path) !== pathId)) {
      path = paths.next[path];
    }
    return path;
  }

  remove(path: number): void {
    const { paths } = this;
    const prefix = paths.prefix[path];
    if (this.head[prefix] === path) this.head[prefix] = paths.next[path];
    else {
      let before = this.head[prefix];
      while (paths.next[before] !== path) before = paths.next[before];
      paths.next[before] = paths.next[path];
    }
    this.sweeps.passed(path);
    this.#unchain(path);
    this.#count(paths.source[path], -1, paths.flags[path], 0);
    this.#release(path);
    this.#nextHops.release(paths.nextHop[path]);
    paths.give(path);
    this.dirty.add(prefix);
  }

  /** Every path of the source; the visitor may remove the one that it is shown. */
  each(source: Source, visit: (path: number) => void): void {
    let path = this.#firstOfSource[source.index] ?? NO_PATH;
    while (path !== NO_PATH) {
      const next = this.paths.nextOfSource[path];
      visit(path);
      path = next;
    }
  }

  /** Sets and clears flags of all the source's paths, and has their prefixes decided again if that can matter. */
  mark(source: Source, set: number, clear = 0): void {
    const { flags } = this.paths;
    this.each(source, (path) => {
      const after = (flags[path] | set) & ~clear;
      if ((after ^ flags[path]) & pathFlag.longLivedStale) this.dirty.add(this.paths.prefix[path]);
      flags[path] = after;
    });
  }

  /** Removes the source's paths that have any of these flags; without flags, all of them. Bit by bit, by `sweeps.run`. */
  sweep(source: Source, flags?: number, done?: () => void): void {
    const marks = this.paths;
    this.sweeps.begin(
      source.index,
      flags === undefined ? () => true : (path) => (marks.flags[path] & flags) !== 0,
      done,
    );
  }

  /** Gives a path other attributes or flags, as when the import filter has changed. `attributes` is retained here. */
  amend(path: number, attributes: number, flags: number): void {
    const { paths } = this;
    if (paths.attributes[path] === attributes && paths.flags[path] === flags) return;
    this.#count(paths.source[path], 0, paths.flags[path], flags);
    const received = this.#pool.retain(paths.received(path));
    this.#pool.retain(attributes);
    this.#release(path);
    paths.setAttributes(path, received, attributes);
    paths.flags[path] = flags;
    this.dirty.add(paths.prefix[path]);
  }

  #put(
    source: Source,
    prefix: number,
    pathId: number,
    received: number,
    attributes: number,
    nextHop: number,
    flags: number,
  ): void {
    const { paths } = this;
    let path = this.find(source, prefix, pathId);
    if (path === NO_PATH) {
      path = paths.take();
      paths.prefix[path] = prefix;
      paths.source[path] = source.index;
      paths.setPathId(path, pathId);
      paths.next[path] = this.head[prefix];
      this.head[prefix] = path;
      paths.nextHop[path] = this.#nextHops.retain(nextHop);
      this.#chain(path, source.index);
      this.#count(source.index, 1, 0, flags);
    } else {
      const same =
        paths.attributes[path] === attributes &&
        paths.received(path) === received &&
        paths.nextHop[path] === nextHop &&
        (paths.flags[path] & ~(pathFlag.stale | pathFlag.unrefreshed)) === flags;
      if (same) {
        paths.flags[path] = flags;
        return;
      }
      this.#count(source.index, 0, paths.flags[path], flags);
      this.#release(path);
      if (paths.nextHop[path] !== nextHop) {
        this.#nextHops.release(paths.nextHop[path]);
        paths.nextHop[path] = this.#nextHops.retain(nextHop);
      }
    }
    this.#pool.retain(received);
    this.#pool.retain(attributes);
    paths.setAttributes(path, received, attributes);
    paths.flags[path] = flags;
    this.dirty.add(prefix);
  }

  #release(path: number): void {
    this.#pool.release(this.paths.received(path));
    this.#pool.release(this.paths.attributes[path]);
  }

  /** A path came (1), went (-1) or stayed (0), and had and has these flags. */
  #count(source: number, received: -1 | 0 | 1, before: number, after: number): void {
    const counts = (this.#counts[source] ??= { received: 0, refused: 0, guarded: 0 });
    counts.received += received;
    if (before === after) return;
    counts.refused += ((after & pathFlag.refused) - (before & pathFlag.refused)) / pathFlag.refused;
    counts.guarded += ((after & pathFlag.guarded) - (before & pathFlag.guarded)) / pathFlag.guarded;
  }

  #chain(path: number, source: number): void {
    const { paths } = this;
    const first = this.#firstOfSource[source] ?? NO_PATH;
    paths.nextOfSource[path] = first;
    paths.previousOfSource[path] = NO_PATH;
    if (first !== NO_PATH) paths.previousOfSource[first] = path;
    this.#firstOfSource[source] = path;
  }

  #unchain(path: number): void {
    const { paths } = this;
    const next = paths.nextOfSource[path];
    const previous = paths.previousOfSource[path];
    if (next !== NO_PATH) paths.previousOfSource[next] = previous;
    if (previous === NO_PATH) this.#firstOfSource[paths.source[path]] = next;
    else paths.nextOfSource[previous] = next;
  }
}
