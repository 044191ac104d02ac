import { type Family, masked, parsePrefix, prefixWords } from '../../base/index.ts';
import type { FibInfo, Route } from '../../netlink/index.ts';
import type { RouteOwnership } from './ownership.ts';
import type { RouteTable } from './route-table.ts';

/** So many foreign routes are remembered: more of them make no difference to anybody. */
const MOST = 1000;
/** `IP6_RT_PRIO_USER`, for routes that name none. */
const METRIC = { 4: 0, 6: 1024 } as const;

/**
 * `place`: it has the place of ours, which the kernel refuses meanwhile. `before`: it has a lower metric, and packets
 * follow it. `within`: it takes some addresses of ours, being more specific. `some`: packets of a type of service
 * follow it.
 */
export type InTheWay = 'place' | 'before' | 'within' | 'some';

/** A route of somebody else that keeps packets from ours, and which of ours. */
export interface ForeignRoute {
  readonly route: Route;
  readonly how: InTheWay;
  readonly ours: string;
  /** It was taken over before, and has come again. */
  readonly again: boolean;
}

/** Routes of others where ours are, or are to be. They are looked at, never touched. */
export class ForeignRoutes {
  readonly #tables: Readonly<Record<Family, RouteTable>>;
  readonly #ownership: RouteOwnership;
  readonly #known = new Map<string, Route>();

  constructor(tables: Readonly<Record<Family, RouteTable>>, ownership: RouteOwnership) {
    this.#tables = tables;
    this.#ownership = ownership;
  }

  /** All of the family are told of next. */
  forget(family: Family): void {
    for (const [key, route] of this.#known) if (route.family === family) this.#known.delete(key);
  }

  observed(route: Route, present: boolean): void {
    const key = keyOf(route);
    if (!present) this.#known.delete(key);
    else if (this.#known.size < MOST || this.#known.has(key)) this.#known.set(key, route);
  }

  /** Those that are in the way of what is wanted now. */
  inTheWay(): readonly ForeignRoute[] {
    return [...this.#known.values()].flatMap((route) => this.#judge(route) ?? []);
  }

  /** The one that has the place of ours. */
  inPlaceOf(cidr: string): Route | undefined {
    return this.inTheWay().find(({ how, ours }) => how === 'place' && ours === cidr)?.route;
  }

  #judge(route: Route): ForeignRoute | undefined {
    const { family } = route;
    const table = this.#tables[family];
    const { prefixes } = table;
    const prefix = parsePrefix(route.destination);
    const words = prefixWords(prefix);
    const found = (how: InTheWay, at: number): ForeignRoute => {
      const again = this.#ownership.cameAgain(family, route, words, 0, prefix.length);
      return { route, how, ours: prefixes.text(at), again };
    };
    const same = prefixes.findAt(words, 0, prefix.length);
    if (same >= 0 && table.desired(same) !== 0) {
      if (route.tos !== undefined) return found('some', same);
      const [theirs, ours] = [metricOf(family, route), metricOf(family, table.infos.info(table.desired(same)))];
      if (theirs < ours) return found('before', same);
      return theirs === ours && table.differs(same) ? found('place', same) : undefined;
    }
    for (let length = prefix.length - 1; length > 0; length--) {
      const address = masked(words, length);
      const at = prefixes.findAt(address, 0, length);
      if (at < 0 || table.desired(at) === 0) continue;
      return this.#ownership.isInside(family, address, 0, length) ? found('within', at) : undefined;
    }
    return undefined;
  }
}

export function metricOf(family: Family, { metric }: Pick<FibInfo, 'metric'>): number {
  return metric ?? METRIC[family];
}

function keyOf({ family, destination, kind, protocol, metric, tos, nextHops }: Route): string {
  const hops = nextHops.map(({ via, dev }) => `${via}%${dev}`);
  return [family, destination, kind, protocol, metric ?? 0, tos ?? 0, ...hops].join(' ');
}
