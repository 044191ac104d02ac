import { containsAddress, parseAddress, parsePrefix, prefixWords } from '../../src/base/index.ts';
import type { RouteTable } from '../../src/dataplane/index.ts';
import type { FibInfo, Route, RouteColumns, RouteNextHop } from '../../src/netlink/index.ts';
import { OwnRoutes } from '../../src/routing/other-routes.ts';

/** The main table of a kernel that takes every route of ours at once, beside those of `others`. */
export class MainTable {
  others: Readonly<Record<string, readonly RouteNextHop[]>> = {};
  /** How often it was looked up and read as a whole. */
  readonly asked = { match: 0, dump: 0 };
  readonly own: OwnRoutes;
  readonly #ours: RouteTable;

  constructor(ours: RouteTable) {
    this.#ours = ours;
    this.own = new OwnRoutes({ 4: ours, 6: ours });
  }

  async routeMatch(address: string): Promise<Route | undefined> {
    this.asked.match++;
    const wanted = parseAddress(address);
    const length = ({ destination }: Route) => Number(destination.split('/')[1]);
    return this.#routes()
      .filter(({ destination }) => containsAddress(parsePrefix(destination), wanted))
      .sort((a, b) => length(b) - length(a))[0];
  }

  async routeColumns(): Promise<RouteColumns> {
    this.asked.dump++;
    const routes = this.#routes();
    const prefixes = routes.map(({ destination }) => parsePrefix(destination));
    return {
      family: this.#ours.family,
      count: routes.length,
      addresses: Uint32Array.from(prefixes.flatMap((prefix) => [...prefixWords(prefix)])),
      lengths: Uint8Array.from(prefixes.map(({ length }) => length)),
      infoIndex: Uint32Array.from(routes.keys()),
      infos: routes,
    };
  }

  #routes(): Route[] {
    const { family, prefixes, infos } = this.#ours;
    const others = Object.entries(this.others).map(([destination, nextHops]) => {
      const info: FibInfo = { kind: 'unicast', protocol: 3, table: 254, nextHops };
      return { family, destination, ...info };
    });
    const ours = Array.from({ length: prefixes.limit }, (_, prefix) => prefix).flatMap((prefix) => {
      const info = prefixes.has(prefix) ? this.#ours.desired(prefix) : 0;
      return info === 0 ? [] : [{ family, destination: prefixes.text(prefix), ...infos.info(info) }];
    });
    return [...others, ...ours];
  }
}
