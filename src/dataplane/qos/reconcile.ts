import type { Clock, Log } from '../../base/index.ts';
import type { DesiredWorkload } from '../../calc/desired/index.ts';
import type { Kernel, Link } from '../../netlink/index.ts';
import type { FilterReconciler, FilterRoom } from '../filter/index.ts';
import { BandwidthReconciler, type FailedLimit, type LimitEntry } from './bandwidth.ts';
import { type LimitTable, limitTables, type PodLimit } from './limits.ts';

/**
 * Keeps what pods are limited to: bandwidths by qdiscs, packet rates and connections by nftables. What the kernel can't
 * do is told, and the pod is not held up by it.
 */
export class QosReconciler {
  readonly #bandwidth: BandwidthReconciler;
  readonly #filter: FilterRoom;
  #tables: readonly LimitTable[] = [];
  #workloads: readonly DesiredWorkload[] = [];

  constructor(options: { kernel: Kernel; filter: FilterReconciler; clock: Clock; log: Log }) {
    this.#bandwidth = new BandwidthReconciler(options);
    this.#filter = options.filter.room();
  }

  /** The pods that there should be. */
  apply(workloads: readonly DesiredWorkload[]): void {
    this.#workloads = workloads;
    this.#bandwidth.apply(workloads);
    this.#tables = limitTables(workloads);
    void this.#filter.want(this.#tables);
  }

  /** A link appeared, changed, or went. */
  linkChanged(link: Link, present: boolean): void {
    this.#bandwidth.linkChanged(link, present);
  }

  /** Somebody else has changed how a device queues or filters. */
  queueingChanged(dev: string): void {
    this.#bandwidth.queueingChanged(dev);
  }

  /** Looks at everything again and repairs what differs; before the first time, no qdisc is written. */
  async check(): Promise<void> {
    await Promise.all([this.#bandwidth.check(), this.#filter.look()]);
  }

  /** The kernel's refusals, and limits that were given wrongly. */
  failures(): readonly FailedLimit[] {
    const given = this.#workloads.flatMap(({ key, qos }) =>
      (qos?.problems ?? []).map((reason) => ({ what: `limits of ${key}`, reason })),
    );
    return [...this.#bandwidth.failures(), ...this.#filter.failures(), ...given];
  }

  /** Each limit that is wanted, whether it is there, and why. */
  entries(): readonly LimitEntry[] {
    const limits = this.#tables.flatMap(({ limits }) => limits);
    return [...this.#bandwidth.entries(), ...limits.map((limit) => this.#entry(limit))];
  }

  #entry({ table, part, key, direction, rule, field }: PodLimit): LimitEntry {
    const { present, refused } = this.#filter.standing(table, part);
    return { text: `${key} ${direction} ${rule}`, present, why: refused ?? field };
  }

  stop(): void {
    this.#bandwidth.stop();
  }
}
