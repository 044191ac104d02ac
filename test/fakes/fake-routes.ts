import type { Family } from '../../src/base/index.ts';
import type { Route, RouteNextHop } from '../../src/netlink/index.ts';

/** What makes a route the same one to the kernel: family, table, destination and metric. */
export function routeKey({ family, table, destination, metric }: Route): string {
  return `${family} ${table} ${destination} ${metric ?? 0}`;
}

/**
 * The routes of a namespace, and what becomes of them with their devices, as in the real kernel: a way whose device is down is dead, and a
 * route without a living way vanishes. Of IPv4 ones nobody is told.
 */
export class FakeRoutes extends Map<string, Route> {
  /** The devices by which a route leads nowhere at present. A new one with the same key has none. */
  readonly #dead = new WeakMap<Route, Set<number>>();
  readonly #gone: (route: Route) => void;

  constructor(gone: (route: Route) => void) {
    super();
    this.#gone = gone;
  }

  /** A device goes down, or loses its last address of IPv4. */
  loseWays(index: number, only?: Family): void {
    for (const route of this.#by(index, only)) {
      this.#dead.set(route, (this.#dead.get(route) ?? new Set()).add(index));
      if (this.waysOf(route).length === 0) this.#drop(route);
    }
  }

  /** A device is gone, and so are IPv4 routes by it, whatever other ways they had. IPv6 ones keep those. */
  loseDevice(index: number): void {
    for (const route of this.#by(index)) {
      const others = route.nextHops.filter(({ dev }) => dev !== index);
      const isKept = route.family === 6 && this.waysOf(route).some((hop) => others.includes(hop));
      this.#drop({ ...route, nextHops: route.nextHops.filter((hop) => !(isKept && others.includes(hop))) });
      if (isKept) this.set(routeKey(route), { ...route, nextHops: others });
    }
  }

  /** A device came up, or has an address again. */
  revive(index: number): void {
    for (const route of this.#by(index)) this.#dead.get(route)?.delete(index);
  }

  /** Those of a route's next hops that are not dead. */
  waysOf(route: Route): readonly RouteNextHop[] {
    const dead = this.#dead.get(route);
    return dead === undefined
      ? route.nextHops
      : route.nextHops.filter(({ dev }) => dev === undefined || !dead.has(dev));
  }

  #by(index: number, only?: Family): readonly Route[] {
    const all = [...this.values()].filter(({ family }) => only === undefined || family === only);
    return all.filter(({ nextHops }) => nextHops.some(({ dev }) => dev === index));
  }

  #drop(route: Route): void {
    this.delete(routeKey(route));
    if (route.family === 6) this.#gone(route);
  }
}
