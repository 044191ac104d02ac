/**
 * ipam: who gets which address.
 *
 * Pools are cut into blocks; a node claims blocks (`affinities.ts`: pending → block → confirmed) and gives single
 * addresses out of them to owners known by a handle. `block.ts` is the arithmetic, pure; `blocks.ts`, `handles.ts`
 * and `affinities.ts` are the three kinds of objects in the store; `assigner.ts` and `releaser.ts` are the verbs;
 * `allocator.ts` is the door. Names, order of reuse, messages and stored objects are Calico's.
 *
 * Invariants: an address is given out by a compare-and-swap on its block and in no other way, so that it never has
 * two owners, whoever races. A handle is counted up before its block is written and down after it. Whatever we
 * remember of the store leads to a compare-and-swap or is read again. A crash between two writes leaves a trace that
 * the next claim, the collector or the audit finds.
 */
export { affinityState, hostOf, isConfirmed, isHostAffinity } from './affinity.ts';
export {
  type AssignmentAttributes,
  type AutoAssignment,
  type AutoAssignRequest,
  Ipam,
  type IpamOptions,
} from './allocator.ts';
export type { Assignment } from './assigner.ts';
export {
  type AllocationReport,
  type AuditReport,
  audit,
  type Finding,
  type FindingCode,
} from './audit.ts';
export { type AuditInput, readAuditInput, type Use, usesOfEndpoints, usesOfNodes } from './audit-input.ts';
export { isBorrowed } from './block.ts';
export { blockFaults } from './block-check.ts';
export { Collector, type CollectorOptions, DEFAULT_GRACE, type Sweep } from './collect.ts';
export { DEFAULT_MAX_BLOCKS } from './errand.ts';
export { IpamError, type IpamErrorCode, isIpamError } from './errors.ts';
export { type Facts, StoreFacts } from './facts.ts';
export { type BlockFigures, blockFigures } from './figures.ts';
export { handleOf, tunnelType } from './handle.ts';
export { factKinds, KnownFacts } from './known-facts.ts';
export { type Ledger, type LedgerEntry, noLedger, type Tenancy, tenancies, tenantAt } from './ledger.ts';
export { DEFAULT_LEDGER, LedgerFile, type LedgerFileOptions, readLedger } from './ledger-file.ts';
export { loadBalancerAllocations } from './load-balancer.ts';
export type { ClaimedBlocks } from './ownership.ts';
export type { Owner } from './parts.ts';
export {
  allows,
  choosePools,
  type Pool,
  type PoolRequest,
  type PoolUse,
  poolOf,
  readPools,
  selectsNode,
} from './pools.ts';
export type { ReleaseRequest } from './releaser.ts';
export { Reservations } from './reservations.ts';
export type { Place } from './round.ts';
export { tunnelAddress } from './tunnels.ts';
export { type BlockUsage, type PoolUsage, type Usage, utilization } from './utilization.ts';
