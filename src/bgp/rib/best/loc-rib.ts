import type { BestChanges } from '../../api.ts';
import type { AdjRibIn } from '../in/adj-rib-in.ts';
import { widened } from '../pool/columns.ts';
import type { NextHopSets } from '../pool/next-hop-sets.ts';
import { NO_PATH, pathFlag } from '../pool/path-pool.ts';
import { LOCAL } from '../pool/source.ts';
import { Decision, type DecisionView, ineligible } from './decision.ts';

/** Most changes in one `BestChanges`. */
const BATCH = 8192;
/** Room for changes at first; it grows to `BATCH`. */
/** The weight of the link with most bandwidth. */
const WHOLE = 100;
const FIRST_BATCH = 64;
/** How many prefixes are decided between two looks at the clock. */
const STRIDE = 512;

/** The best path of every prefix of one family, and the next hops that the program around the speaker was told of. */
export class LocRib {
  /** Best path of each prefix, or `NO_PATH`. */
  best: Uint32Array;
  /** The next-hop set of each prefix as last reported. */
  #reported: Uint32Array;
  readonly rib: AdjRibIn;
  readonly #view: DecisionView;
  readonly #decision: Decision;
  readonly #sets: NextHopSets;
  readonly #maximumPaths: number;
  readonly #changes: Changes;
  #size = 0;
  /** The prefix that a replay has come to. */
  #replayAt = Number.POSITIVE_INFINITY;

