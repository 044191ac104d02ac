import { DeltaMap, type Family, PrefixTable, parsePrefix, prefixWords } from '../../base/index.ts';
import { ROUTE_ADD, ROUTE_DELETE, ROUTE_REPLACE, type RouteChanges, type RouteFailure } from '../../netlink/index.ts';
import type { FibInfos } from './fib-infos.ts';
import { WayUsers } from './way-users.ts';

/**
 * Where a route comes from, most trusted first: where two sources want the same prefix, the earlier one has it.
 * (A pod's own /32 beats what a peer says about it, and so does the way to the peer; a learned route beats the
 * blackhole under it.)
 */
export const ROUTE_SOURCES = ['workload', 'tunnel', 'peer', 'bgp', 'blackhole'] as const;
export type RouteSource = (typeof ROUTE_SOURCES)[number];
const SOURCES = ROUTE_SOURCES.length;

/** A batch on its way to the kernel: the changes, and which prefix each entry is about. */
export interface RouteBatch {
  readonly changes: RouteChanges;
  readonly keys: Uint32Array;
}

/**
 * All routes of one family that are ours: what each source wants, who wins, and what the kernel has. Pure columns of
 * integers; `RouteReconciler` carries the batches to the kernel and tells what became of them.
 */
export class RouteTable {
  readonly family: Family;
  readonly prefixes: PrefixTable;
  readonly infos: FibInfos;
  readonly #delta: DeltaMap;
  readonly #users: WayUsers;
  /** The wishes of all sources, side by side: prefix × sources + rank of the source. */
  #wants: Uint32Array;
  /** 1 for prefixes whose change the kernel has not answered yet. */
  #underWay: Uint8Array;
  /** 1 for prefixes that somebody knows by their numbers, whether there are routes or not. */
  #claimed: Uint8Array;
  /** Prefixes that changed again meanwhile. */
  #overtaken: number[] = [];
  #isDoubtful = false;
  #holding = false;
  #held = new Set<number>();
  /** Wanted routes by the source that decides. */
  readonly #wantedBy = [0, 0, 0, 0, 0];

  constructor(family: Family, infos: FibInfos, expected = 4096) {
    this.family = family;
    this.infos = infos;
    this.prefixes = new PrefixTable(family, expected);
    this.#delta = new DeltaMap(expected);
    this.#users = new WayUsers(expected);
    this.#wants = new Uint32Array(expected * SOURCES);
    this.#underWay = new Uint8Array(expected);
    this.#claimed = new Uint8Array(expected);
  }

  /** Routes that should be in the kernel. */
  get wanted(): number {
    return this.#delta.desiredSize;
  }

  /** Routes of ours that are in the kernel. */
  get present(): number {
    return this.#delta.actualSize;
  }

  get pending(): boolean {
    return this.#delta.pending;
  }

