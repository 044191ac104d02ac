import { addressBytes, formatPrefix, ParseError, type Prefix, parseAddress, parsePrefix } from '../../base/index.ts';
import type { Origination } from '../api.ts';
import { addCommunities } from '../policy/index.ts';
import type { AdjRibIn } from './adj-rib-in.ts';
import { AttributeList } from './attribute-list.ts';
import type { AttributePool } from './attribute-pool.ts';
import type { NextHopTable } from './next-hops.ts';
import { NO_PATH } from './path-pool.ts';
import type { Source } from './source.ts';

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
    const wanted = new Map<string, Present>();
    for (const [index, route] of routes.entries()) {
      const same = this.#present.get(route.prefix);
      const present = same?.route === route ? same : this.#read(route, `routes[${index}]`, same);
      wanted.set(present.text, present);
    }
    for (const [text, before] of this.#present) if (!wanted.has(text)) this.#remove(before);
    for (const [text, present] of wanted)
      if (this.#present.get(text) !== present) this.#put(present, this.#present.get(text));
    this.#present = wanted;
  }

  #read(route: Origination, field: string, same: Present | undefined): Present {
    const signature = JSON.stringify(route);
    if (same?.signature === signature) return same;
    const prefix = parsePrefix(route.prefix, `${field}.prefix`);
    const attributes = new AttributeList().setOrigin(0).setAsPath([]);
    if (route.med !== undefined) attributes.setMed(route.med);
    if (route.localPref !== undefined) attributes.setLocalPref(route.localPref);
    addCommunities(attributes, route.communities ?? []);
    const nextHop = route.nextHop === undefined ? undefined : parseAddress(route.nextHop, `${field}.nextHop`);
    if (nextHop?.family === 4 && prefix.family === 6) {
      throw new ParseError(`${field}.nextHop`, route.nextHop!, 'an IPv6 prefix needs an IPv6 next hop');
    }
    return {
      route,
      signature,
      text: formatPrefix(prefix),
      prefix,
      attributes: attributes.toBytes(),
      nextHop: nextHop && addressBytes(nextHop),
      tag: this.#tagOf(route.tag ?? ''),
    };
  }

  #put({ prefix, attributes, nextHop, tag }: Present, before: Present | undefined): void {
    if (before && before.tag !== tag) this.#remove(before);
    const rib = this.#ribs[prefix.family];
    const id = this.#pool.intern(attributes);
    const nextHopId = nextHop === undefined ? 0 : this.#nextHops.intern(nextHop);
    rib.put(this.#local, rib.prefixes.internAt(wordsOf(prefix), 0, prefix.length), tag, id, nextHopId);
    this.#pool.release(id);
  }

  #remove({ prefix, tag }: Present): void {
    const rib = this.#ribs[prefix.family];
    const index = rib.prefixes.findAt(wordsOf(prefix), 0, prefix.length);
    const path = index < 0 ? NO_PATH : rib.find(this.#local, index, tag);
    if (path !== NO_PATH) rib.remove(path);
  }

  #tagOf(tag: string): number {
    const known = this.#tags.indexOf(tag);
    return known >= 0 ? known : this.#tags.push(tag) - 1;
  }
}

/** An origination as read. */
interface Present {
  readonly route: Origination;
  readonly signature: string;
  readonly text: string;
  readonly prefix: Prefix;
  readonly attributes: Uint8Array;
  readonly nextHop: Uint8Array | undefined;
  readonly tag: number;
}

/** A prefix's address as the words that `PrefixTable` takes. */
export function wordsOf({ family, value }: Prefix): Uint32Array {
  if (family === 4) return Uint32Array.of(Number(value));
  return Uint32Array.from([96n, 64n, 32n, 0n], (shift) => Number((value >> shift) & 0xffffffffn));
}
