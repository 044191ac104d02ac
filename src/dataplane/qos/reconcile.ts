import type { Clock, Log } from '../../base/index.ts';
import type { DesiredWorkload } from '../../calc/desired/index.ts';
import type { Kernel, Link } from '../../netlink/index.ts';
import type { Nft } from '../../nftables/index.ts';
import { BandwidthReconciler, type FailedLimit, type LimitEntry } from './bandwidth.ts';
import { LimitTablesReconciler } from './limit-tables.ts';

/**
 * Keeps what pods are limited to: bandwidths by qdiscs, packet rates and connections by nftables. What the kernel can't
 * do is told, and the pod is not held up by it.
 */
export class QosReconciler {
  readonly #bandwidth: BandwidthReconciler;
  readonly #tables: LimitTablesReconciler;
  #workloads: readonly DesiredWorkload[] = [];

  constructor(options: { kernel: Kernel; nft: Nft; clock: Clock; log: Log }) {
    this.#bandwidth = new BandwidthReconciler(options);
    this.#tables = new LimitTablesReconciler(options);
  }

  /** The pods that there should be. */
  apply(workloads: readonly DesiredWorkload[]): void {
    this.#workloads = workloads;
    this.#bandwidth.apply(workloads);
    this.#tables.apply(workloads);
  }

  /** A link appeared, changed, or went. */
  linkChanged(link: Link, present: boolean): void {
    this.#bandwidth.linkChanged(link, present);
  }

  /** Looks at everything again and repairs what differs; before the first time, nothing is written. */
  async check(): Promise<void> {
    await Promise.all([this.#bandwidth.check(), this.#tables.check()]);
  }

  /** Looks again at those of these tables that are ours, as `family name`; at all of them without. */
  lookAtTables(names: ReadonlySet<string> | undefined): Promise<void> {
    return this.#tables.look(names);
  }

  /** What the kernel refuses, and limits that were given wrongly. */
  failures(): readonly FailedLimit[] {
    const given = this.#workloads.flatMap(({ key, qos }) =>
      (qos?.problems ?? []).map((reason) => ({ what: `limits of ${key}`, reason })),
    );
    return [...this.#bandwidth.failures(), ...this.#tables.failures(), ...given];
  }

  /** Each limit that is wanted, whether it is there, and why. */
  entries(): readonly LimitEntry[] {
    return [...this.#bandwidth.entries(), ...this.#tables.entries()];
  }

  stop(): void {
    this.#bandwidth.stop();
    this.#tables.stop();
  }
}
