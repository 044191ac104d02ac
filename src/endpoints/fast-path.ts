import { RequestRefused } from '../control/index.ts';
import type { Dataplane, PodInterface } from '../dataplane/index.ts';
import type { Told } from '../datastore/index.ts';
import type { WorkloadEndpoint } from '../model/index.ts';
import type { Routing } from '../routing/index.ts';
import type { UnderWay } from './timeline.ts';

const TRY_AGAIN = 11;

export interface FastPathOptions {
  /** Has heard of what was written to the store already (`tellingStore`). */
  readonly syncer: Pick<Told, 'wrote'>;
  readonly dataplane: Pick<Dataplane, 'linkMade' | 'routes' | 'tables' | 'policy'>;
  /** The node's loop (`daemon/loop.ts`): applies the desired state as it is now. */
  readonly loop: { now(): Promise<void> };
  /** Knows when the peers have been sent what is announced now. */
  readonly routing: Pick<Routing, 'announced'>;
}

/**
 * Does at once what the loop would do anyway, a moment later:
 *
 *     store ─► Syncer ─► Calculation ─► Loop ─► kernel has its policy ─► its route ─► peers have been sent its block
 *
 * The syncer hears of own writes as soon as the store has them, and drops what comes late of the time before: the pod's
 * block is known by now, and no event that was under way takes its address back.
 */
export class FastPath {
  readonly #options: FastPathOptions;

  constructor(options: FastPathOptions) {
    this.#options = options;
  }

  /** A pod's interface and endpoint are made: resolves when it can be reached, from here and by way of every peer. */
  async added(endpoint: WorkloadEndpoint, made: PodInterface, change?: UnderWay): Promise<void> {
    const { dataplane, routing, syncer } = this.#options;
    dataplane.linkMade(made.host);
    // With the addresses that were written, should the store have read back older ones.
    syncer.wrote(endpoint);
    await this.#applied(change);
    this.#requirePolicy(made.host.name);
    for (const cidr of endpoint.spec.ipNetworks ?? []) this.#requireRoute(cidr);
    change?.step('route in the kernel');
    await routing.announced();
    change?.step('announced', 'each peer has been sent what is new to it');
  }

  /** The endpoint is gone, and the syncer knows. */
  removed(): Promise<void> {
    return this.#applied();
  }

  async #applied(change?: UnderWay): Promise<void> {
    const { dataplane, loop } = this.#options;
    await loop.now();
    change?.step('calculated');
    // A pod gets its route when its policy is there, so that comes first.
    await dataplane.policy.settled;
    change?.step('policy in place');
    await Promise.all([dataplane.routes.flush(), dataplane.tables.settled]);
  }

  /** Nor while it is closed because the kernel has not taken what it is held to. */
  #requirePolicy(interfaceName: string): void {
    const lacking = this.#options.dataplane.policy.lacking(interfaceName);
    if (lacking === undefined) return;
    throw new RequestRefused('NO_POLICY', `policy of ${interfaceName}: ${lacking}`, TRY_AGAIN);
  }

  /** A pod is not said to be ready while the kernel lacks its route. */
  #requireRoute(cidr: string): void {
    const lacking = this.#options.dataplane.routes.lacking(cidr);
    if (lacking !== undefined) throw new RequestRefused('NO_ROUTE', `route ${cidr}: ${lacking}`, TRY_AGAIN);
  }
}
