import type { KernelEvent, Neighbor, Route } from '../../src/netlink/index.ts';

/**
 * Follows what the kernel tells, change by change, and says at each moment whether packets to a destination find a way: a
 * route, by a link that is up, and if that is a tunnel's, the far end's MAC and the node behind it.
 */
export class Usable {
  readonly #destinations: readonly string[];
  readonly #up = new Map<number, string>();
  readonly #routes = new Map<string, Route>();
  readonly #entries = new Map<string, Neighbor>();
  readonly #expected = new Set<string>();
  /** Moments at which a destination that once had a way had none, and why. */
  readonly gaps: string[] = [];
  /** How many changes concerned the destinations' routes. */
  changes = 0;

  constructor(destinations: readonly string[]) {
    this.#destinations = destinations;
  }

  /** From now on it must have a way whatever happens. */
  expect(destination: string): void {
    this.#expected.add(destination);
  }

  hasWay(destination: string): boolean {
    return this.#lacks(destination) === undefined;
  }

  observed(event: KernelEvent): void {
    this.#take(event);
    for (const destination of this.#expected) {
      const lack = this.#lacks(destination);
      if (lack !== undefined) this.gaps.push(`${destination}: ${lack} after ${JSON.stringify(event)}`);
    }
  }

  #take(event: KernelEvent): void {
    if (event.kind === 'link') {
      const { index, name, up } = event.link;
      if (event.change === 'new' && up) this.#up.set(index, name);
      else this.#up.delete(index);
    } else if (event.kind === 'route' && event.route.protocol === 80) {
      const { destination } = event.route;
      if (this.#destinations.includes(destination)) this.changes++;
      if (event.change === 'new') this.#routes.set(destination, event.route);
      else this.#routes.delete(destination);
    } else if (event.kind === 'neighbor' && event.neighbor.state === 'permanent') {
      const { dev, fdb, mac, destination } = event.neighbor;
      const key = `${dev} ${fdb ? `fdb ${mac}` : destination}`;
      if (event.change === 'new') this.#entries.set(key, event.neighbor);
      else this.#entries.delete(key);
    }
  }

  #lacks(destination: string): string | undefined {
    const [hop] = this.#routes.get(destination)?.nextHops ?? [];
    if (hop === undefined) return 'no route';
    const dev = this.#up.get(hop.dev ?? 0);
    if (dev === undefined) return 'a route by a link that is not up';
    if (!dev.startsWith('vxlan')) return undefined;
    const far = this.#entries.get(`${dev} ${hop.via}`);
    if (far === undefined) return `no MAC of ${hop.via}`;
    return this.#entries.has(`${dev} fdb ${far.mac}`) ? undefined : `no node behind ${far.mac}`;
  }
}
