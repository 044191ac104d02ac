/**
 * calc: the brain. Pure and synchronous.
 *
 *     resources ─► graph ─► Desired (bgp, blocks, workloads, pools, tunnels, nat, services, spoofing, host, policy)
 *
 * Output depends on the present resources alone: no order of arrival, no "last good". Sections that no change touched
 * keep their identity. `desired/` is the contract with the hands (dataplane, routing, keeping).
 */
export { Calculation } from './calculation.ts';
export type {
  Announcement,
  Desired,
  DesiredBgp,
  DesiredBlock,
  DesiredDscp,
  DesiredHost,
  DesiredIpip,
  DesiredLimits,
  DesiredNat,
  DesiredPaths,
  DesiredPeer,
  DesiredPolicy,
  DesiredPool,
  DesiredQos,
  DesiredReachability,
  DesiredServices,
  DesiredSpoofing,
  DesiredStore,
  DesiredTunnels,
  DesiredVtep,
  DesiredVxlan,
  DesiredVxlanRoute,
  DesiredWireguard,
  DesiredWireguardPeer,
  DesiredWireguardRoute,
  DesiredWorkload,
  Encapsulation,
  FloatingIp,
  PeerType,
  ProxiedAddress,
} from './desired/index.ts';
export { NO_TUNNELS } from './desired/index.ts';
export { seconds } from './duration.ts';
export { EFFECTS, effectOf, unmetFields } from './effects/index.ts';
export type { FelixSettings } from './felix.ts';
export { asNumber, nodeAddress } from './node-bgp.ts';
export { INPUT_KINDS, type InputKind } from './projections.ts';
export type { AdvertisedAddress } from './service-advertising.ts';
export { isOfOthers, type SourceUpdate } from './sources.ts';
export { sameSubnet, vtepMac } from './vxlan.ts';
