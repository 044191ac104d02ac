/** Answers about the cluster as a whole, and about one address in it. Pages alone ask: types are all they need. */

interface BlockUse {
  readonly cidr: string;
  /** Absent: no node has it. */
  readonly node?: string;
  readonly inUse: number;
  readonly size: number;
}

export interface ClusterAnswer {
  /** By name. */
  readonly nodes: readonly {
    readonly name: string;
    /** Those that the others reach it by. */
    readonly addresses: readonly string[];
    readonly asn?: number;
  }[];
  /** By CIDR. */
  readonly pools: readonly {
    readonly name: string;
    readonly cidr: string;
    /** Length of its blocks' prefixes. */
    readonly blockSize: number;
    /** `none`, or the mode of IPIP or VXLAN in words. */
    readonly encapsulation: string;
    readonly disabled: boolean;
  }[];
  /** By address. */
  readonly blocks: readonly BlockUse[];
}

export interface AddressAnswer {
  readonly address: string;
  /** The node whose own address it is. */
  readonly node?: string;
  /** `namespace/name` of the pod, or the name of the host endpoint, that has it. */
  readonly endpoint?: string;
  readonly block?: BlockUse;
  readonly pool?: string;
  /** The block's entry for it: handle, pod, namespace, node, since when. Absent: nobody has it. */
  readonly assignment?: Readonly<Record<string, string>>;
}

export interface PolicyHitsAnswer {
  /** Those that some pod here is held to, by tier and order. */
  readonly policies: readonly {
    readonly policy: string;
    readonly tier: string;
    /** Absent: after all that have one. */
    readonly order?: number;
    /** Pods of this node. */
    readonly endpoints: number;
    readonly ingressRules: number;
    readonly egressRules: number;
  }[];
  /** Whether rules count that let a packet through (VROUTER_POLICY_RULE_COUNTERS); those that deny always do. */
  readonly countsAll: boolean;
  readonly rules: readonly {
    readonly tier: string;
    readonly policy: string;
    readonly rule: string;
    readonly direction: string;
    readonly verdict: 'allow' | 'deny' | 'pass' | 'log';
    readonly packets: number;
    readonly bytes: number;
  }[];
}
