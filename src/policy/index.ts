/**
 * policy: who may talk to whom, as a pure function.
 *
 *     objects ─► sources ─► tiers of policies of rules ─► judge(world, packet) ─► verdict, with all that led to it
 *
 * Every kind of policy becomes one form (`form.ts`): tiers in an order, policies in an order within them, rules in the
 * order in which they are written. A verdict names what decided and each candidate that the packet passed on its way
 * (`verdict.ts`); on a node with host endpoints the hook in which it stands counts too (`host.ts`). What is not understood
 * never opens anything, and is told (`sources/closed.ts`). Nothing here knows of a kernel: what is rendered there is held
 * to this. `explain/` and `cases/` are doors of their own: who never asks does not load them.
 */

export {
  asksPods,
  classKey,
  type EndpointClass,
  type EnforcedEndpoint,
  type Enforcement,
  enforcementOf,
  policyKey,
  referencesOfRules,
  type SetMembers,
  type SetReference,
  setKey,
} from './enforcement.ts';
export {
  type AddressSet,
  type Direction,
  type Endpoint,
  type Match,
  type Policy,
  type Ports,
  type Problem,
  type Profile,
  policyIdText,
  type Rule,
  type ServiceBackend,
  type Side,
  type Tier,
} from './form.ts';
export type { Failsafe, HostPacket, HostPath, HostSettings, HostVerdict } from './host.ts';
export { DEFAULT_FAILSAFES, judgeOnHost, NEIGHBOUR_TYPES } from './host.ts';
export {
  asksAt,
  type EnforcedHostEndpoint,
  HOST_ASKS,
  type HostAsk,
  type HostClass,
  type HostEnforcement,
  type HostHook,
  hostClassKey,
  hostClassOf,
  hostEnforcementOf,
} from './host-enforcement.ts';
export {
  ALL_INTERFACES,
  type HostInterfaceProblem,
  type HostInterfaces,
  hostInterfaces,
  LOOPBACK,
} from './host-interfaces.ts';
export { isRevoked, revokesConnectionsOf } from './live.ts';
export type { Packet } from './match.ts';
export { comparePolicies, TierOrder } from './order.ts';
export { protocolHasPorts, protocolName, protocolNumber } from './protocol.ts';
export { hostEndpoint, networkSet, nodeSet, workloadEndpoint } from './sources/endpoint.ts';
export { LIVE_ANNOTATION, type PolicyObject, readPolicy, readProfile, readTier } from './sources/index.ts';
export { backendsOf, serviceOf } from './sources/service.ts';
export { decideFor, type EndpointDecision, judge } from './verdict.ts';
export { describeDecision, describeHostVerdict, describeReason } from './words.ts';
export { isInOneOf, profileOf, type TierOfEndpoint, World } from './world.ts';
