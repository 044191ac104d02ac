import { type Clock, containsAddress, networkAddress, parsePrefix, within } from '../base/index.ts';
import type { Calculation } from '../calc/index.ts';
import { RequestRefused } from '../control/index.ts';
import type { Dataplane, PodInterface } from '../dataplane/index.ts';
import type { Ipam } from '../ipam/index.ts';
import type { WorkloadEndpoint } from '../model/index.ts';
import type { Routing } from '../routing/index.ts';

const TRY_AGAIN = 11;

/** How long the datastore's news of a new block is waited for, in milliseconds. */
const PATIENCE = 500;

export interface FastPathOptions {
  readonly nodename: string;
  readonly calculation: Calculation;
  readonly dataplane: Pick<Dataplane, 'linkMade' | 'routes' | 'tables'>;
  readonly ipam: Pick<Ipam, 'ownBlockOf'>;
  readonly clock: Clock;
  /** The node's loop (`daemon/loop.ts`): applies the desired state as it is now. */
  readonly loop: { now(): Promise<void> };
  /** Knows when the peers have been sent what is announced now. */
  readonly routing: Pick<Routing, 'announced'>;
}

/**
 * Does at once what the loop would do anyway when the datastore tells of an endpoint:
 *
 *     endpoint ─► Calculation ─► Loop ─► kernel has its route ─► peers have been sent its block
 */
export class FastPath {
  readonly #options: FastPathOptions;
  readonly #waiting = new Set<() => void>();

  constructor(options: FastPathOptions) {
    this.#options = options;
  }

  /** A pod's interface and endpoint are made: resolves when it can be reached, from here and by way of every peer. */
  async added(endpoint: WorkloadEndpoint, made: PodInterface): Promise<void> {
    const { dataplane, routing } = this.#options;
    const { name, namespace } = endpoint.metadata;
    const addresses = endpoint.spec.ipNetworks ?? [];
    dataplane.linkMade(made.host);
    await this.#untilBlocksAreKnown(addresses);
    await this.#tell({ name, namespace }, endpoint);
    for (const cidr of addresses) this.#requireRoute(cidr);
    await routing.announced();
  }

  /** The endpoint is gone. */
  removed(namespace: string, name: string): Promise<void> {
    return this.#tell({ name, namespace }, undefined);
  }

  /** The calculation has news of the datastore's. */
  heard(): void {
    for (const look of this.#waiting) look();
  }

  async #tell(name: { name: string; namespace: string | undefined }, endpoint: WorkloadEndpoint | undefined) {
    const { calculation, dataplane, loop } = this.#options;
    calculation.apply([{ key: { kind: 'WorkloadEndpoint', ...name }, resource: endpoint }]);
    await loop.now();
    await Promise.all([dataplane.routes.flush(), dataplane.tables.settled]);
  }

  /** A pod is not said to be ready while the kernel lacks its route. */
  #requireRoute(cidr: string): void {
    const lacking = this.#options.dataplane.routes.lacking(cidr);
    if (lacking !== undefined) throw new RequestRefused('NO_ROUTE', `route ${cidr}: ${lacking}`, TRY_AGAIN);
  }

  /**
   * A block that was claimed for this very pod is our own once the datastore has said so. Without waiting for that,
   * the address would be announced by itself, like one that is borrowed, and withdrawn a moment later.
   */
  async #untilBlocksAreKnown(addresses: readonly string[]): Promise<void> {
    const { calculation, ipam, nodename } = this.#options;
    for (const cidr of addresses) {
      const address = networkAddress(parsePrefix(cidr));
      const isIn = (one: { readonly cidr: string }): boolean => containsAddress(parsePrefix(one.cidr), address);
      const { blocks, pools } = calculation.desired();
      if (blocks.some(isIn) || !pools.some(isIn)) continue;
      const block = await ipam.ownBlockOf(address, nodename);
      if (block === undefined) continue;
      await this.#until(() => calculation.desired().blocks.some((known) => known.cidr === block));
    }
  }

  /** Looks whenever something is heard, until `holds` or patience ends. */
  async #until(holds: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (holds()) resolve();
    };
    this.#waiting.add(look);
    look();
    await within(this.#options.clock, PATIENCE, promise);
    this.#waiting.delete(look);
  }
}
