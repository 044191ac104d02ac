import type { Clock, Family, Log, Prefix } from '../base/index.ts';
import type { Desired } from '../calc/index.ts';
import type { Store, Update } from '../datastore/index.ts';
import type { BlockFigures, Ipam } from '../ipam/index.ts';
import type { Node, TunnelAddressKind } from '../model/index.ts';
import type { Kernel } from '../netlink/index.ts';
import type { IpamSamples } from '../observe/index.ts';
import { addressAmongPods, addressNowhere } from './address-nowhere.ts';
import { IpamKeeping } from './ipam-keeping.ts';
import { KnownNodes } from './known-nodes.ts';
import { type ObjectProblem, RemarkKeeping } from './leader/remarks.ts';
import { Namesake } from './namesake.ts';
import { NetworkCondition } from './network-condition.ts';
import { NodeKeeping } from './node-keeping.ts';
import { NodeStatuses } from './node-statuses.ts';
import { keepNode, untilRegistered, type Waiting } from './registration.ts';
import type { NodeSettings } from './settings.ts';
import { TunnelAddresses } from './tunnel-addresses.ts';
import { WireguardKeys } from './wireguard-keys.ts';

export interface KeepingOptions {
  readonly config: NodeSettings & {
    readonly VROUTER_IPAM_LEDGER: string;
    readonly CALICO_NETWORKING_BACKEND: string;
    readonly FELIX_INTERFACEPREFIX: string;
  };
  readonly store: Store;
  readonly datastoreType?: string;
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether a tunnel's device is there, so that others may hear of its address. */
  readonly tunnelIsReady: (kind: TunnelAddressKind) => boolean;
  /** The faults of objects in the store. */
  readonly problems: () => readonly ObjectProblem[];
  /** Answers a CalicoNodeStatus of this node. */
  readonly nodeStatus: (classes: readonly string[]) => Promise<Readonly<Record<string, unknown>>>;
  /** The annotations by which it answers those that ask for more. */
  readonly nodeAnswer: (annotations: Readonly<Record<string, string>>) => Promise<Readonly<Record<string, string>>>;
}

/** The third hand: makes the store say what this node should, and as the leader what belongs to all. */
export class Keeping {
  /** The kinds that `heard` has to be told of. */
  static readonly kinds = [...IpamKeeping.kinds, 'CalicoNodeStatus'] as const;
  readonly #options: KeepingOptions;
  readonly #nodes: KnownNodes;
  readonly #namesake: Namesake;
  readonly #node: NodeKeeping;
  readonly #addresses: IpamKeeping;
  readonly #tunnels: TunnelAddresses;
  readonly #keys: WireguardKeys;
  readonly #condition: NetworkCondition;
  readonly #remarks: RemarkKeeping;
  readonly #statuses: NodeStatuses;
  /** Why the node's own address is not the host's. */
  #addressProblems: readonly string[] = [];

