import { type Cancel, type Clock, type Log, reasonOf } from '../base/index.ts';
import type { Kernel, Link, Neighbor } from '../netlink/index.ts';

/** Between looks, in milliseconds: while somebody is not found yet, and afterwards. */
const SEARCH = 1000;
const WATCH = 10_000;
/** How long others take to answer. */
const ANSWER = 100;
/** States of a neighbour that has spoken. */
const ALIVE = new Set(['reachable', 'stale', 'delay', 'probe', 'permanent']);

export interface LinkNeighboursOptions {
  readonly kernel: Pick<Kernel, 'neighborList' | 'addressList'>;
  /** The node's links by index, as last seen. */
  readonly links: ReadonlyMap<number, Link>;
  /** Tells all on a link that we are there, and has them answer. */
  readonly hail: (link: Link) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** The neighbour at the other end of a link: a link-local address, or why it is not known. */
export type LinkNeighbour =
  | { readonly kind: 'found'; readonly address: string }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * Finds the one at the other end of links, for BGP without addresses: everybody on the link is told that a router is
 * here, and answers; who is the only other one is the neighbour. One that was found stays it until another is there
 * alone.
 */
export class LinkNeighbours {
  readonly #options: LinkNeighboursOptions;
  #wanted: ReadonlySet<string> = new Set();
  readonly #known = new Map<string, LinkNeighbour>();
  #next: Cancel | undefined;
  #generation = 0;
  /** The next look is far. */
  #isResting = false;
  /** Somebody was found, or is not the neighbour any more. */
  onChange: () => void = () => {};

  constructor(options: LinkNeighboursOptions) {
    this.#options = options;
  }

  /** The links to look at, by name. */
  want(links: ReadonlySet<string>): void {
    const isNew = [...links].some((name) => !this.#wanted.has(name));
    this.#wanted = links;
    for (const name of [...this.#known.keys()]) if (!links.has(name)) this.#known.delete(name);
    if (links.size === 0) this.stop();
    else if (isNew) this.#plan(0);
  }

  of(link: string): LinkNeighbour {
    return this.#known.get(link) ?? { kind: 'unknown', why: 'nobody has answered there yet' };
  }

  /** Links have changed, perhaps: looks soon, and not for each of a swarm of changes. */
  topologyChanged(): void {
    if (this.#isResting) this.#plan(SEARCH);
  }

  stop(): void {
    this.#generation++;
    this.#isResting = false;
    this.#next?.();
    this.#next = undefined;
  }

  #plan(pause: number): void {
    this.stop();
    const generation = this.#generation;
    this.#next = this.#options.clock.after(pause, () => {
      this.#hail();
      this.#next = this.#options.clock.after(ANSWER, () => void this.#look(generation));
    });
  }

  #hail(): void {
    for (const link of this.#options.links.values()) {
      if (!link.up || !this.#wanted.has(link.name)) continue;
      try {
        this.#options.hail(link);
      } catch (error) {
        this.#options.log.debug({ interface: link.name, err: reasonOf(error) }, 'nobody can be hailed on a link');
      }
    }
  }

  async #look(generation: number): Promise<void> {
    try {
      const [neighbours, addresses] = await Promise.all([
        this.#options.kernel.neighborList(),
        this.#options.kernel.addressList({ family: 6 }),
      ]);
      if (generation !== this.#generation) return;
      const own = new Set(addresses.map(({ dev, address }) => `${dev} ${address.split('/')[0]}`));
      const others = neighbours.filter(({ dev, destination }) => !own.has(`${dev} ${destination}`));
      const changed = [...this.#wanted].filter((name) => this.#settle(name, others));
      if (changed.length > 0) this.onChange();
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#options.log.warn({ err: reasonOf(error) }, 'the neighbours on links can not be read; tried again');
    }
    const isWhole = [...this.#wanted].every((name) => this.of(name).kind === 'found');
    this.#plan(isWhole ? WATCH : SEARCH);
    this.#isResting = isWhole;
  }

  /** Whether that is another than before. */
  #settle(name: string, neighbours: readonly Neighbor[]): boolean {
    const before = this.of(name);
    const now = neighbourOn(name, neighbours, before);
    this.#known.set(name, now);
    return (
      before.kind !== now.kind || (now.kind === 'found' && before.kind === 'found' && now.address !== before.address)
    );
  }
}

/** The link-local neighbour on a link, where there is one alone; with several, the one that it was `before`. */
export function neighbourOn(name: string, neighbours: readonly Neighbor[], before: LinkNeighbour): LinkNeighbour {
  const there = neighbours
    .filter(({ dev, destination, state }) => dev === name && /^fe[89ab]/.test(destination) && ALIVE.has(state ?? ''))
    .map(({ destination }) => destination);
  if (before.kind === 'found' && (there.length === 0 || there.includes(before.address))) return before;
  if (there.length === 1) return { kind: 'found', address: there[0] };
  const why = there.length === 0 ? 'nobody has answered there yet' : `there are several: ${there.sort().join(', ')}`;
  return { kind: 'unknown', why };
}
