import { formatPrefix, tryParseAddress, tryParsePrefix } from '../base/index.ts';
import { affinityName, type BlockAffinity, handleName, type IPAMBlock } from '../model/index.ts';
import { affinityState, affinityText, hostOf, isConfirmed, ownerOf } from './affinity.ts';
import type { Attribute } from './attributes.ts';
import type { AuditInput, Use } from './audit-input.ts';
import { addressText, attributeOf, isBorrowed, isWindowsReserved } from './block.ts';
import { blockFaults, isReadable } from './block-check.ts';
import { tunnelType } from './handle.ts';
import { poolOf } from './pools.ts';
import type { Sequence } from './sequence.ts';

/** The faults that can be found, with the remedy for each. */
const remedies = {
  LEAKED_ADDRESS: 'give it back: calicoctl ipam release --ip=<address>, if its owner is really gone',
  DOUBLE_USE: 'delete all but one of its users: they will get addresses of their own',
  NOT_IN_POOL: 'create a pool that holds it, or delete its user',
  NOT_ALLOCATED: 'delete its user soon: IPAM may give the address to somebody else',
  EMPTY_HANDLE: 'it can go: no block mentions it',
  MISSING_HANDLE: 'nothing urgent: the housekeeping makes it again; until then by handle its addresses are not found',
  MISCOUNTED_HANDLE: 'nothing urgent: the housekeeping puts it right, and so does releasing the handle',
  INVALID_BLOCK: 'give its addresses back and delete it once it is empty',
  UNFINISHED_CLAIM: 'nothing if its node is alive: the next assignment there finishes it; else release the node',
  UNFINISHED_RELEASE: 'nothing if its node is alive: the next assignment there settles it; else release the node',
  AFFINITY_WITHOUT_BLOCK: 'it can go, or the next assignment of its node makes the block',
  STALE_AFFINITY: 'it can go: the block belongs to somebody else',
  BLOCK_WITHOUT_AFFINITY:
    'nothing if its node is alive: claiming the block again writes the affinity; else release its addresses',
  NODE_GONE: 'release its blocks: no such node is left to use them',
} as const;

export type FindingCode = keyof typeof remedies;

export interface Finding {
  readonly code: FindingCode;
  /** Its subject: an address, a handle, a block's CIDR or the name of an affinity. */
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
}

/** One allocation, as the report of `calicoctl ipam check` has it. */
export interface AllocationReport {
  readonly address: string;
  readonly block: string;
  readonly handle?: string | undefined;
  readonly sequenceNumber: Sequence;
  readonly attributes: Readonly<Record<string, string>>;
  readonly inUse: boolean;
  readonly borrowed: boolean | undefined;
  readonly coolingDown: boolean;
  readonly owners: readonly string[];
}

export interface AuditReport {
  readonly findings: readonly Finding[];
  /** In order of block and ordinal. */
  readonly allocations: readonly AllocationReport[];
  readonly matchedHandles: number;
}

/** Compares what IPAM believes with what is used, and the objects of IPAM with each other. */
export function audit(input: AuditInput): AuditReport {
  const findings: Finding[] = [];
  const found = (code: FindingCode, subject: string, message: string): void => {
    findings.push({ code, subject, message, remedy: remedies[code] });
  };
  const ownersOf = Map.groupBy(input.uses, ({ address }) => address);
  const readable = input.blocks.filter(({ spec }) => isReadable(spec));
  const allocations = readable.flatMap((block) => allocationsOf(block, ownersOf));
  checkUses(input, allocations, found);
  const matchedHandles = checkHandles(input, allocations, found);
  checkBlocks(input, found);
  return { findings, allocations, matchedHandles };
}

type Found = (code: FindingCode, subject: string, message: string) => void;

function allocationsOf({ spec }: IPAMBlock, ownersOf: ReadonlyMap<string, readonly Use[]>): AllocationReport[] {
  const reports: AllocationReport[] = [];
  for (const ordinal of spec.allocations.keys()) {
    const attribute = attributeOf(spec, ordinal);
    if (attribute === undefined) continue;
    const address = addressText(spec, ordinal);
    const users = (ownersOf.get(address) ?? []).map(({ owner }) => owner);
    const owners = [...users, ...unseenOwners(attribute)];
    reports.push({
      address,
      block: spec.cidr,
      handle: attribute.handle_id,
      sequenceNumber: spec.sequenceNumberForAllocation?.[ordinal] ?? 0n,
      attributes: attribute.secondary ?? {},
      inUse: owners.length > 0,
      borrowed: isBorrowed(spec, ordinal),
      coolingDown: attribute.releasedAt !== undefined,
      owners,
    });
  }
  return reports;
}

const knownTypes = new Set([...Object.values(tunnelType), 'LoadBalancer']);
/** Of a virtual machine that keeps its address while it is stopped: then nothing but the handle is left. */
const VIRTUAL_MACHINE = /\.vmi\.([^.]+)\.(.+)$/;

/** Owners that can't be looked for: whether they are gone is not ours to say. */
function unseenOwners(attribute: Attribute): readonly string[] {
  const { handle_id: handle = '', secondary: { pod, type } = {} } = attribute;
  if (isWindowsReserved(attribute)) return ['Windows'];
  if (pod !== undefined) return [];
  if (type !== undefined) return knownTypes.has(type) ? [] : [`UnknownType(${type})`];
  const [, namespace, name] = VIRTUAL_MACHINE.exec(handle) ?? [];
  return name === undefined ? [] : [`VirtualMachine(${namespace}/${name})`];
}