  constructor(options: KeepingOptions) {
    this.#options = options;
    const { config, store, clock, log } = options;
    const nodename = config.NODENAME;
    const shared = { nodename, store, clock };
    this.#nodes = new KnownNodes(shared);
    const nodes = this.#nodes;
    this.#namesake = new Namesake({ ...shared, log });
    this.#node = new NodeKeeping({
      ...shared,
      log,
      look: () => this.#look(),
      isContested: () => this.#namesake.isThere,
    });
    const ipamLog = log.child({ component: 'ipam' });
    this.#addresses = new IpamKeeping({ ...shared, log: ipamLog, ledger: config.VROUTER_IPAM_LEDGER });
    const { ipam } = this.#addresses;
    const isReady = options.tunnelIsReady;
    this.#tunnels = new TunnelAddresses({ ...shared, nodes, log: ipamLog, ipam, isReady });
    this.#keys = new WireguardKeys({ ...shared, nodes, log: log.child({ component: 'wireguard' }) });
    const conditions = config.CALICO_NETWORKING_BACKEND === 'none' ? undefined : store.conditions;
    this.#condition = new NetworkCondition({ ...shared, conditions, log });
    this.#statuses = new NodeStatuses({ ...shared, log, report: options.nodeStatus, annotate: options.nodeAnswer });
    this.#remarks = new RemarkKeeping({
      ...shared,
      remarks: store.remarks,
      log,
      speaks: () => this.#addresses.leads,
      problems: () => [...options.problems(), ...this.#addresses.remarks()],
    });
  }

  get ipam(): Ipam {
    return this.#addresses.ipam;
  }

  /** Makes the node known to the cluster, before anything else is read. Resolves when it is. */
  async register(waiting: Waiting): Promise<Node> {
    const node = await untilRegistered(this.#options, waiting);
    this.#namesake.wrote(node);
    return node;
  }

  /** Takes what is to be written to the store. Applying the same again does nothing. */
  apply({ store }: Pick<Desired, 'store'>): void {
    this.#tunnels.want(store.tunnelPools);
  }

  /** Takes in a syncer's batch. */
  heard(batch: readonly Update[]): void {
    this.#nodes.apply(batch);
    this.#namesake.apply(batch);
    this.#node.apply(batch);
    this.#condition.apply(batch);
    this.#addresses.apply(batch);
    this.#tunnels.apply(batch);
    this.#keys.apply(batch);
    this.#statuses.apply(batch);
  }

  /** The syncer has delivered everything once. */
  begin(): void {
    this.#nodes.inSync();
    this.#node.begin();
    this.#addresses.begin();
    this.#tunnels.begin();
    this.#remarks.begin();
  }

  /** The node serves pods from now on. */
  serving(): void {
    this.#condition.up();
    this.#statuses.begin();
  }

  /** The host's links or addresses have changed. */
  topologyChanged(): void {
    this.#node.topologyChanged();
  }

  /** A tunnel's device has come. */
  tunnelReady(): void {
    this.#tunnels.deviceReady();
  }

  /** Takes the key of the WireGuard device of a family; undefined when there is none. */
  key(family: Family, key: string | undefined): void {
    this.#keys.want(family, key);
  }

  /** The parts of the store that are not as they should be, and why. */
  problems(): readonly string[] {
    return [
      ...this.#tunnels.problems(),
      ...this.#keys.problems(),
      ...this.#node.problems(),
      ...this.#namesake.problems(),
      ...this.#addresses.problems(),
      ...this.#addressProblems,
    ];
  }

  /** All blocks of the cluster. */
  blocks(): readonly Prefix[] {
    return this.#addresses.blocks();
  }

  /** The same, with what there is to count in each. */
  blockFigures(): readonly BlockFigures[] {
    return this.#addresses.blockFigures();
  }

  /** The counts of kube-controllers; nothing while another node leads. */
  samples(): Promise<IpamSamples> {
    return this.#addresses.samples();
  }

  /** Nothing more is looked at, and pods that come now find nobody; said before anything else ends. */
  async leave(): Promise<void> {
    this.#statuses.stop();
    await this.#condition.stop();
    await this.#node.stop();
    await this.#remarks.stop();
  }

  /** Waits for what is under way, and hands the lead over. */
  async stop(): Promise<void> {
    await this.#tunnels.stop();
    await this.#addresses.stop();
    await this.#keys.stop();
  }

  async #look(): Promise<void> {
    const node = await keepNode({ ...this.#options, nodes: this.#nodes });
    this.#namesake.wrote(node);
    await this.#lookForAddress(node);
  }

  /** An address that no interface of this host holds is nobody's way to reach it. */
  async #lookForAddress({ spec }: Node): Promise<void> {
    const { kernel, log } = this.#options;
    const own = [spec.bgp?.ipv4Address, spec.bgp?.ipv6Address].flatMap((address) => address?.split('/')[0] || []);
    const held = own.length === 0 ? [] : await kernel.addressList();
    const { FELIX_INTERFACEPREFIX: podPrefix } = this.#options.config;
    const problems = [...addressNowhere(own, held), ...addressAmongPods(own, held, podPrefix)];
    for (const problem of problems) if (!this.#addressProblems.includes(problem)) log.warn({}, problem);
    this.#addressProblems = problems;
  }
}
