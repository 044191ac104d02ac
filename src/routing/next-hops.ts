import { type Cancel, type Clock, type Family, type Log, parseAddress, prefixWords, reasonOf } from '../base/index.ts';
import type { Kernel, Link, RouteNextHop } from '../netlink/index.ts';
import { groundOf, NO_WAY, type OtherWay, OURSELVES, sameWays } from './ground.ts';
import { OtherRoutes, type OwnRoutes } from './other-routes.ts';

/** Changes of links, addresses and routes come in swarms; one look at the table serves them all. Milliseconds. */
const SETTLE = 20;
/** After routes were read as a whole, they are not again for so many times as long as that took. */
const REST = 10;
/** Next hops of one route, whatever each of them fans out to. */
const MOST_WAYS = 64;

/** A route that peers told of and the kernel has from us, or is to have. */
export interface LearnedRoute {
  readonly length: number;
  readonly addresses: readonly string[];
  /** Where it leads, given where its next hops do. */
  ways(resolve: (nextHop: string) => readonly RouteNextHop[]): readonly RouteNextHop[];
}

/** The learned routes of one family. */
export interface LearnedRoutes {
  /** The most specific one that covers the address, given as its words, shorter than `below`. */
  covering(address: Uint32Array, below: number): LearnedRoute | undefined;
  /** Every next hop that some route has. */
  nextHops(): ReadonlySet<string>;
}

/** A next hop that somebody has asked for. */
interface NextHop {
  readonly family: Family;
  readonly words: Uint32Array;
  ground: OtherWay | undefined;
  /** The last answer, to see what has changed. */
  told: readonly RouteNextHop[] | undefined;
  /** Somebody was answered that it is not known yet, and has not been told since. */
  isAwaited: boolean;
}

/**
 * How to reach a BGP next hop. First the kernel is asked for the route that the address matches, and then the routes that
 * peers told of are looked through, of which a more specific one decides (RFC 4271 §9.1.2.1):
 *
 *     address ─► the longest learned route that covers it ─► its own next hops ─► …
 *                └─ unless one of these is on the way already ─► the next shorter one, or what the kernel has of others
 *
 * So no route resolves its own next hop, directly or by way of others, though the kernel, which has it from us, would. It is
 * asked with WireGuard's mark: BGP's routes are the ordinary ones, which carry the tunnel, also where the next hop itself is
 * sent to through it.
 */
export class NextHops {
  readonly #kernel: Pick<Kernel, 'routeMatch'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #own: OwnRoutes;
  readonly #links: ReadonlyMap<number, Link>;
  readonly #others: OtherRoutes;
  readonly #known = new Map<string, NextHop>();
  readonly #asking = new Set<string>();
  #learned: Readonly<Partial<Record<Family, LearnedRoutes>>> = {};
  #refresh: Cancel | undefined;
  #review: Cancel | undefined;
  #mark: number | undefined;
  /** How many were in use when that was last found out. */
  #used = 0;
  #rest = 0;
  /** Called with the next hops whose way has changed, become known, or been lost. */
  onChange: (addresses: ReadonlySet<string>) => void = () => {};

  /** `own`: which of the kernel's routes are ours without being BGP's; `links`: the node's, as last seen. */
  constructor(options: {
    kernel: Pick<Kernel, 'routeMatch' | 'routeColumns'>;
    own: OwnRoutes;
    links?: ReadonlyMap<number, Link>;
    clock: Clock;
    log: Log;
  }) {
    this.#kernel = options.kernel;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#own = options.own;
    this.#links = options.links ?? new Map();
    this.#others = new OtherRoutes(options.kernel, options.own);
  }

  /** The routes of each family that next hops may be reached by. */
  learnFrom(learned: Readonly<Partial<Record<Family, LearnedRoutes>>>): void {
    this.#learned = learned;
  }

  /** The ways to `address`, none when there is none; undefined while it is not known yet: then `onChange` follows. */
  resolve(address: string): readonly RouteNextHop[] | undefined {
    const ways = this.#workOut(address, []);
    const nextHop = this.#nextHop(address);
    nextHop.told = ways;
    const isUnknown = nextHop.ground === undefined && ways.length === 0;
    nextHop.isAwaited ||= isUnknown;
    return isUnknown ? undefined : ways;
  }

  /** By which the ordinary routes are asked alone; undefined while there are no others. */
  setMark(mark: number | undefined): void {
    if (mark === this.#mark) return;
    this.#mark = mark;
    this.invalidate();
  }

  /** The node's links, addresses or routes changed: ask again for all. */
  invalidate(): void {
    const pause = Math.max(SETTLE, this.#rest - this.#clock.now());
    this.#refresh ??= this.#clock.after(pause, () => {
      this.#refresh = undefined;
      this.#forgetUnused();
      void this.#ask([...this.#known.keys()]);
    });
  }

