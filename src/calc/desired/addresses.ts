/** A block that is ours: it is announced, and what no pod has of it leads nowhere. */
export interface DesiredBlock {
  readonly cidr: string;
  /** Addresses in use, for status and metrics. */
  readonly inUse: number;
  readonly size: number;
}

export type Encapsulation = 'Never' | 'Always' | 'CrossSubnet';

export interface DesiredPool {
  readonly name: string;
  readonly cidr: string;
  readonly ipip: Encapsulation;
  readonly vxlan: Encapsulation;
  readonly natOutgoing: boolean;
  readonly disabled: boolean;
  readonly disableBgpExport: boolean;
  /** For addresses of services only: no pod is ever behind it. */
  readonly loadBalancerOnly?: boolean;
}
