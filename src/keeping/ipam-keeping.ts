import { type Clock, type Log, type Prefix, reasonOf, within } from '../base/index.ts';
import type { Store, Update } from '../datastore/index.ts';
import { type BlockFigures, factKinds, Ipam, KnownFacts, LedgerFile, noLedger, StoreFacts } from '../ipam/index.ts';
import type { IpamSamples } from '../observe/index.ts';
import { Leader } from './leader/leader.ts';
import type { ObjectProblem } from './leader/remarks.ts';

/** How long the end may take, in milliseconds. */
const PATIENCE = 2000;

export interface IpamKeepingOptions {
  readonly nodename: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** The ledger's file, or `none`. */
  readonly ledger: string;
}

/** The node's IPAM, with facts that a syncer keeps up to date and a ledger; and the cluster's, while this node leads. */
export class IpamKeeping {
  /** The kinds that `apply` has to be told of. */
  static readonly kinds = [
    ...factKinds,
    'IPAMBlock',
    'Node',
    'HostEndpoint',
    'KubernetesService',
    'BGPConfiguration',
    'FelixConfiguration',
  ] as const;
  readonly ipam: Ipam;
  readonly #options: IpamKeepingOptions;
  readonly #facts: KnownFacts;
  readonly #ledger: LedgerFile | undefined;
  readonly #leader: Leader;

  constructor(options: IpamKeepingOptions) {
    const { store, clock, log, ledger } = options;
    this.#options = options;
    this.#facts = new KnownFacts(new StoreFacts(store));
    this.#ledger = ledger === 'none' ? undefined : new LedgerFile({ path: ledger, log });
    this.ipam = new Ipam({ store, clock, facts: this.#facts, ledger: this.#ledger ?? noLedger });
    this.#leader = new Leader({ ...options, ipam: this.ipam, facts: this.#facts });
  }

  /** Takes in a syncer's batch; other kinds are passed over. */
  apply(batch: readonly Update[]): void {
    this.#facts.apply(batch);
    this.#leader.apply(batch);
  }

  /** The syncer has delivered everything once: facts are known from now on, and the node contends for the lead. */
  begin(): void {
    const { nodename, log } = this.#options;
    this.#facts.inSync();
    this.#leader.begin();
    this.ipam.upgradeHost(nodename).catch((error) => {
      log.warn({ reason: reasonOf(error) }, 'affinities of older versions keep their old form until the next start');
    });
  }

  /** Hands the lead over; a store that doesn't answer holds up nobody's end. */
  async stop(): Promise<void> {
    await within(this.#options.clock, PATIENCE, this.#leader.stop());
    this.#ledger?.close();
  }

  /** Whether this node looks after what belongs to all. */
  get leads(): boolean {
    return this.#leader.leads;
  }

  /** The ledger's trouble; and what of the cluster's is not as it should be, and why, while this node leads. */
  problems(): readonly string[] {
    return [...(this.#ledger?.problems() ?? []), ...this.#leader.problems()];
  }

  /** The faults of single objects of the cluster, while this node leads. */
  remarks(): readonly ObjectProblem[] {
    return this.#leader.remarks();
  }

  /** All blocks of the cluster. */
  blocks(): readonly Prefix[] {
    return this.#leader.blocks();
  }

  /** The same, with what there is to count in each. */
  blockFigures(): readonly BlockFigures[] {
    return this.#leader.blockFigures();
  }

  /** The counts of kube-controllers; nothing while another node leads. */
  samples(): Promise<IpamSamples> {
    return this.#leader.samples();
  }
}
