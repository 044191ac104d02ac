import { ROUTE_DELETE, type RouteFailure } from '../../netlink/index.ts';
import type { RouteBatch, RouteTable } from './route-table.ts';

/** Routes whose time is known, and changes in one batch beyond which none is noted: then it is a start, or a storm. */
const [KEPT, LARGEST] = [2048, 256];

/** When the kernel took routes that came or changed lately. */
export class RecentRoutes {
  readonly #wallTime: () => number;
  /** By CIDR, the oldest first. */
  readonly #since = new Map<string, number>();

  constructor(wallTime: () => number) {
    this.#wallTime = wallTime;
  }

  /** Milliseconds since 1970; undefined for one of before, or that nobody noted. */
  since(cidr: string): number | undefined {
    return this.#since.get(cidr);
  }

  took(
    { prefixes }: Pick<RouteTable, 'prefixes'>,
    { changes, keys }: RouteBatch,
    failures: readonly RouteFailure[],
  ): void {
    if (changes.count > LARGEST) return;
    const failed = new Set(failures.map(({ entry }) => entry));
    const now = this.#wallTime();
    for (let entry = 0; entry < changes.count; entry++) {
      if (failed.has(entry)) continue;
      const cidr = prefixes.text(keys[entry]);
      this.#since.delete(cidr);
      if (changes.verbs[entry] !== ROUTE_DELETE) this.#since.set(cidr, now);
    }
    for (const cidr of this.#since.keys()) {
      if (this.#since.size <= KEPT) break;
      this.#since.delete(cidr);
    }
  }
}
