import { widened } from './columns.ts';

/** Bits of the `flags` column. */
export const pathFlag = {
  /** Kept from a session that ended (RFC 4724); swept unless announced again. */
  stale: 1,
  /** Never chosen, and kept to explain it: refused by the import filter, or for a reason that has its own bit too. */
  refused: 2,
  /** AS_PATH, ORIGINATOR_ID or CLUSTER_LIST shows that it came through us. */
  looped: 4,
  /** Stale beyond the restart time (RFC 9494): chosen only if there is nothing else. */
  longLivedStale: 8,
  /** Not announced again since the peer began an enhanced refresh (RFC 7313). */
  unrefreshed: 16,
  /** Its next hop is our own address. */
  ownNextHop: 32,
  /** The Only to Customer attribute shows that it leaked (RFC 9234). */
  leaked: 64,
} as const;

/** No path: path numbers start at 1. */
export const NO_PATH = 0;

/**
 * Paths as columns over a pool with a free list: 35 octets each, no object, nothing for the garbage collector.
 * A path hangs in two lists: the paths to its prefix (`next`), and the paths of its source (`nextOfSource`).
 */
export class PathPool {
  prefix = new Uint32Array(1024);
  source = new Uint16Array(1024);
  /** ADD-PATH identifier as received; for our own routes the number of the origination. */
  pathId = new Uint32Array(1024);
  /** Attributes as received. */
  received = new Uint32Array(1024);
  /** Attributes after the import filter: what decision and export see. */
  attributes = new Uint32Array(1024);
  nextHop = new Uint32Array(1024);
  flags = new Uint8Array(1024);
  next = new Uint32Array(1024);
  nextOfSource = new Uint32Array(1024);
  previousOfSource = new Uint32Array(1024);
  #used = 1;
  #firstFree = NO_PATH;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  take(): number {
    this.#size++;
    const reused = this.#firstFree;
    if (reused !== NO_PATH) {
      this.#firstFree = this.next[reused];
      return reused;
    }
    if (this.#used === this.prefix.length) this.#grow();
    return this.#used++;
  }

  give(path: number): void {
    this.#size--;
    this.next[path] = this.#firstFree;
    this.#firstFree = path;
  }

  #grow(): void {
    const capacity = this.prefix.length * 2;
    this.prefix = widened(this.prefix, capacity);
    this.source = widened(this.source, capacity);
    this.pathId = widened(this.pathId, capacity);
    this.received = widened(this.received, capacity);
    this.attributes = widened(this.attributes, capacity);
    this.nextHop = widened(this.nextHop, capacity);
    this.flags = widened(this.flags, capacity);
    this.next = widened(this.next, capacity);
    this.nextOfSource = widened(this.nextOfSource, capacity);
    this.previousOfSource = widened(this.previousOfSource, capacity);
  }
}
