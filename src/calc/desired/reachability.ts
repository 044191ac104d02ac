import type { Entries } from '../../base/index.ts';

/** An address that the node answers for (ARP, ND) to those on its own subnets. */
export interface ProxiedAddress {
  /** Without a length. */
  readonly address: string;
  /** A Service's or a gateway's may have been another node's until now; a pod is on one node alone. */
  readonly of: 'pod' | 'service' | 'egress';
  readonly why: string;
}

/** The addresses that the node answers for besides its own. */
export interface DesiredReachability {
  /** By address. */
  readonly addresses: Entries<ProxiedAddress>;
  /** Seconds after which all are announced again; 0 for never. */
  readonly refresh: number;
}