  /** Hears that learned routes have changed: next hops may be reached by others of them. */
  learnedChanged(): void {
    this.#review ??= this.#clock.soon(() => {
      this.#review = undefined;
      this.#tellChanges();
    });
  }

  stop(): void {
    this.#refresh?.();
    this.#review?.();
  }

  async #ask(addresses: readonly string[]): Promise<void> {
    const hidden: string[] = [];
    for (const address of addresses) {
      if (this.#asking.has(address)) continue;
      this.#asking.add(address);
      const ground = await this.#lookUp(address);
      this.#asking.delete(address);
      if (ground === 'hidden') hidden.push(address);
      else this.#stand(address, ground);
    }
    if (hidden.length > 0) await this.#lookBehind(hidden);
    this.#tellChanges();
  }

  async #lookUp(address: string): Promise<OtherWay | 'hidden'> {
    const [bare, zone] = address.split('%');
    if (zone !== undefined) return this.#onLink(bare, zone);
    try {
      const route = await this.#kernel.routeMatch(address, this.#mark);
      if (route === undefined) return NO_WAY;
      if (route.kind !== 'unicast') return OURSELVES;
      if (this.#own.isLearned(route)) return 'hidden';
      return groundOf(address, Number(route.destination.split('/')[1]), route.nextHops);
    } catch (error) {
      this.#log.debug({ nextHop: address, err: reasonOf(error) }, 'no way to a next hop');
      return NO_WAY;
    }
  }

  /** A link-local address is where its zone says, as long as that link is up. */
  #onLink(via: string, zone: string): OtherWay {
    const link = [...this.#links.values()].find(({ name }) => name === zone);
    return link?.up ? { length: 128, hops: [{ via, dev: link.index }] } : NO_WAY;
  }

  /** The kernel finds a route of BGP for these, which it has from us: what would there be without? */
  async #lookBehind(addresses: readonly string[]): Promise<void> {
    const begun = this.#clock.now();
    try {
      const found = await this.#others.find(addresses);
      for (const [at, address] of addresses.entries()) {
        const route = found[at];
        this.#stand(address, route ? groundOf(address, route.length, route.nextHops) : NO_WAY);
      }
    } catch (error) {
      this.#log.warn(
        { err: reasonOf(error) },
        'the routes of others can not be read: next hops behind ours stay as they were',
      );
      for (const address of addresses) this.#stand(address, this.#known.get(address)?.ground ?? NO_WAY);
    }
    const now = this.#clock.now();
    this.#rest = now + (now - begun) * REST;
  }

  #tellChanges(): void {
    const changed = new Set<string>();
    for (const [address, nextHop] of this.#known) {
      if (nextHop.told === undefined) continue;
      const ways = this.#workOut(address, []);
      const isAnswered = nextHop.isAwaited && nextHop.ground !== undefined;
      if (!isAnswered && sameWays(nextHop.told, ways)) continue;
      nextHop.told = ways;
      nextHop.isAwaited = false;
      changed.add(address);
    }
    if (changed.size > 0) this.onChange(changed);
  }

  /** `onTheWay`: next hops that this one is asked for. */
  #workOut(address: string, onTheWay: readonly string[]): readonly RouteNextHop[] {
    const { family, words, ground = NO_WAY } = this.#nextHop(address);
    for (let below = 129; ; ) {
      const route = this.#learned[family]?.covering(words, below);
      if (route === undefined || route.length <= ground.length) return ground.hops;
      below = route.length;
      const passed = [...onTheWay, address];
      if (route.addresses.some((nextHop) => passed.includes(nextHop))) continue;
      const ways = route.ways((nextHop) => this.#workOut(nextHop, passed));
      if (ways.length > 0) return ways.slice(0, MOST_WAYS);
    }
  }

  #nextHop(address: string): NextHop {
    let nextHop = this.#known.get(address);
    if (nextHop === undefined) {
      const parsed = parseAddress(address.split('%')[0]!);
      const words = prefixWords({ ...parsed, length: 0 });
      nextHop = { family: parsed.family, words, ground: undefined, told: undefined, isAwaited: false };
      this.#known.set(address, nextHop);
      void this.#ask([address]);
    }
    return nextHop;
  }

  #stand(address: string, ground: OtherWay): void {
    const nextHop = this.#known.get(address);
    if (nextHop !== undefined) nextHop.ground = ground;
  }

  /** Next hops that no route has any more are not asked for for ever. */
  #forgetUnused(): void {
    if (this.#known.size <= 2 * this.#used + 64) return;
    const used = new Set(Object.values(this.#learned).flatMap((learned) => [...learned.nextHops()]));
    for (const address of this.#known.keys()) if (!used.has(address)) this.#known.delete(address);
    this.#used = this.#known.size;
  }
}