  constructor(view: DecisionView, sets: NextHopSets, maximumPaths: number) {
    this.rib = view.rib;
    this.#view = view;
    this.#sets = sets;
    this.#maximumPaths = maximumPaths;
    this.#decision = new Decision(view);
    const { capacity, words } = this.rib.prefixes;
    this.best = new Uint32Array(capacity);
    this.#reported = new Uint32Array(capacity);
    this.#changes = {
      count: 0,
      addresses: new Uint32Array(FIRST_BATCH * words),
      lengths: new Uint8Array(FIRST_BATCH),
      nextHops: new Uint32Array(FIRST_BATCH),
    };
  }

  /** Prefixes that have a best path. */
  get size(): number {
    return this.#size;
  }

  /**
   * Decides dirty prefixes until none is left or `expired` says that it is time for others, and reports to `emit`
   * what the program must know, to `changed` every prefix whose best path is, or may be, another.
   */
  settle(
    since: number,
    changed: (prefix: number) => void,
    emit: (changes: BestChanges) => void,
    expired: () => boolean,
  ): void {
    const { dirty, prefixes } = this.rib;
    if (prefixes.capacity > this.best.length) {
      this.best = widened(this.best, prefixes.capacity);
      this.#reported = widened(this.#reported, prefixes.capacity);
    }
    for (let done = 1; dirty.size > 0; done++) {
      const prefix = dirty.shift();
      this.#settleOne(prefix);
      changed(prefix);
      if (this.#changes.count === BATCH) this.#emit(since, emit);
      if (done % STRIDE === 0 && expired()) break;
    }
    this.#replay(since, emit, expired);
    this.#emit(since, emit);
    this.#sets.collect();
  }

  /** Begins to report all present best routes again; `settle` does it. */
  replay(): void {
    this.#replayAt = 0;
  }

  get replaying(): boolean {
    return this.#replayAt !== Number.POSITIVE_INFINITY;
  }

  /** Every path of the prefix with the reason why it is not best; the best one has none. */
  explain(prefix: number): Map<number, string | undefined> {
    const reasons = new Map<number, string | undefined>();
    const decision = new Decision(this.#view);
    decision.decide(prefix, (path, reason) => reasons.set(path, reason));
    if (decision.best !== NO_PATH) reasons.set(decision.best, undefined);
    return reasons;
  }

  /** Every path of the prefix that may be chosen. */
  eligible(prefix: number): number[] {
    const { head, paths } = this.rib;
    const found: number[] = [];
    for (let path = head[prefix]; path !== NO_PATH; path = paths.next[path]) {
      if (ineligible(this.#view, path) === undefined) found.push(path);
    }
    return found;
  }

  /** Whether nothing here speaks of the prefix any more. */
  forgets(prefix: number): boolean {
    return this.best[prefix] === NO_PATH && this.#reported[prefix] === 0;
  }

  #replay(since: number, emit: (changes: BestChanges) => void, expired: () => boolean): void {
    const limit = Math.min(this.rib.prefixes.limit, this.#reported.length);
    for (; this.#replayAt < limit; this.#replayAt++) {
      if (this.#replayAt % STRIDE === 0 && expired()) return;
      if (this.#reported[this.#replayAt] === 0) continue;
      this.#report(this.#replayAt, this.#reported[this.#replayAt]);
      if (this.#changes.count === BATCH) this.#emit(since, emit);
    }
    this.#replayAt = Number.POSITIVE_INFINITY;
  }

  #settleOne(prefix: number): void {
    const { paths, head } = this.rib;
    const first = head[prefix];
    let best = first;
    let set = 0;
    if (first !== NO_PATH) {
      // The usual case by far: one path, with nothing against it.
      if (paths.next[first] === NO_PATH && (paths.flags[first] & pathFlag.refused) === 0 && !this.#view.costly) {
        set = this.#single(first);
      } else {
        this.#decision.decide(prefix);
        best = this.#decision.best;
        set = this.#nextHopsOf(this.#decision);
      }
    }
    if ((this.best[prefix] === NO_PATH) !== (best === NO_PATH)) this.#size += best === NO_PATH ? -1 : 1;
    this.best[prefix] = best;
    if (set === this.#reported[prefix]) return;
    this.#sets.retain(set);
    this.#sets.release(this.#reported[prefix]);
    this.#reported[prefix] = set;
    this.#report(prefix, set);
  }

  /** The set of just this path's next hop; none for a route of our own. */
  #single(path: number): number {
    const { paths } = this.rib;
    if (paths.source[path] === LOCAL) return 0;
    return this.#sets.single(paths.nextHop[path], this.#view.pool.localPref[paths.attributes[path]]);
  }

  #nextHopsOf({ best, multipath }: Decision): number {
    if (best === NO_PATH) return 0;
    const { paths } = this.rib;
    if (multipath.length === 1 || this.#maximumPaths === 1 || paths.source[best] === LOCAL) return this.#single(best);
    const localPref = this.#view.pool.localPref[paths.attributes[best]];
    // Of too many these are kept: the best, then the lowest numbered.
    const nextHops = [...new Set(multipath.map((path) => paths.nextHop[path]))].sort((a, b) => a - b);
    const others = nextHops.filter((nextHop) => nextHop !== paths.nextHop[best]);
    const chosen = [paths.nextHop[best], ...others.slice(0, this.#maximumPaths - 1)];
    return this.#sets.several(chosen, localPref, this.#weights(multipath));
  }

  /** The share of each next hop by the bandwidth of its link, if all tell theirs and they differ. */
  #weights(multipath: readonly number[]): ReadonlyMap<number, number> | undefined {
    const { paths } = this.rib;
    const { linkBandwidth } = this.#view.pool;
    const bandwidths = multipath.map((path) => linkBandwidth[paths.attributes[path]]);
    const most = Math.max(...bandwidths);
    const least = Math.min(...bandwidths);
    if (least === 0 || least === most) return undefined;
    const weights = new Map<number, number>();
    for (const [at, path] of multipath.entries()) {
      const weight = Math.max(1, Math.round((bandwidths[at] / most) * WHOLE));
      weights.set(paths.nextHop[path], Math.max(weight, weights.get(paths.nextHop[path]) ?? 0));
    }
    return weights;
  }

  #report(prefix: number, set: number): void {
    const { prefixes } = this.rib;
    const changes = this.#changes;
    const at = changes.count++;
    const { words } = prefixes;
    if (at === changes.lengths.length) {
      changes.addresses = widened(changes.addresses, at * 2 * words);
      changes.lengths = widened(changes.lengths, at * 2);
      changes.nextHops = widened(changes.nextHops, at * 2);
    }
    if (words === 1) changes.addresses[at] = prefixes.address(prefix);
    else for (let word = 0; word < words; word++) changes.addresses[at * words + word] = prefixes.address(prefix, word);
    changes.lengths[at] = prefixes.length(prefix);
    changes.nextHops[at] = set;
  }

  #emit(since: number, emit: (changes: BestChanges) => void): void {
    if (this.#changes.count === 0) return;
    const changes = { ...this.#changes, family: this.rib.family, nextHopSets: this.#sets.all, since };
    this.#changes.count = 0;
    emit(changes);
  }
}

/** Columns of changes that are not told yet. */
interface Changes {
  count: number;
  addresses: Uint32Array;
  lengths: Uint8Array;
  nextHops: Uint32Array;
}
