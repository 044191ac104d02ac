import type { Update } from '../datastore/index.ts';
import {
  type EffectiveIPAMConfiguration,
  effectiveIPAMConfiguration,
  type IPAMConfiguration,
  type IPPool,
  type IPReservation,
  type Labels,
  type Node,
} from '../model/index.ts';
import { type Facts, labelsOf, SETTINGS_NAME } from './facts.ts';
import { type Pool, readPools } from './pools.ts';
import { Reservations } from './reservations.ts';

/** The kinds that `KnownFacts` has to be told of. */
export const factKinds = ['IPPool', 'IPReservation', 'IPAMConfiguration', 'Node'] as const;

/**
 * Facts kept up to date by a syncer: for a process that stays, so that an assignment costs no reads. Whoever owns the
 * syncer hands its batches to `apply` and says `inSync`; until then the store is asked.
 */
export class KnownFacts implements Facts {
  readonly fresh: Facts;
  readonly #pools = new Map<string, IPPool>();
  readonly #reservations = new Map<string, IPReservation>();
  readonly #labels = new Map<string, Labels>();
  #configuration: IPAMConfiguration | undefined;
  #inSync = false;
  #readPools: readonly Pool[] | undefined;
  #readReservations: Reservations | undefined;

  constructor(fresh: Facts) {
    this.fresh = fresh;
  }

  /** All kinds have been delivered once. An outage later changes nothing: what is known goes on being used. */
  inSync(): void {
    this.#inSync = true;
  }

  /** Takes in a syncer's batch; other kinds are passed over. */
  apply(batch: readonly Update[]): void {
    for (const { key, resource } of batch) {
      switch (key.kind) {
        case 'IPPool':
          put(this.#pools, key.name, resource as IPPool | undefined);
          this.#readPools = undefined;
          break;
        case 'IPReservation':
          put(this.#reservations, key.name, resource as IPReservation | undefined);
          this.#readReservations = undefined;
          break;
        case 'IPAMConfiguration':
          if (key.name === SETTINGS_NAME) this.#configuration = resource as IPAMConfiguration | undefined;
          break;
        case 'Node':
          put(this.#labels, key.name, resource && labelsOf(resource as Node));
          break;
        default:
      }
    }
  }

  async pools(): Promise<readonly Pool[]> {
    if (!this.#inSync) return this.fresh.pools();
    this.#readPools ??= readPools([...this.#pools.values()]);
    return this.#readPools;
  }

  async reservations(): Promise<Reservations> {
    if (!this.#inSync) return this.fresh.reservations();
    this.#readReservations ??= new Reservations([...this.#reservations.values()]);
    return this.#readReservations;
  }

  async settings(): Promise<EffectiveIPAMConfiguration> {
    return this.#inSync ? effectiveIPAMConfiguration(this.#configuration) : this.fresh.settings();
  }

  async nodeLabels(name: string): Promise<Labels> {
    return this.#inSync ? (this.#labels.get(name) ?? {}) : this.fresh.nodeLabels(name);
  }

  /** Not followed: they are needed only where pools select namespaces, and a cluster has thousands. */
  namespaceLabels(name: string): Promise<Labels> {
    return this.fresh.namespaceLabels(name);
  }
}

function put<Value>(map: Map<string, Value>, name: string, value: Value | undefined): void {
  if (value === undefined) map.delete(name);
  else map.set(name, value);
}
