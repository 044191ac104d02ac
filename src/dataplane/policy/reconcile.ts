import type { DesiredPolicy } from '../../calc/desired/index.ts';
import type { FailedFilter, FilterEntry, FilterReconciler, FilterRoom } from '../filter/index.ts';
import { PolicyTables } from './tables.ts';

/** Brings what the pods are held to into the packet filter, and knows how far it is. */
export class PolicyReconciler {
  readonly #room: FilterRoom;
  readonly #tables: PolicyTables;
  #applied: { readonly policy: DesiredPolicy | undefined } | undefined;

  constructor({ filter, interfacePrefix = 'cali' }: { filter: FilterReconciler; interfacePrefix?: string }) {
    this.#room = filter.room();
    this.#tables = new PolicyTables(interfacePrefix);
  }

  /** Applying the same again does nothing. The first time, what a former run has left is compared with it. */
  apply(policy: DesiredPolicy | undefined): void {
    if (this.#applied !== undefined && this.#applied.policy === policy) return;
    this.#applied = { policy };
    void this.#room.want(this.#tables.of(policy));
  }

  /** Resolves when all that was asked for until now is done, or its failure noted. */
  get settled(): Promise<void> {
    return this.#room.settled;
  }

  look(): Promise<void> {
    return this.#room.look();
  }

  failures(): readonly FailedFilter[] {
    return this.#room.failures();
  }

  entries(): readonly FilterEntry[] {
    return this.#room.entries();
  }
}
