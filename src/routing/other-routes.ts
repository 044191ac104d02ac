import { covers, type Family, parseAddress, prefixWords } from '../base/index.ts';
import { ROUTE_PROTOCOL, type RouteTable } from '../dataplane/index.ts';
import type { Kernel, Route, RouteNextHop } from '../netlink/index.ts';

/** `RT_TABLE_MAIN`. */
const MAIN = 254;

/** Tells routes that peers told of from our other ones: in the kernel they bear the same mark. */
export class OwnRoutes {
  readonly #tables: Readonly<Record<Family, RouteTable>>;

  constructor(tables: Readonly<Record<Family, RouteTable>>) {
    this.#tables = tables;
  }

  /** Whether the kernel has the route from us, and we from a peer; or from a former run, of which that is not known. */
  isLearned({ family, destination, protocol, table }: Route): boolean {
    if (protocol !== ROUTE_PROTOCOL || table !== MAIN) return false;
    const [network, length] = destination.split('/') as [string, string];
    return this.isLearnedAt(
      family,
      prefixWords({ ...parseAddress(network), length: Number(length) }),
      0,
      Number(length),
    );
  }

  /** The same for a route of ours in the main table. */
  isLearnedAt(family: Family, words: Uint32Array, at: number, length: number): boolean {
    const table = this.#tables[family];
    const prefix = table.prefixes.findAt(words, at, length);
    const source = prefix < 0 ? undefined : table.sourceOf(prefix);
    return source !== 'workload' && source !== 'tunnel' && source !== 'peer';
  }
}

/** Routes of the main table that no peer told of, searched for addresses whose way they would be. */
export class OtherRoutes {
  readonly #kernel: Pick<Kernel, 'routeColumns'>;
  readonly #own: OwnRoutes;

  constructor(kernel: Pick<Kernel, 'routeColumns'>, own: OwnRoutes) {
    this.#kernel = kernel;
    this.#own = own;
  }

  /** For each address the most specific one that leads somewhere, of equals that with the lowest metric. One dump for all. */
  async find(
    addresses: readonly string[],
  ): Promise<readonly ({ readonly length: number; readonly nextHops: readonly RouteNextHop[] } | undefined)[]> {
    const found = new Array<{ length: number; metric: number; nextHops: readonly RouteNextHop[] } | undefined>(
      addresses.length,
    );
    const parsed = addresses.map((address) => parseAddress(address.split('%')[0]!));
    for (const family of new Set(parsed.map((address) => address.family))) {
      const {
        count,
        addresses: words,
        lengths,
        infoIndex,
        infos,
      } = await this.#kernel.routeColumns({ family, table: MAIN });
      const width = family === 4 ? 1 : 4;
      const wanted = parsed.flatMap((address, at) =>
        address.family === family ? [{ at, words: prefixWords({ ...address, length: width * 32 }) }] : [],
      );
      for (let entry = 0; entry < count; entry++) {
        const info = infos[infoIndex[entry]];
        const length = lengths[entry];
        if (info.kind !== 'unicast') continue;
        for (const { at, words: address } of wanted) {
          const best = found[at];
          const metric = info.metric ?? 0;
          if (best && (best.length > length || (best.length === length && best.metric <= metric))) continue;
          if (!covers(words, entry * width, length, address, 0)) continue;
          if (info.protocol === ROUTE_PROTOCOL && this.#own.isLearnedAt(family, words, entry * width, length)) continue;
          found[at] = { length, metric, nextHops: info.nextHops };
        }
      }
    }
    return found;
  }
}
