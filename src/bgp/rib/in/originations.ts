import { addressBytes, type Family, ParseError, parseAddress } from '../../../base/index.ts';
import type { Origination } from '../../api.ts';
import { addCommunities } from '../../policy/index.ts';
import { AttributeList } from '../pool/attribute-list.ts';
import type { AttributePool } from '../pool/attribute-pool.ts';
import { widened } from '../pool/columns.ts';
import type { NextHopTable } from '../pool/next-hops.ts';
import { NO_PATH } from '../pool/path-pool.ts';
import type { Source } from '../pool/source.ts';
import { Tags } from '../pool/tags.ts';
import type { AdjRibIn } from './adj-rib-in.ts';
import { OriginatedPrefixes } from './originated-prefixes.ts';

/** How many routes are compared between two looks at the clock. */
const STRIDE = 512;

/** The declared routes of one family, by the number of their prefix. */
interface Declared {
  readonly rib: AdjRibIn;
  readonly routes: (Origination | undefined)[];
  /** The declaration that last named the prefix. */
  generations: Uint32Array;
}

/** A declaration that is being worked off: first what it names is put, then what it does not name is removed. */
interface Pending {
  readonly routes: readonly Origination[];
  readonly prefixes: OriginatedPrefixes;
  at: number;
  made: Made | undefined;
}

/** Attributes and next hop of a route, and of those after it that differ in their prefix only. */
interface Made {
  readonly route: Origination;
  readonly attributes: number;
  readonly nextHop: number;
}

/** The routes of our own: the declared list, compared with what is in the RIB. */
export class Originations {
  readonly #declared: Readonly<Record<Family, Declared>>;
  readonly #pool: AttributePool;
  readonly #nextHops: NextHopTable;
  readonly #local: Source;
  readonly tags = new Tags();
  #generation = 0;
  #pending: Pending | undefined;

  constructor(ribs: Readonly<Record<Family, AdjRibIn>>, pool: AttributePool, nextHops: NextHopTable, local: Source) {
    const declared = (rib: AdjRibIn): Declared => ({ rib, routes: [], generations: new Uint32Array(16) });
    this.#declared = { 4: declared(ribs[4]), 6: declared(ribs[6]) };
    this.#pool = pool;
    this.#nextHops = nextHops;
    this.#local = local;
  }

  /** The tag that a local path identifier stands for. */
  tag(pathId: number): string | undefined {
    return this.tags.text(pathId);
  }

  /** The interface that a route of ours leads out of. */
  interfaceOf(family: Family, prefix: number): string | undefined {
    return this.#declared[family].routes[prefix]?.interface;
  }

  /**
   * Makes `routes` all that there is to be; `run` does the work, and one that is not done yet is superseded.
   * A wrong route throws `ParseError`, and nothing is changed.
   */
  set(routes: readonly Origination[]): void {
    const prefixes = new OriginatedPrefixes(routes);
    let checked: Origination | undefined;
    for (let at = 0; at < routes.length; at++) {
      const route = routes[at];
      const again = checked !== undefined && sameAttributes(checked, route);
      if (again && prefixes.families[at] === prefixes.families[at - 1]) continue;
      check(route, prefixes.family(at), `routes[${at}]`);
      checked = route;
    }
    for (const { rib } of this.#both()) rib.sweeps.cancel(this.#local.index);
    this.#forgetMade();
    this.#generation++;
    this.#pending = { routes, prefixes, at: 0, made: undefined };
  }

  /**
   * Makes `changed` some of what there is to be, and takes the prefixes of `gone` out of it, at once; what was declared
   * before and is not done yet is done first. A wrong route or prefix throws `ParseError`, and nothing is changed.
   */
  adjust(changed: readonly Origination[], gone: readonly string[]): void {
    const prefixes = new OriginatedPrefixes(changed);
    for (const [at, route] of changed.entries()) check(route, prefixes.family(at), `routes[${at}]`);
    const left = new OriginatedPrefixes(gone.map((prefix) => ({ prefix })));
    this.run(() => false);
    const pending: Pending = { routes: changed, prefixes, at: 0, made: undefined };
    this.#pending = pending;
    for (let at = 0; at < changed.length; at++) this.#declare(pending, at);
    this.#forgetMade();
    this.#pending = undefined;
    for (let at = 0; at < gone.length; at++) this.#withdraw(left, at);
  }

  #withdraw(prefixes: OriginatedPrefixes, at: number): void {
    const declared = this.#declared[prefixes.family(at)];
    const { rib } = declared;
    const [address, length] = [prefixes.addresses[at], prefixes.lengths[at]];
    const prefix =
      rib.family === 4 ? rib.prefixes.find4(address, length) : rib.prefixes.findAt(prefixes.words6, address, length);
    const before = declared.routes[prefix];
    if (before === undefined) return;
    declared.routes[prefix] = undefined;
    this.#remove(rib, prefix, before);
    this.tags.release(before.tag);
  }

