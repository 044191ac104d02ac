/** A state of the BGP state machine (RFC 4271 §8.2.2), in its order. */
export const FSM_STATES = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;
export type FsmState = (typeof FSM_STATES)[number];

/** One BGP peer, as programs count it and people read of it. */
export interface ReportedPeer {
  /** Its address, or its name where several share one. */
  readonly address: string;
  readonly family: 4 | 6;
  /** How it came to be one, in Calico's words: `node-to-node mesh`, `global`, `node specific`, `local workload`. */
  readonly type: string;
  readonly session: FsmState;
  /** Why it is not Established, where that is known. */
  readonly reason?: string | undefined;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly remoteAs: number;
  /** Prefixes: before and after the import filter, and announced to it. */
  readonly received: number;
  readonly accepted: number;
  readonly advertised: number;
  /** How BFD watches it, where that was asked for: without a state it does not. `downs`: how often it was found to be gone. */
  readonly bfd?: {
    readonly state?: string;
    readonly reason?: string;
    readonly detectionTime?: number;
    readonly downs: number;
  };
  /** Of those received, the ones inside the cluster's own prefixes that it is not believed; absent for none. */
  readonly guarded?: number | undefined;
  /** Sessions that were Established and are no more. */
  readonly flaps?: number;
  /** The error that ended its session the last time, or kept it from coming up. `at`: milliseconds since 1970. */
  readonly lastError?: { readonly reason: string; readonly at: number };
  /** Malformed UPDATEs by what was done about them (RFC 7606), and what is withdrawn because of them now. */
  readonly malformed?: {
    readonly discard: number;
    readonly withdraw: number;
    readonly reset: number;
    readonly last?: { readonly at: number; readonly action: string; readonly reason: string };
    readonly withdrawn: { readonly count: number; readonly prefixes: readonly string[] };
  };
}

/**
 * The node's state in one plain value: the metrics, the pages and, by the socket's own schema, `calicoctl node status` are
 * made from it. Nothing in it is a sentence that a program would have to take apart.
 */
export interface NodeReport {
  readonly nodename: string;
  readonly version: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly ready: boolean;
  /** Whether pods are served: a node may do that before its peers are up. */
  readonly serving?: boolean;
  /** The faults that keep the node from being ready, or degrade it: sentences, for people. */
  readonly problems: readonly string[];
  /** Since when each of them is there, in milliseconds since 1970, and how often it came within a day. */
  readonly told?: readonly { readonly text: string; readonly since: number; readonly times: number }[];
  /** The policy enforced on this node; absent where none is. `refused`: parts that the kernel does not take. */
  readonly policy?: { readonly policies: number; readonly endpoints: number; readonly refused: number };
  readonly datastore: { readonly type: string; readonly inSync: boolean; readonly lastEventAgeSeconds: number };
  readonly bgp?: { readonly asn: number; readonly routerId: string; readonly peers: readonly ReportedPeer[] };
  readonly blocks: readonly {
    readonly cidr: string;
    readonly state: string;
    readonly inUse: number;
    readonly size: number;
  }[];
  readonly routes: { readonly desired: number; readonly programmed: number; readonly failed: number };
  /** Pods of this node, those whose interface is missing, and interfaces like pods' that are nobody's. */
  readonly endpoints?: { readonly desired: number; readonly missing: number; readonly strange: number };
}
