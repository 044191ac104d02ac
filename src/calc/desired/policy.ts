import type { Entries, Family } from '../../base/index.ts';
import type {
  EndpointClass,
  EnforcedEndpoint,
  EnforcedHostEndpoint,
  Failsafe,
  HostClass,
  Policy,
  Problem,
  Profile,
} from '../../policy/index.ts';

/**
 * The policy that the node's pods are held to: `Enforcement`, as collections that know how they differ from what they
 * were.
 */
export interface DesiredPolicy {
  /** By the name of the pod's interface on the host. */
  readonly endpoints: Entries<EnforcedEndpoint>;
  /** By key; those that some endpoint here is of. */
  readonly classes: Entries<EndpointClass>;
  /** By `policyKey`; those that some class asks. */
  readonly policies: Entries<Policy>;
  /** By name; those that some class asks and that are there. One that is not there lets nothing through. */
  readonly profiles: Entries<Profile>;
  /**
   * By `setKey`; those that a rule of these policies and profiles looks into. A set whose members change is another
   * object.
   */
  readonly sets: Entries<DesiredSet>;
  /** The parts of stored policies and profiles that are not understood, and what holds instead. */
  readonly problems: readonly Problem[];
  /** Absent: no host endpoint is on this node, and its own traffic is nobody's to judge. */
  readonly hosts?: DesiredHosts | undefined;
  /** The fate of packets from pods to their own host that the pods' policy lets out; absent: `Drop`. */
  readonly endpointToHost?: 'Drop' | 'Accept' | 'Return' | undefined;
  /** How rules are written; absent: as `PLAIN_SETTINGS`. */
  readonly settings?: PolicySettings | undefined;
}

/** The settings that all rules share, and that change rarely. */
export interface PolicySettings {
  /** The beginning of log lines by rules with the action Log; `%t` tier, `%k` kind, `%n` name, `%p` namespace/name. */
  readonly logPrefix: string;
  /** `10/second`, for each such rule; empty: no limit. */
  readonly logRate: string;
  /** Packets. */
  readonly logBurst: number;
  /** Whether packets that conntrack calls invalid are dropped before anybody is asked. */
  readonly dropsInvalid: boolean;
  /** Whether each rule counts the packets that it decides. */
  readonly countsRules?: boolean;
  /** Whether what is denied in the filter's hooks is refused, so that who sent it knows, and not dropped. */
  readonly rejects: boolean;
  readonly marks: PolicyMarks;
  /** Most entries of a set in one family; what looks into one with more lets nothing through. */
  readonly maxSetSize: number;
}

/** Bits of a packet's mark, one each. */
export interface PolicyMarks {
  /** The packet was accepted before the filter: no later policy of its interface sees it. */
  readonly accept: number;
  /** Tells a class chain that a policy passed. */
  readonly pass: number;
  /** One end of the packet is this host: it comes here from a pod, or was translated on its way out. */
  readonly local: number;
}

export const PLAIN_SETTINGS: PolicySettings = {
  logPrefix: 'calico-packet',
  logRate: '10/second',
  logBurst: 5,
  dropsInvalid: true,
  rejects: false,
  marks: { accept: 0x10000, pass: 0x20000, local: 0x40000 },
  maxSetSize: 1_048_576,
};

/**
 * `HostEnforcement` (policy), as collections. Which interface has an expected address, the dataplane knows. The sets
 * that these policies and profiles look into are among the pods'.
 */
export interface DesiredHosts {
  /** This node's own, by their names. */
  readonly endpoints: Entries<EnforcedHostEndpoint>;
  /** By `hostClassKey`; those that some endpoint here is of. */
  readonly classes: Entries<HostClass>;
  /** By `policyKey`; those that some class asks. */
  readonly policies: Entries<Policy>;
  /** By name; those that some class asks and that are there. */
  readonly profiles: Entries<Profile>;
  /** Ports that stay open whatever policy says. */
  readonly failsafes: { readonly inbound: readonly Failsafe[]; readonly outbound: readonly Failsafe[] };
}

export interface DesiredSet {
  /** Whether it is looked into with an address alone, or with protocol and port too. */
  readonly of: 'addresses' | 'ports';
  /** `10.0.0.1`, or `10.0.0.1 . 6 . 80` (protocol and port by number), each with its family. */
  readonly members: Entries<Family>;
  /** Networks of more than one address; they may overlap. Of a set of addresses alone. */
  readonly nets: Entries<Family>;
}
