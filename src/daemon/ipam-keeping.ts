import { randomUUID } from 'node:crypto';
import { type Cancel, type Clock, type Log, type Prefix, parseDuration, reasonOf, within } from '../base/index.ts';
import { Compactor, type Store, type Update } from '../datastore/index.ts';
import {
  Collector,
  DEFAULT_GRACE,
  factKinds,
  Ipam,
  KnownFacts,
  LedgerFile,
  noLedger,
  StoreFacts,
} from '../ipam/index.ts';
import type { KubeControllersConfiguration } from '../model/index.ts';
import type { IpamSamples } from '../observe/index.ts';
import { ClusterFigures } from './cluster-figures.ts';
import type { KnownNodes } from './known-nodes.ts';
import { Lease } from './lease.ts';
import { TunnelAddresses, type TunnelAddressKind } from './tunnel-addresses.ts';

/** How often the settings are looked at again where nothing is to be collected, in milliseconds. */
const IDLE_PERIOD = 5 * 60_000;

/** How long the history of an etcd is kept when nothing else is configured, in milliseconds. */
const COMPACTION_PERIOD = 10 * 60_000;

/** How long the end may take, in milliseconds. */
const PATIENCE = 2000;

export interface IpamKeepingOptions {
  readonly nodename: string;
  readonly store: Store;
  readonly nodes: KnownNodes;
  readonly clock: Clock;
  readonly log: Log;
  /** The ledger's file, or `none`. */
  readonly ledger: string;
  /** Whether a tunnel's device is there, so that others may hear of its address; by default all are. */
  readonly tunnelIsReady?: (kind: TunnelAddressKind) => boolean;
}

/**
 * The node's IPAM, with facts that a syncer keeps up to date and a ledger; the addresses of its own tunnels; and, while this node leads, the part of
 * kube-controllers for the whole cluster: addresses that nobody uses any more are taken back, and counted; an etcd's
 * history is kept short.
 */
export class IpamKeeping {
  /** What `apply` has to be told of. */
  static readonly kinds = [...factKinds, 'IPAMBlock'] as const;
  readonly ipam: Ipam;
  readonly #options: IpamKeepingOptions;
  readonly #facts: KnownFacts;
  readonly #figures = new ClusterFigures();
  readonly #ledger: LedgerFile | undefined;
  readonly #lease: Lease;
  readonly #tunnels: TunnelAddresses;
  #collector: Collector | undefined;
  #compactor: Compactor | undefined;
  #cancel: Cancel | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: IpamKeepingOptions) {
    const { store, nodes, clock, log, nodename, ledger } = options;
    this.#options = options;
    this.#facts = new KnownFacts(new StoreFacts(store));
    this.#ledger = ledger === 'none' ? undefined : new LedgerFile({ path: ledger, log });
    this.ipam = new Ipam({ store, clock, facts: this.#facts, ledger: this.#ledger ?? noLedger });
    const [{ ipam }, facts, isReady] = [this, this.#facts, options.tunnelIsReady];
    this.#tunnels = new TunnelAddresses({ nodename, nodes, store, clock, log, ipam, facts, isReady });
    const holder = `${nodename}_${randomUUID()}`;
    this.#lease = new Lease({ store, clock, log, holder, onChange: (leads) => this.#lead(leads) });
  }

  /** Takes in a syncer's batch; other kinds are passed over. */
  apply(batch: readonly Update[]): void {
    this.#facts.apply(batch);
    this.#figures.apply(batch);
    this.#tunnels.apply(batch);
  }

  /** The syncer has delivered everything once: facts are known from now on, and the node contends for the lead. */
  begin(): void {
    const { nodename, log } = this.#options;
    this.#facts.inSync();
    this.#tunnels.begin();
    this.#lease.start();
    this.ipam.upgradeHost(nodename).catch((error) => {
      log.warn({ reason: reasonOf(error) }, 'affinities of older versions keep their old form until the next start');
    });
  }

  /** Hands the lead over; a store that doesn't answer holds up nobody's end. */
  async stop(): Promise<void> {
    const ended = Promise.all([this.#tunnels.stop(), this.#lease.stop().then(() => this.#sweeping)]);
    await within(this.#options.clock, PATIENCE, ended);
    this.#ledger?.close();
  }

  /** A tunnel's device has come. */
  tunnelReady(): void {
    this.#tunnels.deviceReady();
  }

  /** Whether this node looks after what belongs to all. */
  get leads(): boolean {
    return this.#lease.leads;
  }

  /** What goes on only in part: a tunnel without an address. */
  /** All blocks of the cluster. */
  blocks(): readonly Prefix[] {
    return this.#figures.blocks();
  }

  problems(): readonly string[] {
    return this.#tunnels.problems();
  }

  /** What kube-controllers would count; nothing while another node leads. */
  async samples(): Promise<IpamSamples> {
    return this.#lease.leads ? this.#figures.samples(await this.#facts.pools()) : {};
  }

  #lead(leads: boolean): void {
    const { store, clock, log } = this.#options;
    log.info({ leads }, leads ? 'looking after the addresses of the cluster' : 'another node may look after addresses');
    this.#cancel?.();
    this.#cancel = undefined;
    // Whoever begins to lead has seen nobody dead yet.
    this.#compactor?.stop();
    this.#compactor = leads
      ? new Compactor({ store, clock, log, period: () => compactionPeriodOf(this.#lease.configuration) })
      : undefined;
    this.#compactor?.start();
    this.#collector = leads ? new Collector({ store, ipam: this.ipam, clock, log }) : undefined;
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
    try {
      if (collector !== undefined) this.#figures.swept(await collector.sweep(grace), await this.#facts.pools());
    } catch (error) {
      this.#options.log.warn({ reason: reasonOf(error) }, 'addresses that nobody uses could not be looked for');
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