function checkUses({ pools, uses }: AuditInput, allocations: readonly AllocationReport[], found: Found): void {
  for (const { address, handle, attributes, inUse, coolingDown } of allocations) {
    if (inUse || coolingDown) continue;
    const who = attributes['pod'] ?? attributes['type'] ?? attributes['note'] ?? 'an unknown owner';
    const where = attributes['node'] === undefined ? '' : ` on ${attributes['node']}`;
    found('LEAKED_ADDRESS', address, `allocated to ${who}${where} (handle ${handle ?? 'none'}) and used by nobody`);
  }
  const allocated = new Set(allocations.map(({ address }) => address));
  const active = pools.filter(({ enabled }) => enabled);
  for (const [address, users] of Map.groupBy(uses, (use) => use.address)) {
    const owners = users.map(({ owner }) => owner).join(', ');
    if (users.length > 1) found('DOUBLE_USE', address, `used by ${owners}`);
    const at = tryParseAddress(address);
    if (allocated.has(address) || at === undefined) continue;
    if (poolOf(active, at) === undefined) found('NOT_IN_POOL', address, `used by ${owners}, in no active pool`);
    else found('NOT_ALLOCATED', address, `used by ${owners}, and IPAM doesn't know of it`);
  }
}

/** Returns how many handles have addresses. */
function checkHandles({ handles }: AuditInput, allocations: readonly AllocationReport[], found: Found): number {
  const held = Map.groupBy(
    allocations.filter(
      ({ handle, coolingDown }) => handle !== undefined && !coolingDown && !isWindowsReserved({ handle_id: handle }),
    ),
    ({ handle = '' }) => handleName(handle.split('\r', 1)[0]),
  );
  let matched = 0;
  const known = new Set<string>();
  for (const { metadata, spec } of handles) {
    known.add(metadata.name);
    const addresses = held.get(metadata.name) ?? [];
    if (addresses.length === 0) {
      found('EMPTY_HANDLE', spec.handleID, `promises addresses in ${Object.keys(spec.block).join(', ')} and has none`);
      continue;
    }
    matched++;
    const counts = new Map(Object.entries(spec.block));
    for (const { block } of addresses) counts.set(block, (counts.get(block) ?? 0) - 1);
    const wrong = [...counts]
      .filter(([, rest]) => rest !== 0)
      .map(([block, rest]) => `${block}: ${Math.abs(rest)} too ${rest > 0 ? 'many' : 'few'}`);
    if (wrong.length > 0) found('MISCOUNTED_HANDLE', spec.handleID, `counts wrongly in ${wrong.join(', ')}`);
  }
  for (const [name, addresses] of held) {
    if (known.has(name)) continue;
    const list = addresses.map(({ address }) => address).join(', ');
    found('MISSING_HANDLE', addresses[0].handle ?? name, `has ${list} and no handle object`);
  }
  return matched;
}

function checkBlocks({ blocks, affinities, nodes, wallTime }: AuditInput, found: Found): void {
  const byCidr = new Map(blocks.map((block) => [block.spec.cidr, block]));
  const claims = new Set(affinities.map((affinity) => `${affinity.spec.cidr} ${affinityText(ownerOf(affinity))}`));
  for (const { spec } of blocks) {
    for (const fault of blockFaults(spec, wallTime)) found('INVALID_BLOCK', spec.cidr, fault);
    if (spec.affinity === undefined) continue;
    const node = hostOf(spec.affinity);
    if (!claims.has(`${spec.cidr} ${spec.affinity}`)) {
      found('BLOCK_WITHOUT_AFFINITY', spec.cidr, `belongs to ${node ?? spec.affinity}, which has no affinity for it`);
    }
    if (node !== undefined && !nodes.includes(node))
      found('NODE_GONE', spec.cidr, `belongs to ${node}, which doesn't exist`);
  }
  for (const affinity of affinities) checkAffinity(affinity, byCidr.get(canonical(affinity.spec.cidr)), found);
}

function checkAffinity(affinity: BlockAffinity, block: IPAMBlock | undefined, found: Found): void {
  const { node, cidr, state } = affinity.spec;
  const name = affinityName(node, cidr);
  if (block !== undefined && block.spec.affinity !== affinityText(ownerOf(affinity))) {
    found('STALE_AFFINITY', name, `${node} claims ${cidr}, which belongs to ${block.spec.affinity ?? 'nobody'}`);
  } else if (state === affinityState.pending) {
    found('UNFINISHED_CLAIM', name, `${node} began to claim ${cidr} and did not finish`);
  } else if (!isConfirmed(affinity)) {
    found('UNFINISHED_RELEASE', name, `${node} began to give up ${cidr} and did not finish`);
  } else if (block === undefined) {
    found('AFFINITY_WITHOUT_BLOCK', name, `${node} owns ${cidr}, and there is no such block`);
  }
}

function canonical(cidr: string): string {
  const parsed = tryParsePrefix(cidr);
  return parsed === undefined ? cidr : formatPrefix(parsed);
}
