import {
  addressBytes,
  formatPrefix,
  ipv4Mask,
  ParseError,
  type Prefix,
  parseAddress,
  parsePrefix,
  tryParseIpv4,
} from '../../base/index.ts';
import type { Origination } from '../api.ts';
import { addCommunities } from '../policy/index.ts';
import type { AdjRibIn } from './adj-rib-in.ts';
import { AttributeList } from './attribute-list.ts';
import type { AttributePool } from './attribute-pool.ts';
import type { NextHopTable } from './next-hops.ts';
import { NO_PATH } from './path-pool.ts';
import type { Source } from './source.ts';

/** What was made of a declared route. */
interface Present {
  readonly route: Origination;
  /** The prefix's number in its RIB. */
  readonly rib: AdjRibIn;
  readonly prefix: number;
  readonly tag: number;
}

/** The routes of our own: the declared list, compared with what is in the RIB. */
export class Originations {
  readonly #ribs: { readonly 4: AdjRibIn; readonly 6: AdjRibIn };
  readonly #pool: AttributePool;
  readonly #nextHops: NextHopTable;
  readonly #local: Source;
  readonly #tags: string[] = [''];
  #present = new Map<string, Present>();

  constructor(
    ribs: { readonly 4: AdjRibIn; readonly 6: AdjRibIn },
    pool: AttributePool,
    nextHops: NextHopTable,
    local: Source,
  ) {
    this.#ribs = ribs;
    this.#pool = pool;
    this.#nextHops = nextHops;
    this.#local = local;
  }

  /** The tag that a local path identifier stands for. */
  tag(pathId: number): string | undefined {
    return this.#tags[pathId] || undefined;
  }

  /** Makes `routes` all that there is. A wrong one throws `ParseError`, and nothing is changed. */
  set(routes: readonly Origination[]): void {
    const wanted = new Map<string, Origination>();
    for (const [index, route] of routes.entries()) wanted.set(check(route, `routes[${index}]`), route);
    const present = new Map<string, Present>();
    for (const [text, before] of this.#present) if (!wanted.has(text)) this.#remove(before);
    let last: Made | undefined;
    for (const [text, route] of wanted) {
      const before = this.#present.get(text);
      if (before && (before.route === route || sameAttributes(before.route, route))) present.set(text, before);
      else {
        if (last === undefined || !sameAttributes(last.route, route)) last = this.#make(route, last);
        present.set(text, this.#put(text, route, last, before));
      }
    }
    if (last) this.#pool.release(last.attributes);
    this.#present = present;
  }

  /** Attributes and next hop for the route, and for those after it that differ in the prefix only. */
  #make(route: Origination, last: Made | undefined): Made {
    if (last) this.#pool.release(last.attributes);
    const list = new AttributeList().setOrigin(0).setAsPath([]);
    if (route.med !== undefined) list.setMed(route.med);
    if (route.localPref !== undefined) list.setLocalPref(route.localPref);
    addCommunities(list, route.communities ?? []);
    const nextHop = route.nextHop === undefined ? 0 : this.#nextHops.intern(addressBytes(parseAddress(route.nextHop)));
    return { route, attributes: this.#pool.intern(list.toBytes()), nextHop, tag: this.#tagOf(route.tag ?? '') };
  }

  #put(text: string, route: Origination, { attributes, nextHop, tag }: Made, before: Present | undefined): Present {
    if (before && before.tag !== tag) this.#remove(before);
    const { rib, prefix } = before ?? this.#intern(text);
    rib.put(this.#local, prefix, tag, attributes, nextHop);
    return { route, rib, prefix, tag };
  }

  #intern(text: string): { rib: AdjRibIn; prefix: number } {
    if (!text.includes(':')) {
      const [address, length] = text.split('/');
      return { rib: this.#ribs[4], prefix: this.#ribs[4].prefixes.intern4(tryParseIpv4(address)!, Number(length)) };
    }
    const prefix = parsePrefix(text);
    const rib = this.#ribs[prefix.family];
    return { rib, prefix: rib.prefixes.internAt(wordsOf(prefix), 0, prefix.length) };
  }

  #remove({ rib, prefix, tag }: Present): void {
    const path = rib.find(this.#local, prefix, tag);
    if (path !== NO_PATH) rib.remove(path);
  }

  #tagOf(tag: string): number {
    const known = this.#tags.indexOf(tag);
    return known >= 0 ? known : this.#tags.push(tag) - 1;
  }
}

interface Made {
  readonly route: Origination;
  readonly attributes: number;
  readonly nextHop: number;
  readonly tag: number;
}

/** Sees that every field can be used, and returns the prefix as canonical text. */
function check(route: Origination, field: string): string {
  const text = canonical(route.prefix, `${field}.prefix`);
  if (route.nextHop !== undefined) {
    const { family } = parseAddress(route.nextHop, `${field}.nextHop`);
    if (family === 4 && text.includes(':')) {
      throw new ParseError(`${field}.nextHop`, route.nextHop, 'an IPv6 prefix needs an IPv6 next hop');
    }
  }
  if (route.communities) addCommunities(new AttributeList(), route.communities);
  return text;
}

/** Most texts are canonical IPv4 already: that is seen without big numbers. */
function canonical(text: string, field: string): string {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : tryParseIpv4(text.slice(0, slash));
  const length = Number(text.slice(slash + 1));
  const clean = address !== undefined && length <= 32 && (address & ~ipv4Mask(length)) === 0;
  return clean && text === `${text.slice(0, slash)}/${length}` ? text : formatPrefix(parsePrefix(text, field));
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

/** A prefix's address as the words that `PrefixTable` takes. */
export function wordsOf({ family, value }: Prefix): Uint32Array {
  if (family === 4) return Uint32Array.of(Number(value));
  return Uint32Array.from([96n, 64n, 32n, 0n], (shift) => Number((value >> shift) & 0xffffffffn));
}
