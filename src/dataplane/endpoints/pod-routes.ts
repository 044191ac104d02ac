import { parsePrefix, same } from '../../base/index.ts';
import type { DesiredHost } from '../../calc/desired/index.ts';
import type { Link } from '../../netlink/index.ts';
import { Claimants } from '../claimants.ts';
import { prefixNumber, type RouteReconciler } from '../routes/reconcile.ts';
import { workloadRoute } from '../routes/render.ts';

/** The routes to the pods. Of several pods with one address, the last by its key has it that has an interface. */
export class PodRoutes {
  readonly #routes: RouteReconciler;
  readonly #linkOf: (key: string, cidr: string) => Link | undefined;
  readonly #claims = new Claimants();
  #source: DesiredHost['routeSource'] = {};

  /** `linkOf`: the interface of the pod with this key, as it is now, if it may be led to at that address. */
  constructor(routes: RouteReconciler, linkOf: (key: string, cidr: string) => Link | undefined) {
    this.#routes = routes;
    this.#linkOf = linkOf;
  }

  /** Sets the address that the host itself sends from towards its pods. */
  setSource(source: DesiredHost['routeSource']): void {
    if (same(source, this.#source)) return;
    this.#source = source;
    this.refresh(this.#claims.claimed());
  }

  /** Where routes lead to the pod from now on. */
  put(key: string, cidrs: readonly string[]): void {
    this.refresh(this.#claims.put(key, cidrs));
  }

  /** The routes to these CIDRs, as pods and interfaces are now. */
  refresh(cidrs: Iterable<string>): void {
    for (const cidr of cidrs) {
      const { family } = parsePrefix(cidr);
      const table = this.#routes.tables[family];
      const link = this.#claims
        .of(cidr)
        .flatMap((key) => this.#linkOf(key, cidr) ?? [])
        .at(-1);
      const info = link?.up ? this.#routes.infos.id(workloadRoute(link.index, this.#source[family])) : 0;
      table.want('workload', prefixNumber(table, cidr), info);
    }
    this.#routes.schedule();
  }
}
