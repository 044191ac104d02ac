import { comparePrefix, containsPrefix, type Entries, EntriesWriter, type Prefix } from '../../base/index.ts';

/** From how many changes on everything is sorted anew. */
const MANY = 32;

/**
 * Networks that come and go, and of them those that lie in no other, as elements of an interval set: these must not
 * overlap. In their order a network comes right before all that lie in it, so one that comes or goes is looked up, and
 * only those that lie in it are looked at.
 */
export class OutermostNets {
  /** By `comparePrefix`. */
  #sorted: Named[] = [];
  readonly #shown = new EntriesWriter<string>(Object.is);

  /** How many networks there are, shown or not. */
  get size(): number {
    return this.#sorted.length;
  }

  /** Networks that are there from now on, and those that are not any more, each by its text. */
  change(added: ReadonlyMap<string, Prefix>, gone: ReadonlyMap<string, Prefix>): Entries<string> {
    if (added.size + gone.size > MANY) this.#sortAnew(added, gone);
    else {
      for (const [text, net] of gone) this.#remove({ text, net });
      for (const [text, net] of added) this.#insert({ text, net });
    }
    return this.#shown.commit();
  }

  #sortAnew(added: ReadonlyMap<string, Prefix>, gone: ReadonlyMap<string, Prefix>): void {
    const kept = this.#sorted.filter(({ text }) => !gone.has(text) && !added.has(text));
    for (const [text, net] of added) kept.push({ text, net });
    this.#sorted = kept.sort((a, b) => comparePrefix(a.net, b.net));
    const shown = new Set(this.#outermost(0, this.#sorted.length));
    for (const text of [...this.#shown.keys()]) if (!shown.has(text)) this.#shown.set(text, undefined);
    for (const text of shown) this.#shown.set(text, text);
  }

  #insert(named: Named): void {
    const at = this.#placeOf(named.net);
    if (this.#sorted[at]?.text === named.text) return;
    const isHidden = this.#cover(at, named.net);
    this.#sorted.splice(at, 0, named);
    if (isHidden) return;
    for (let next = at + 1; next < this.#endOf(named.net, next); next++) {
      this.#shown.set(this.#sorted[next].text, undefined);
    }
    this.#shown.set(named.text, named.text);
  }

  #remove({ text, net }: Named): void {
    const at = this.#placeOf(net);
    if (this.#sorted[at]?.text !== text) return;
    this.#sorted.splice(at, 1);
    if (this.#shown.get(text) === undefined) return;
    this.#shown.set(text, undefined);
    let end = at;
    while (end < this.#endOf(net, end)) end++;
    for (const inner of this.#outermost(at, end)) this.#shown.set(inner, inner);
  }

  /** `at + 1` while the one there lies in `net`, else `at`. */
  #endOf(net: Prefix, at: number): number {
    return at < this.#sorted.length && containsPrefix(net, this.#sorted[at].net) ? at + 1 : at;
  }

  /** Whether one that is shown holds the network: the nearest before its place, if any. */
  #cover(at: number, net: Prefix): boolean {
    for (let before = at - 1; before >= 0; before--) {
      if (this.#shown.get(this.#sorted[before].text) !== undefined)
        return containsPrefix(this.#sorted[before].net, net);
    }
    return false;
  }

  *#outermost(from: number, to: number): Iterable<string> {
    let last: Prefix | undefined;
    for (let at = from; at < to; at++) {
      const { text, net } = this.#sorted[at];
      if (last !== undefined && containsPrefix(last, net)) continue;
      last = net;
      yield text;
    }
  }

  #placeOf(net: Prefix): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePrefix(this.#sorted[middle].net, net) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Named {
  readonly text: string;
  readonly net: Prefix;
}
