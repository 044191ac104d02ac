import type { PoolSettings } from './pool-settings.ts';

/** The daemon's settings of what it says of its node, by their names in the environment. */
export interface NodeSettings extends PoolSettings {
  readonly NODENAME: string;
  /** An address, with or without its prefix length; `autodetect`; `none`; or nothing: what the Node says, else detected. */
  readonly IP: string;
  readonly IP6: string;
  readonly IP_AUTODETECTION_METHOD: string;
  readonly IP6_AUTODETECTION_METHOD: string;
  readonly AS?: string | undefined;
  readonly CLUSTER_TYPE: string;
  /** The Kubernetes node that this node is, for who cleans up after it; empty: not told. */
  readonly CALICO_K8S_NODE_REF: string;
  readonly DISABLE_NODE_IP_CHECK: boolean;
  readonly WAIT_FOR_DATASTORE: boolean;
}