  /** Compares until time is up; true if something is left. */
  run(expired: () => boolean): boolean {
    const pending = this.#pending;
    if (pending === undefined) return false;
    while (pending.at < pending.routes.length) {
      this.#declare(pending, pending.at++);
      if (pending.at % STRIDE === 0 && expired()) return true;
    }
    this.#forgetMade();
    this.#pending = undefined;
    for (const declared of this.#both()) this.#sweep(declared);
    return false;
  }

  #declare(pending: Pending, at: number): void {
    const { routes, prefixes } = pending;
    const route = routes[at];
    const declared = this.#declared[prefixes.family(at)];
    const { rib } = declared;
    const prefix =
      rib.family === 4
        ? rib.prefixes.intern4(prefixes.addresses[at], prefixes.lengths[at])
        : rib.prefixes.internAt(prefixes.words6, prefixes.addresses[at], prefixes.lengths[at]);
    if (prefix >= declared.generations.length) declared.generations = widened(declared.generations, prefix + 1);
    declared.generations[prefix] = this.#generation;
    const before = declared.routes[prefix];
    declared.routes[prefix] = route;
    if (before !== undefined && before.interface !== route.interface) rib.dirty.add(prefix);
    if (before !== undefined && (before === route || sameAttributes(before, route))) return;
    if (pending.made === undefined || !sameAttributes(pending.made.route, route)) this.#make(pending, route);
    const { attributes, nextHop } = pending.made!;
    if (before !== undefined && before.tag !== route.tag) this.#remove(rib, prefix, before);
    rib.put(this.#local, prefix, this.tags.retain(route.tag), attributes, nextHop);
    if (before !== undefined) this.tags.release(before.tag);
  }

  /** Has the routes removed that the declaration did not name. */
  #sweep(declared: Declared): void {
    const { rib, routes } = declared;
    const generation = this.#generation;
    rib.sweeps.begin(this.#local.index, (path) => {
      const prefix = rib.paths.prefix[path];
      const named = declared.generations[prefix] === generation;
      if (named) return false;
      this.tags.release(routes[prefix]?.tag);
      routes[prefix] = undefined;
      return true;
    });
  }

  #make(pending: Pending, route: Origination): void {
    this.#forgetMade();
    const { med, localPref } = route;
    const given = { ...(med !== undefined && { med }), ...(localPref !== undefined && { localPref }) };
    const list = AttributeList.of({ origin: 0, asPath: [], ...given });
    addCommunities(list, route.communities ?? []);
    const nextHop = route.nextHop === undefined ? 0 : this.#nextHops.intern(addressBytes(parseAddress(route.nextHop)));
    const attributes = this.#pool.intern(list.toBytes());
    pending.made = { route, attributes, nextHop };
  }

  #forgetMade(): void {
    const made = this.#pending?.made;
    if (made === undefined) return;
    this.#pool.release(made.attributes);
    this.#nextHops.release(made.nextHop);
    this.#pending!.made = undefined;
  }

  #remove(rib: AdjRibIn, prefix: number, { tag }: Origination): void {
    const path = rib.find(this.#local, prefix, this.tags.number(tag));
    if (path !== NO_PATH) rib.remove(path);
  }

  #both(): readonly Declared[] {
    return [this.#declared[4], this.#declared[6]];
  }
}

/** Sees that every field besides the prefix can be used. */
function check({ prefix, nextHop, communities }: Origination, family: Family, field: string): void {
  if (nextHop !== undefined && family === 6 && parseAddress(nextHop, `${field}.nextHop`).family === 4) {
    throw new ParseError(`${field}.nextHop`, nextHop, `an IPv6 prefix such as ${prefix} needs an IPv6 next hop`);
  }
  if (nextHop !== undefined) parseAddress(nextHop, `${field}.nextHop`);
  if (communities) addCommunities(new AttributeList(), communities);
}

/** Whether two routes differ in their prefix at most. */
function sameAttributes(a: Origination, b: Origination): boolean {
  return (
    a.nextHop === b.nextHop &&
    a.localPref === b.localPref &&
    a.med === b.med &&
    a.tag === b.tag &&
    (a.communities === b.communities || a.communities?.join() === b.communities?.join())
  );
}
