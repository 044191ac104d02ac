import type { DesiredPolicy } from '../../calc/desired/index.ts';
import {
  type FailedFilter,
  type FilterEntry,
  type FilterReconciler,
  type FilterRoom,
  type FilterTable,
  nameOf,
} from '../filter/index.ts';
import { dropsOf, FollowedParts } from './followed.ts';
import { PolicyTables } from './tables.ts';

/** Brings what the pods are held to into the packet filter, and knows how far it is. */
export class PolicyReconciler {
  readonly #room: FilterRoom;
  readonly #tables: PolicyTables;
  #tablesNow: readonly FilterTable[] = [];
  /** By table, while somebody follows the drops. */
  #followed: Map<string, FollowedParts> | undefined;
  #applied: { readonly policy: DesiredPolicy | undefined } | undefined;

  constructor({ filter, interfacePrefix = 'cali' }: { filter: FilterReconciler; interfacePrefix?: string }) {
    this.#room = filter.room();
    this.#tables = new PolicyTables(interfacePrefix);
  }

  /** Applying the same again does nothing. The first time, what a former run has left is compared with it. */
  apply(policy: DesiredPolicy | undefined): void {
    if (this.#applied !== undefined && this.#applied.policy === policy) return;
    this.#applied = { policy };
    void this.#want(this.#tables.of(policy));
  }

  /** Has each drop told in nflog's `DROP_GROUP`, or no longer. Resolves when the kernel has it so, or has refused. */
  async follow(isFollowed: boolean): Promise<void> {
    if (isFollowed === (this.#followed !== undefined)) return;
    this.#followed = isFollowed ? new Map() : undefined;
    if (this.#tablesNow.length > 0) await this.#want(this.#tablesNow);
  }

  /** Every chain of the tables that drops, by its name, and why it does. */
  drops(): ReadonlyMap<string, string> {
    return new Map(this.#tablesNow.flatMap(({ parts }) => [...dropsOf(parts)]));
  }

  #want(tables: readonly FilterTable[]): Promise<void> {
    this.#tablesNow = tables;
    const followed = this.#followed;
    if (followed === undefined) return this.#room.want(tables);
    return this.#room.want(
      tables.map((one) => {
        const name = nameOf(one.table);
        const parts = followed.get(name) ?? new FollowedParts();
        followed.set(name, parts);
        return { ...one, parts: parts.of(one.parts) };
      }),
    );
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
