import type { FloatingIp } from './filter.ts';

/** A pod of this node. */
export interface DesiredWorkload {
  /** `namespace/name` of its WorkloadEndpoint. */
  readonly key: string;
  /** Host end of its veth. */
  readonly interfaceName: string;
  /** Its addresses as `/32` and `/128` CIDRs. */
  readonly addresses: readonly string[];
  readonly floatingIps: readonly FloatingIp[];
  /** Networks that it may send from besides; none unless FelixConfiguration lets pods ask for them. */
  readonly sourcePrefixes: readonly string[];
  /** The node's addresses on its host end, as `/32` and `/128` CIDRs, where the pod has BGP sessions with the node. */
  readonly peeringAddresses?: readonly string[];
  /** Absent when nothing is limited. */
  readonly qos?: DesiredQos;
  readonly why: string;
}

/** The limits of a pod's traffic, seen from the pod: ingress is what it receives. */
export interface DesiredQos {
  readonly ingress: DesiredLimits;
  readonly egress: DesiredLimits;
  /** 0 to 63; no limit, but the mark of what the pod sends to outside all pools. */
  readonly dscp?: number;
  /** The faults in how the limits were given; those that are here hold nevertheless. */
  readonly problems: readonly string[];
}

/** Limits of one direction; what is absent is not limited. Bursts come with what they belong to. */
export interface DesiredLimits {
  /** Bits a second. */
  readonly bandwidth?: number;
  /** Bits that may pass at once after a pause. */
  readonly burst?: number;
  /** Bits a second at which a burst passes. */
  readonly peakrate?: number;
  /** Octets that may pass faster than even that. */
  readonly minburst?: number;
  /** Packets a second. */
  readonly packetRate?: number;
  readonly packetBurst?: number;
  /** TCP connections at one time. */
  readonly maxConnections?: number;
}
