import { parsePrefix } from '../base/index.ts';
import type { DesiredBlock } from '../calc/desired/index.ts';
import { prefixNumber, type RouteReconciler } from './routes/reconcile.ts';
import { BLACKHOLE } from './routes/render.ts';

/** A blackhole under each block, except blocks of one address: its pod's own route is all there is to it. */
export class Blackholes {
  readonly #routes: RouteReconciler;
  #wanted = new Set<string>();

  constructor(routes: RouteReconciler) {
    this.#routes = routes;
  }

  apply(blocks: readonly DesiredBlock[]): void {
    const wanted = new Set(blocks.filter((block) => block.size > 1).map((block) => block.cidr));
    const id = this.#routes.infos.id(BLACKHOLE);
    for (const cidr of new Set([...wanted, ...this.#wanted])) {
      const table = this.#routes.tables[parsePrefix(cidr).family];
      table.want('blackhole', prefixNumber(table, cidr), wanted.has(cidr) ? id : 0);
    }
    this.#wanted = wanted;
    this.#routes.schedule();
  }
}
