import { addressBytes, containsPrefix, type Entries, networkAddress, type Prefix } from '../base/index.ts';

/** A place in the tree: what begins with the octets on the way here. */
interface Place {
  /** Networks whose length ends in the octet after those. */
  readonly here: Map<string, Prefix>;
  /** By the next octet. */
  readonly next: Map<number, Place>;
}

/**
 * Networks by prefix: a tree with an octet a step, in which those inside a range are found at the cost of what is found, and
 * not of all that there are.
 */
export class Networks {
  readonly #roots = { 4: newPlace(), 6: newPlace() };
  #seen: Entries<{ readonly prefix: Prefix }> | undefined;

  /** Takes in what has changed; gives itself. */
  run(networks: Entries<{ readonly prefix: Prefix }>): this {
    for (const [cidr, now, before] of networks.since(this.#seen)) {
      const prefix = (now ?? before)?.prefix;
      if (prefix !== undefined) this.#put(cidr, prefix, now !== undefined);
    }
    this.#seen = networks;
    return this;
  }

  /** The CIDRs of those inside the range, itself included. */
  *within(range: Prefix): Iterable<string> {
    const octets = addressBytes(networkAddress(range));
    let place: Place | undefined = this.#roots[range.family];
    for (let at = 0; at < range.length >> 3; at++) place = place?.next.get(octets[at]);
    if (place === undefined) return;
    for (const [cidr, prefix] of place.here) if (containsPrefix(range, prefix)) yield cidr;
    const [first, spread] = [octets[range.length >> 3], 1 << (8 - (range.length & 7))];
    for (const [octet, next] of place.next) if (octet >= first && octet < first + spread) yield* all(next);
  }

  #put(cidr: string, prefix: Prefix, isThere: boolean): void {
    const octets = addressBytes(networkAddress(prefix));
    const way: Place[] = [this.#roots[prefix.family]];
    for (let at = 0; at < prefix.length >> 3; at++) {
      const next = way[at].next.get(octets[at]) ?? newPlace();
      way[at].next.set(octets[at], next);
      way.push(next);
    }
    const last = way[way.length - 1];
    if (isThere) last.here.set(cidr, prefix);
    else last.here.delete(cidr);
    for (let at = way.length - 1; at > 0 && way[at].here.size + way[at].next.size === 0; at--) {
      way[at - 1].next.delete(octets[at - 1]);
    }
  }
}

function newPlace(): Place {
  return { here: new Map(), next: new Map() };
}

function* all({ here, next }: Place): Iterable<string> {
  yield* here.keys();
  for (const place of next.values()) yield* all(place);
}
