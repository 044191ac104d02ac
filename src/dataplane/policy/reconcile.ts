import { type Family, same } from '../../base/index.ts';
import type { DesiredPolicy, DesiredWorkload } from '../../calc/desired/index.ts';
import {
  type FailedFilter,
  type FilterEntry,
  type FilterReconciler,
  type FilterRoom,
  type FilterTable,
  nameOf,
} from '../filter/index.ts';
import { PodAdmission } from './admission.ts';
import { type CountedRule, countedOf } from './counted.ts';
import { dropsOf, FollowedParts } from './followed.ts';
import type { HostParts, HostSurroundings } from './host-parts.ts';
import { endpointPart, HOOK_PART } from './parts.ts';
import { PolicyTables, policyTable } from './tables.ts';

const FAMILIES = [4, 6] as const;

/** Brings what the pods are held to into the packet filter, and knows how far it is. */
export class PolicyReconciler {
  readonly #room: FilterRoom;
  readonly #tables: PolicyTables;
  #tablesNow: readonly FilterTable[] = [];
  /** By table, while somebody follows the drops. */
  #followed: Map<string, FollowedParts> | undefined;
  readonly #admission = new PodAdmission();
  #applied:
    | {
        readonly policy: DesiredPolicy | undefined;
        readonly surroundings: HostSurroundings | undefined;
        readonly families: readonly Family[];
      }
    | undefined;
  #workloads: readonly DesiredWorkload[] | undefined;
  /** Told of pods that may be led to from now on, by the names of their interfaces. */
  onAdmitted: (interfaceNames: readonly string[]) => void = () => {};

  constructor({ filter, interfacePrefix = 'cali' }: { filter: FilterReconciler; interfacePrefix?: string }) {
    this.#room = filter.room({ onBrought: () => this.#admit() });
    this.#tables = new PolicyTables(interfacePrefix);
  }

  /**
   * Applying the same again does nothing. The first time, what a former run has left is compared with it. Resolves as
   * `settled` does.
   */
  apply(
    policy: DesiredPolicy | undefined,
    workloads: readonly DesiredWorkload[],
    surroundings?: HostSurroundings,
  ): Promise<void> {
    // Where no host endpoint is they are of no matter.
    const around = policy?.hosts === undefined ? undefined : surroundings;
    const before = this.#applied;
    const families = this.#workloads === workloads && before ? before.families : familiesOf(workloads);
    const isSame = before?.policy === policy && before?.surroundings === around && same(before?.families, families);
    if (before === undefined || !isSame) {
      this.#applied = { policy, surroundings: around, families };
      void this.#want(this.#tables.of(policy, around, families));
    }
    if (this.#workloads !== workloads || (before?.policy === undefined) !== (policy === undefined)) {
      this.#workloads = workloads;
      this.#admission.apply(workloads, policy !== undefined, this.#room.asked);
      // Where nothing of the packet filter changes with a pod, nothing is brought.
      this.#admit();
    }
    return this.settled;
  }

  /** Of the node, as host endpoints were last applied with it; undefined where there are none. */
  get surroundings(): HostSurroundings | undefined {
    return this.#applied?.surroundings;
  }

  /** Host endpoints that are on no interface, or not on all that they are for. */
  get hostProblems(): HostParts['problems'] {
    return this.#tables.hostProblems;
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

  /** Every rule of the tables that counts what it lets through or passes, by `countKey` of what the kernel says of it. */
  counted(): ReadonlyMap<string, CountedRule> {
    return new Map(this.#tablesNow.flatMap(({ parts }) => [...countedOf(parts)]));
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

  /** Whether the pod may be led to at that address; without one, at all of its own. */
  admits(interfaceName: string, cidr?: string): boolean {
    return this.#admission.admits(interfaceName, cidr);
  }

  /** Why the pod may not be led to; undefined when it may. */
  lacking(interfaceName: string): string | undefined {
    if (this.admits(interfaceName)) return undefined;
    const refused = FAMILIES.map((family) => this.#standing(family, interfaceName).refused);
    return refused.find((reason) => reason !== undefined) ?? 'it is not in the packet filter yet';
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

  #admit(): void {
    const admitted = this.#admission.release(
      (name, asked) =>
        this.#room.isTried(asked) &&
        this.#applied?.policy?.endpoints.get(name) !== undefined &&
        FAMILIES.every((family) => this.#standing(family, name).present),
    );
    if (admitted.length > 0) this.onAdmitted(admitted);
  }

  /** How the pod's elements stand, and the hook by which packets come there. */
  #standing(family: (typeof FAMILIES)[number], interfaceName: string): ReturnType<FilterRoom['standing']> {
    const table = nameOf(policyTable(family));
    const [own, hook] = [endpointPart(interfaceName), HOOK_PART].map((part) => this.#room.standing(table, part));
    return { present: own.present && hook.present, refused: own.refused ?? hook.refused };
  }
}

/** The families that pods have addresses of; without a pod both, as what comes first may be of either. */
function familiesOf(workloads: readonly DesiredWorkload[]): readonly Family[] {
  const found = FAMILIES.filter((family) =>
    workloads.some(({ addresses }) => addresses.some((cidr) => cidr.includes(':') === (family === 6))),
  );
  return found.length === 0 ? FAMILIES : found;
}
