import type { Entries, Family } from '../../base/index.ts';
import type { DesiredVxlanRoute } from '../../calc/desired/index.ts';
import type { FibInfo } from '../../netlink/index.ts';
import { Claimants } from '../claimants.ts';
import type { ReadyDevice } from '../device/device.ts';
import { vtepRoute, vxlanRoute } from './render.ts';

/** The routes of one family's VXLAN, by CIDR: to what is behind the tunnel, and in IPv6 first to the VTEPs that others lead through. */
export class VxlanWays {
  readonly #family: Family;
  /** VTEP → CIDRs that are behind it. */
  readonly #behind = new Claimants();
  #routes: Entries<DesiredVxlanRoute> | undefined;

  constructor(family: Family) {
    this.#family = family;
  }

  /** CIDRs whose routes may be others than before; what others lead through comes first. */
  run(routes: Entries<DesiredVxlanRoute>): readonly string[] {
    const [vteps, cidrs]: [Set<string>, string[]] = [new Set(), []];
    for (const [cidr, now] of routes.since(this.#routes)) {
      cidrs.push(cidr);
      if (this.#family === 4) continue;
      for (const vtep of this.#behind.put(cidr, now?.mode === 'tunnel' ? [now.via] : [])) vteps.add(`${vtep}/128`);
    }
    this.#routes = routes;
    return [...vteps, ...cidrs];
  }

  /** All CIDRs, in the same order. */
  all(): readonly string[] {
    return [...[...this.#behind.claimed()].map((vtep) => `${vtep}/128`), ...(this.#routes?.keys() ?? [])];
  }

  /** The route to the CIDR as the device stands; undefined for none. */
  info(cidr: string, { index, parent }: ReadyDevice): FibInfo | undefined {
    const route = this.#routes?.get(cidr);
    if (route !== undefined) return vxlanRoute(route, index, parent);
    return this.#behind.of(cidr.replace(/\/128$/, '')).length > 0 ? vtepRoute(index) : undefined;
  }
}