  /**
   * Whether somebody goes on knowing the prefix by its number. Without that the number is good until there is neither a
   * wish nor a route: from then on it may be another's.
   */
  claim(prefix: number, isClaimed: boolean): void {
    if (prefix >= this.#claimed.length) this.#claimed = widened(this.#claimed, this.prefixes.capacity);
    this.#claimed[prefix] = Number(isClaimed);
    if (!isClaimed) this.#letGo(prefix);
  }

  /** Sets what `source` wants for the prefix: the number of a `FibInfo`, or 0 for nothing. */
  want(source: RouteSource, prefix: number, info: number): void {
    this.wantRanked(ROUTE_SOURCES.indexOf(source), prefix, info);
  }

  /** As `want`, for hot paths: the source as its index in `ROUTE_SOURCES`. */
  wantRanked(rank: number, prefix: number, info: number): void {
    const at = prefix * SOURCES;
    if (at + SOURCES > this.#wants.length) this.#grow(prefix);
    const wants = this.#wants;
    if (wants[at + rank] === info) return;
    this.infos.retain(info);
    this.infos.release(wants[at + rank]);
    this.#count(at, -1);
    wants[at + rank] = info;
    this.#count(at, 1);
    this.#delta.setDesired(prefix, wants[at] || wants[at + 1] || wants[at + 2] || wants[at + 3] || wants[at + 4]);
  }

  /** The source that decides about the prefix whose wishes are at `at`. */
  #count(at: number, by: number): void {
    const wants = this.#wants;
    const rank = wants[at] ? 0 : wants[at + 1] ? 1 : wants[at + 2] ? 2 : wants[at + 3] ? 3 : wants[at + 4] ? 4 : -1;
    if (rank >= 0) this.#wantedBy[rank] += by;
  }

  /** Wanted routes by who says so. */
  get bySource(): Readonly<Record<RouteSource, number>> {
    const [workload, tunnel, peer, bgp, blackhole] = this.#wantedBy;
    return { workload, tunnel, peer, bgp, blackhole };
  }

  wantedBy(source: RouteSource, prefix: number): number {
    return this.#wants[prefix * SOURCES + ROUTE_SOURCES.indexOf(source)] ?? 0;
  }

  /** The source that decides about the prefix now. */
  sourceOf(prefix: number): RouteSource | undefined {
    return ROUTE_SOURCES.find((source) => this.wantedBy(source, prefix) > 0);
  }

  desired(prefix: number): number {
    return this.#delta.desired(prefix);
  }

  actual(prefix: number): number {
    return this.#delta.actual(prefix);
  }

  differs(prefix: number): boolean {
    return this.#delta.differs(prefix);
  }

  /**
   * Notes what the kernel was seen to have. While a change of ours is under way nobody knows which of the two was
   * first.
   */
  found(prefix: number, info: number): void {
    if ((this.#underWay[prefix] ?? 0) !== 0) this.#isDoubtful = true;
    const before = this.#delta.actual(prefix);
    this.infos.retain(info);
    this.infos.release(before);
    this.#users.move(prefix, before, info);
    this.#delta.setActual(prefix, info);
  }

  /** Whether the kernel has to be read to know what it has; asked once. */
  takeDoubt(): boolean {
    const isDoubtful = this.#isDoubtful;
    this.#isDoubtful = false;
    return isDoubtful;
  }

  /** Whether the kernel has any route of this way. */
  isUsed(info: number): boolean {
    return this.#users.any(info);
  }

  /** The kernel has dropped all routes of this way by itself. */
  lost(info: number): void {
    for (const prefix of this.#users.of(info)) {
      this.found(prefix, 0);
      this.#letGo(prefix);
    }
  }

  /**
   * While held, routes that nobody wants stay: after a restart, until the datastore and the peers have said what is
   * still wanted.
   */
  holdDeletions(): void {
    this.#holding = true;
  }

  releaseDeletions(): void {
    this.#holding = false;
    for (const prefix of this.#held) this.#delta.again(prefix);
    this.#held = new Set();
  }

  get holding(): boolean {
    return this.#holding;
  }

  /** Routes that stay only because deletions are held. */
  get held(): number {
    return this.#held.size;
  }

  again(prefix: number): void {
    this.#delta.again(prefix);
  }

  /**
   * The next changes for the kernel, at most about `limit`, or undefined when there are none. Several batches may be
   * under way at once: what changes again before the kernel has answered waits for `settle`.
   */
  take(limit: number): RouteBatch | undefined {
    const taken = this.#delta.take(limit);
    if (this.#underWay.length < this.prefixes.capacity)
      this.#underWay = widened(this.#underWay, this.prefixes.capacity);
    const underWay = this.#underWay;
    const words = this.prefixes.words;
    const room = taken.length * 2;
    const batch = {
      keys: new Uint32Array(room),
      addresses: new Uint32Array(room * words),
      lengths: new Uint8Array(room),
      verbs: new Uint8Array(room),
      infoIndex: new Uint32Array(room),
    };
    let count = 0;
    const put = (prefix: number, verb: number, info: number): void => {
      for (let word = 0; word < words; word++)
        batch.addresses[count * words + word] = this.prefixes.address(prefix, word);
      batch.lengths[count] = this.prefixes.length(prefix);
      batch.verbs[count] = verb;
      batch.infoIndex[count] = info;
      batch.keys[count++] = prefix;
      underWay[prefix] = 1;
    };
    for (const prefix of taken) {
      if (underWay[prefix] !== 0) {
        this.#overtaken.push(prefix);
        continue;
      }
      const desired = this.#delta.desired(prefix);
      const actual = this.#delta.actual(prefix);
      if (desired === 0) {
        if (this.#holding) this.#held.add(prefix);
        else put(prefix, ROUTE_DELETE, actual);
      } else if (actual === 0) put(prefix, ROUTE_ADD, desired);
      else if (this.#replaceable(actual, desired)) put(prefix, ROUTE_REPLACE, desired);
      else {
        put(prefix, ROUTE_ADD, desired);
        put(prefix, ROUTE_DELETE, actual);
      }
    }
    if (count === 0) return this.pending ? this.take(limit) : undefined;
    return { keys: batch.keys, changes: { family: this.family, count, infos: this.infos.all, ...batch } };
  }

  /** Records what the kernel did with a batch. Prefixes in `failures` stay different, for a later attempt. */
  settle({ changes, keys }: RouteBatch, failures: readonly RouteFailure[]): void {
    const failed = failures.length === 0 ? undefined : new Set(failures.map((failure) => failure.entry));
    for (let entry = 0; entry < changes.count; entry++) {
      const prefix = keys[entry];
      this.#underWay[prefix] = 0;
      if (failed?.has(entry)) continue;
      if (changes.verbs[entry] !== ROUTE_DELETE) this.found(prefix, changes.infoIndex[entry]);
      else if (entry === 0 || keys[entry - 1] !== prefix) {
        this.found(prefix, 0);
        this.#letGo(prefix);
      }
    }
    const overtaken = this.#overtaken;
    this.#overtaken = [];
    for (const prefix of overtaken) this.#delta.again(prefix);
  }

  #letGo(prefix: number): void {
    if (this.#claimed[prefix] === 1 || this.#underWay[prefix] === 1) return;
    if (this.#delta.desired(prefix) === 0 && this.#delta.actual(prefix) === 0) this.prefixes.release(prefix);
  }

  /** The kernel's REPLACE finds the old route by destination, table and metric. */
  #replaceable(actual: number, desired: number): boolean {
    const [old, next] = [this.infos.info(actual), this.infos.info(desired)];
    return old.table === next.table && (old.metric ?? 0) === (next.metric ?? 0);
  }

  #grow(prefix: number): void {
    const wider = new Uint32Array(Math.max(this.prefixes.capacity, prefix + 1) * SOURCES);
    wider.set(this.#wants);
    this.#wants = wider;
  }
}

function widened(column: Uint8Array, length: number): Uint8Array {
  const wider = new Uint8Array(length);
  wider.set(column);
  return wider;
}

/** The number of a prefix given as text. */
export function prefixNumber(table: RouteTable, cidr: string): number {
  const prefix = parsePrefix(cidr, 'route');
  return table.prefixes.internAt(prefixWords(prefix), 0, prefix.length);
}
