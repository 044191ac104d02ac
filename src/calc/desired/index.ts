/**
 * desired: the contract between the brain and the hands. Everything that this node should be, as one value; it depends on
 * the present resources only, never on how they came about. There is no resource of the store in it: each answer is given
 * once, by the calculation, in plain values.
 *
 *     bgp        peers, filters, what is announced      tunnels    IPIP, VXLAN, WireGuard, and who is behind them
 *     addresses  pools, own blocks                      filter     translation, services, who may send as whom
 *                                                       egress     who leaves the cluster with an address of its own
 *     workloads  own pods and their limits              host       settings of the node itself
 *     store      what this node should write there         policy     what the pods may send and receive
 *     reachability  what it answers for on its own subnets
 */
import type { DesiredBlock, DesiredPool } from './addresses.ts';
import type { DesiredBgp } from './bgp.ts';
import type { DesiredNat, DesiredServices, DesiredSpoofing } from './filter.ts';
import type { DesiredHost } from './host.ts';
import type { DesiredPolicy } from './policy.ts';
import type { DesiredReachability } from './reachability.ts';
import type { DesiredStore } from './store.ts';
import type { DesiredTunnels } from './tunnels.ts';
import type { DesiredWorkload } from './workloads.ts';

export type { DesiredBlock, DesiredPool, Encapsulation, HostAddresses } from './addresses.ts';
export { NO_HOSTS } from './addresses.ts';
export type {
  Announcement,
  BfdInterface,
  DesiredBgp,
  DesiredFilter,
  DesiredFilterRule,
  DesiredPeer,
  FilterList,
  PeerLimits,
  PeerType,
  PrefixCommunities,
} from './bgp.ts';
export type { DesiredEgress, EgressPool, EgressWay } from './egress.ts';
export type { DesiredDscp, DesiredNat, DesiredServices, DesiredSpoofing, FloatingIp } from './filter.ts';
export type { DesiredHost } from './host.ts';
export type { DesiredPaths, DesiredWay } from './paths.ts';
export type { DesiredHosts, DesiredPolicy, DesiredSet, PolicyMarks, PolicySettings } from './policy.ts';
export { PLAIN_SETTINGS } from './policy.ts';
export type { DesiredReachability, ProxiedAddress } from './reachability.ts';
export type { DesiredStore } from './store.ts';
export type {
  DesiredIpip,
  DesiredPodTunnels,
  DesiredTunnels,
  DesiredVtep,
  DesiredVxlan,
  DesiredVxlanRoute,
  DesiredWireguard,
  DesiredWireguardPeer,
  DesiredWireguardRoute,
} from './tunnels.ts';
export { NO_TUNNELS } from './tunnels.ts';
export type { DesiredLimits, DesiredQos, DesiredWorkload } from './workloads.ts';

/** A section that did not change is the same object as before, so a reconciler sees at a glance that it has nothing to do. */
export interface Desired {
  readonly bgp: DesiredBgp | undefined;
  readonly blocks: readonly DesiredBlock[];
  readonly workloads: readonly DesiredWorkload[];
  readonly pools: readonly DesiredPool[];
  readonly tunnels: DesiredTunnels;
  readonly nat: DesiredNat;
  readonly services: DesiredServices;
  readonly spoofing: readonly DesiredSpoofing[];
  readonly host: DesiredHost;
  /** Undefined: it answers for itself alone. */
  readonly reachability: DesiredReachability | undefined;
  readonly store: DesiredStore;
  /** Undefined: nothing in the cluster restricts anybody. */
  readonly policy: DesiredPolicy | undefined;
}
