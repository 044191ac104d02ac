import { type Entries, hostCidr } from '../base/index.ts';
import type { DesiredPeer } from '../calc/desired/index.ts';
import { gatewayRoute, prefixNumber, type RouteReconciler } from '../dataplane/index.ts';
import type { NextHops } from './next-hops.ts';

/**
 * Routes to peers by a router that their BGPPeer names (`reachableBy`). They stay while the session is down: it could not
 * come up without.
 */
export class PeerWays {
  readonly #routes: Pick<RouteReconciler, 'tables' | 'infos' | 'schedule'>;
  readonly #nextHops: Pick<NextHops, 'resolve'>;
  /** The router by the peer's address. */
  #routers: ReadonlyMap<string, string> = new Map();
  #seen: Entries<DesiredPeer> | undefined;

  constructor(routes: Pick<RouteReconciler, 'tables' | 'infos' | 'schedule'>, nextHops: Pick<NextHops, 'resolve'>) {
    this.#routes = routes;
    this.#nextHops = nextHops;
  }

  apply(peers: Entries<DesiredPeer> | undefined): void {
    if (peers === this.#seen) return;
    this.#seen = peers;
    const wanted = new Map<string, string>();
    for (const { address, reachableBy } of peers?.values() ?? []) if (reachableBy) wanted.set(address, reachableBy);
    const before = this.#routers;
    this.#routers = wanted;
    for (const address of before.keys()) if (!wanted.has(address)) this.#want(address, 0);
    for (const [address, router] of wanted) if (before.get(address) !== router) this.#lead(address, router);
    if (before.size + wanted.size > 0) this.#routes.schedule();
  }

  /** The way to some next hops has changed. */
  nextHopsChanged(addresses: ReadonlySet<string>): void {
    const affected = [...this.#routers].filter(([, router]) => addresses.has(router));
    for (const [address, router] of affected) this.#lead(address, router);
    if (affected.length > 0) this.#routes.schedule();
  }

  /** Peers that no way leads to. */
  problems(): readonly string[] {
    return [...this.#routers].flatMap(([address, router]) =>
      this.#nextHops.resolve(router)?.length === 0
        ? [`BGP peer ${address} is to be reached by ${router} (reachableBy), to which there is no way`]
        : [],
    );
  }

  #lead(address: string, router: string): void {
    const ways = this.#nextHops.resolve(router);
    // Until it is known, the route stays as it is.
    if (ways !== undefined) this.#want(address, ways.length === 0 ? 0 : this.#routes.infos.id(gatewayRoute(ways)));
  }

  #want(address: string, info: number): void {
    const table = this.#routes.tables[address.includes(':') ? 6 : 4];
    table.want('peer', prefixNumber(table, hostCidr(address)), info);
  }
}
