import { randomUUID } from 'node:crypto';
import { type Cancel, type Clock, type Log, type Prefix, parseDuration, reasonOf } from '../../base/index.ts';
import { Compactor, type Store, type Update } from '../../datastore/index.ts';
import { type BlockFigures, Collector, DEFAULT_GRACE, type Facts, type Ipam } from '../../ipam/index.ts';
import type { KubeControllersConfiguration } from '../../model/index.ts';
import type { IpamSamples } from '../../observe/index.ts';
import { ClusterFigures } from './cluster-figures.ts';
import { HostEndpoints } from './host-endpoints.ts';
import { Lease } from './lease.ts';
import { LoadBalancers } from './load-balancers.ts';
import type { ObjectProblem } from './remarks.ts';

/** How often the settings are looked at again where nothing is to be collected, in milliseconds. */
const IDLE_PERIOD = 5 * 60_000;

/** How long the history of an etcd is kept when nothing else is configured, in milliseconds. */
const COMPACTION_PERIOD = 10 * 60_000;

export interface LeaderOptions {
  readonly nodename: string;
  readonly store: Store;
  readonly ipam: Ipam;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The part of kube-controllers, for the whole cluster, while this node leads: addresses that nobody uses any more are
 * taken back, and counted; an etcd's history is kept short; nodes have the host endpoints that make themselves, and Services
 * of type LoadBalancer their addresses.
 */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #figures = new ClusterFigures();
  readonly #lease: Lease;
  readonly #hostEndpoints: HostEndpoints;
  /** Absent where there are no Services. */
  readonly #loadBalancers: LoadBalancers | undefined;
  #collector: Collector | undefined;
  #compactor: Compactor | undefined;
  #cancel: Cancel | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: LeaderOptions) {
    this.#options = options;
    const { nodename, store, clock, log } = options;
    const holder = `${nodename}_${randomUUID()}`;
    this.#lease = new Lease({ store, clock, log, holder, onChange: (leads) => this.#lead(leads) });
    const settings = () => this.#lease.configuration?.spec.controllers?.node?.hostEndpoint;
    this.#hostEndpoints = new HostEndpoints({ store, clock, log, settings });
    const { services } = store;
    const assignIPs = () => this.#lease.configuration?.spec.controllers?.loadBalancer?.assignIPs ?? 'AllServices';
    this.#loadBalancers = services && new LoadBalancers({ ...options, services, assignIPs });
  }

  /** Takes in a syncer's batch: of blocks, pools, Nodes, host endpoints and Services. */
  apply(batch: readonly Update[]): void {
    this.#figures.apply(batch);
    this.#hostEndpoints.apply(batch);
    this.#loadBalancers?.apply(batch);
  }

  /** The node contends for the lead from now on. */
  begin(): void {
    this.#lease.start();
  }

  /** Hands the lead over. */
  async stop(): Promise<void> {
    await this.#lease.stop();
    await this.#sweeping;
    await this.#hostEndpoints.stop();
    await this.#loadBalancers?.stop();
  }

  /** The faults of the cluster's objects, and why; nothing while another node leads. */
  problems(): readonly string[] {
    return [...this.#hostEndpoints.problems(), ...(this.#loadBalancers?.problems() ?? [])];
  }

  /** The faults of single objects of the cluster. */
  remarks(): readonly ObjectProblem[] {
    return this.#loadBalancers?.remarks() ?? [];
  }

  get leads(): boolean {
    return this.#lease.leads;
  }

  /** All blocks of the cluster. */
  blocks(): readonly Prefix[] {
    return this.#figures.blocks();
  }

  /** The same, with what there is to count in each. */
  blockFigures(): readonly BlockFigures[] {
    return this.#figures.figures();
  }

  /** The counts of kube-controllers; nothing while another node leads. */
  async samples(): Promise<IpamSamples> {
    return this.leads ? this.#figures.samples(await this.#options.facts.pools()) : {};
  }

  #lead(leads: boolean): void {
    const { store, ipam, clock, log } = this.#options;
    log.info({ leads }, leads ? 'looking after the addresses of the cluster' : 'another node may look after addresses');
    this.#cancel?.();
    this.#cancel = undefined;
    // Whoever begins to lead has seen nobody dead yet.
    this.#compactor?.stop();
    this.#compactor = leads
      ? new Compactor({ store, clock, log, period: () => compactionPeriodOf(this.#lease.configuration) })
      : undefined;
    this.#compactor?.start();
    this.#collector = leads ? new Collector({ store, ipam, clock, log }) : undefined;
    if (leads) this.#hostEndpoints.start();
    else void this.#hostEndpoints.stop();
    if (leads) this.#loadBalancers?.start();
    else void this.#loadBalancers?.stop();
    if (leads) this.#again(0);
  }

  #again(delay: number): void {
    this.#cancel = this.#options.clock.after(delay, () => {
      this.#sweeping = this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    const collector = this.#collector;
    const grace = graceOf(this.#lease.configuration);
    const { facts, log } = this.#options;
    try {
      if (collector !== undefined) this.#figures.swept(await collector.sweep(grace), await facts.pools());
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'addresses that nobody uses could not be looked for');
    }
    if (collector !== undefined && collector === this.#collector) this.#again(grace === 0 ? IDLE_PERIOD : grace / 2);
  }
}

function compactionPeriodOf(configuration: KubeControllersConfiguration | undefined): number {
  const text = configuration?.spec.etcdV3CompactionPeriod;
  return (text === undefined ? undefined : parseDuration(text)) ?? COMPACTION_PERIOD;
}

function graceOf(configuration: KubeControllersConfiguration | undefined): number {
  const text = configuration?.spec.controllers?.node?.leakGracePeriod;
  return (text === undefined ? undefined : parseDuration(text)) ?? DEFAULT_GRACE;
}
