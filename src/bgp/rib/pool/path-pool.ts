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
  /** Refused by a rule of the import filter that guards. */
  guarded: 128,
} as const;

/** No path: path numbers start at 1. */
export const NO_PATH = 0;

const FIRST_CAPACITY = 64;

const NONE = new Uint32Array(0);

/**
 * Paths as columns over a pool with a free list: 27 octets each, no object, nothing for the garbage collector.
 * A path hangs in two lists: the paths to its prefix (`next`), and the paths of its source (`nextOfSource`).
 * Path identifiers, and attributes from before the import filter, get columns when the first path needs them.
 */
export class PathPool {
  prefix = new Uint32Array(FIRST_CAPACITY);
  source = new Uint16Array(FIRST_CAPACITY);
  /** Attributes after the import filter: what decision and export see. */
  attributes = new Uint32Array(FIRST_CAPACITY);
  nextHop = new Uint32Array(FIRST_CAPACITY);
  flags = new Uint8Array(FIRST_CAPACITY);
  next = new Uint32Array(FIRST_CAPACITY);
  nextOfSource = new Uint32Array(FIRST_CAPACITY);
  previousOfSource = new Uint32Array(FIRST_CAPACITY);
  #pathIds = NONE;
  /** 0 where they are those in `attributes`. */
  #received = NONE;
  #used = 1;
  #firstFree = NO_PATH;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** ADD-PATH identifier as received; for our own routes the number of their tag. */
  pathId(path: number): number {
    return this.#pathIds === NONE ? 0 : this.#pathIds[path];
  }

  setPathId(path: number, pathId: number): void {
    if (pathId !== 0 && this.#pathIds === NONE) this.#pathIds = new Uint32Array(this.prefix.length);
    if (this.#pathIds !== NONE) this.#pathIds[path] = pathId;
  }

  /** Attributes as received. */
  received(path: number): number {
    return (this.#received === NONE ? 0 : this.#received[path]) || this.attributes[path];
  }

  setAttributes(path: number, received: number, admitted: number): void {
    this.attributes[path] = admitted;
    if (received !== admitted && this.#received === NONE) this.#received = new Uint32Array(this.prefix.length);
    if (this.#received !== NONE) this.#received[path] = received === admitted ? 0 : received;
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
    this.attributes = widened(this.attributes, capacity);
    this.nextHop = widened(this.nextHop, capacity);
    this.flags = widened(this.flags, capacity);
    this.next = widened(this.next, capacity);
    this.nextOfSource = widened(this.nextOfSource, capacity);
    this.previousOfSource = widened(this.previousOfSource, capacity);
    if (this.#pathIds !== NONE) this.#pathIds = widened(this.#pathIds, capacity);
    if (this.#received !== NONE) this.#received = widened(this.#received, capacity);
  }
}
