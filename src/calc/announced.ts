import { type Entries, EntriesWriter, same } from '../base/index.ts';
import type { Announcement } from './desired/index.ts';

/**
 * All that the node announces, by CIDR, at the cost of what has changed: pod networks, ranges of services, services one by
 * one. Of a CIDR that several ask for, the first word counts.
 */
export class Announced {
  readonly #writer = new EntriesWriter<Announcement>(same);
  #own: readonly Announcement[] = [];
  #whole: readonly Announcement[] = [];
  /** Of the first two, by CIDR. */
  #first: ReadonlyMap<string, Announcement> = new Map();
  #services: Entries<Announcement> | undefined;

  run(
    own: readonly Announcement[],
    whole: readonly Announcement[],
    services: Entries<Announcement>,
  ): Entries<Announcement> {
    const before = this.#first;
    if (own !== this.#own || whole !== this.#whole) {
      [this.#own, this.#whole] = [own, whole];
      // Of two with one key the latter is kept.
      this.#first = new Map([...own, ...whole].reverse().map((one) => [one.cidr, one]));
      for (const cidr of before.keys()) if (!this.#first.has(cidr)) this.#writer.set(cidr, services.get(cidr));
      for (const one of [...own, ...whole]) this.#writer.set(one.cidr, this.#first.get(one.cidr));
    }
    for (const [cidr, one] of services.since(this.#services)) if (!this.#first.has(cidr)) this.#writer.set(cidr, one);
    this.#services = services;
    return this.#writer.commit();
  }
}
