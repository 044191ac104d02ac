import {
  type Address,
  address,
  containsAddress,
  formatAddress,
  formatPrefix,
  type Prefix,
  parsePrefix,
  prefixSize,
} from '../base/index.ts';
import type { IPAMBlock } from '../model/index.ts';
import { type Attribute, cooling, isCooling, sameAttribute, withoutUnused } from './attributes.ts';
import { IpamError } from './errors.ts';
import { firstSequence, nextSequence, type Sequence, sameSequence } from './sequence.ts';

/**
 * The arithmetic of a block: which ordinals are given out, to whom, and in which order they come again. Every
 * function takes the stored `spec` and returns a new one (or the same one, if nothing changed); none touches its
 * input, because the input is somebody's cache.
 */
export type BlockSpec = IPAMBlock['spec'];

/** Bookkeeping of Calico's Windows nodes: such addresses don't make a block "in use". */
const WINDOWS_RESERVED = 'windows-reserved-ipam-handle';

/** A block of which nothing is given out. `affinity` as it is stored: `host:node1`. */
export function emptyBlock(cidr: Prefix, affinity: string | undefined, wallTime: number): BlockSpec {
  const size = Number(prefixSize(cidr));
  return {
    cidr: formatPrefix(cidr),
    ...(affinity === undefined ? {} : claimedBy(affinity, wallTime)),
    allocations: new Array<null>(size).fill(null),
    unallocated: Array.from({ length: size }, (_, ordinal) => ordinal),
    attributes: [],
    sequenceNumber: firstSequence(wallTime),
    sequenceNumberForAllocation: {},
    deleted: false,
    strictAffinity: false,
  };
}

/** Takes up to `count` ordinals from the front of the queue, stepping over the reserved ones, which keep their place. */
export function allocate(
  block: BlockSpec,
  count: number,
  attribute: Attribute,
  isReserved: (ordinal: number) => boolean = () => false,
): { readonly block: BlockSpec; readonly ordinals: readonly number[] } {
  const ordinals: number[] = [];
  const unallocated: number[] = [];
  for (const ordinal of block.unallocated) {
    // A damaged block may have somebody's address in the queue: it is his.
    if (block.allocations[ordinal] !== null) continue;
    if (ordinals.length < count && !isReserved(ordinal)) ordinals.push(ordinal);
    else unallocated.push(ordinal);
  }
  if (ordinals.length === 0) return { block, ordinals };
  return { block: give({ ...block, unallocated }, ordinals, attribute), ordinals };
}

/** Gives out this very ordinal, even if it rests. `ADDRESS_TAKEN` if somebody has it. */
export function assign(block: BlockSpec, ordinal: number, attribute: Attribute): BlockSpec {
  if (block.allocations[ordinal] !== null && !isCooling(attributeOf(block, ordinal))) {
    throw new IpamError('ADDRESS_TAKEN', `Address already assigned in block: ${addressText(block, ordinal)}`);
  }
  const unallocated = block.unallocated.filter((free) => free !== ordinal);
  const given = give({ ...block, unallocated }, [ordinal], attribute);
  return { ...given, ...withoutUnused(given.allocations, given.attributes) };
}

function give(block: BlockSpec, ordinals: readonly number[], attribute: Attribute): BlockSpec {
  const known = block.attributes.findIndex((other) => sameAttribute(other, attribute));
  const index = known < 0 ? block.attributes.length : known;
  const allocations = [...block.allocations];
  const sequences: Record<string, bigint> = { ...block.sequenceNumberForAllocation };
  for (const ordinal of ordinals) {
    allocations[ordinal] = index;
    sequences[ordinal] = block.sequenceNumber ?? 0n;
  }
  return touched({
    ...block,
    allocations,
    attributes: known < 0 ? [...block.attributes, attribute] : block.attributes,
    sequenceNumberForAllocation: sequences,
  });
}

/** An ordinal to give back, and whose it must be. */
export interface Return {
  readonly ordinal: number;
  readonly handleId?: string | undefined;
  readonly sequenceNumber?: Sequence | undefined;
}

export interface Released {
  readonly block: BlockSpec;
  readonly released: readonly number[];
  /** Asked for, but nobody had it. */
  readonly notAllocated: readonly number[];
  /** Ordinals given back, counted by handle. */
  readonly countByHandle: ReadonlyMap<string, number>;
}

/**
 * Gives ordinals back, to the end of the queue; or, if `restFrom` (wall time) is given, to rest first. `BAD_HANDLE`,
 * `BAD_SEQUENCE`: one that isn't whose it must be; then none is.
 */
export function release(block: BlockSpec, returns: readonly Return[], restFrom?: number): Released {
  const released: number[] = [];
  const notAllocated: number[] = [];
  const countByHandle = new Map<string, number>();
  const allocations = [...block.allocations];
  const attributes = [...block.attributes];
  const sequences: Record<string, bigint> = { ...block.sequenceNumberForAllocation };
  for (const wanted of returns) {
    if (released.includes(wanted.ordinal)) continue;
    checkSequence(block, wanted);
    const attribute = attributeOf(block, wanted.ordinal);
    if (attribute === undefined || isCooling(attribute)) {
      notAllocated.push(wanted.ordinal);
      continue;
    }
    const handleId = attribute.handle_id === undefined ? undefined : cleanHandle(attribute.handle_id);
    if (wanted.handleId !== undefined && wanted.handleId !== handleId) {
      const text = `the given handle (${wanted.handleId}) does not match (${handleId ?? ''}) when attempting to release IP`;
      throw new IpamError('BAD_HANDLE', text);
    }
    if (handleId !== undefined) countByHandle.set(handleId, (countByHandle.get(handleId) ?? 0) + 1);
    released.push(wanted.ordinal);
    if (restFrom !== undefined) {
      allocations[wanted.ordinal] = attributes.push(cooling(attribute, restFrom)) - 1;
      continue;
    }
    allocations[wanted.ordinal] = null;
    delete sequences[wanted.ordinal];
  }
  if (released.length === 0) return { block, released, notAllocated, countByHandle };
  const after = touched({
    ...block,
    ...withoutUnused(allocations, attributes),
    unallocated: restFrom === undefined ? [...block.unallocated, ...released] : block.unallocated,
    sequenceNumberForAllocation: sequences,
  });
  return { block: after, released, notAllocated, countByHandle };
}

function checkSequence(block: BlockSpec, { ordinal, sequenceNumber }: Return): void {
  const actual = block.sequenceNumberForAllocation?.[ordinal] ?? 0;
  if (sequenceNumber === undefined || sameSequence(sequenceNumber, actual)) return;
  const text = `the given sequence number (${sequenceNumber}) does not match (${actual}) when attempting to release IP`;
  throw new IpamError('BAD_SEQUENCE', text);
}

/** The ordinals that a handle holds. */
export function ordinalsOfHandle(block: BlockSpec, handleId: string): number[] {
  const held: number[] = [];
  for (const [ordinal, index] of block.allocations.entries()) {
    const attribute = index === null ? undefined : block.attributes[index];
    const owner = isCooling(attribute) ? undefined : attribute?.handle_id;
    if (owner !== undefined && cleanHandle(owner) === handleId) held.push(ordinal);
  }
  return held;
}

/** Some old blocks carry a carriage return and more after the handle; what stands before it is the handle. */
export function cleanHandle(handleId: string): string {
  return handleId.split('\r', 1)[0];
}

/** Whose the ordinal is, or undefined when it is free. */
export function attributeOf(block: BlockSpec, ordinal: number): Attribute | undefined {
  const index = block.allocations[ordinal];
  return index === null || index === undefined ? undefined : block.attributes[index];
}

function claimedBy(affinity: string, wallTime: number): Pick<BlockSpec, 'affinity' | 'affinityClaimTime'> {
  return { affinity, affinityClaimTime: `${new Date(wallTime).toISOString().slice(0, 19)}Z` };
}

/** The block as nobody's: its addresses stay with their owners. */
export function disowned(block: BlockSpec): BlockSpec {
  const { affinity: _, affinityClaimTime: __, ...rest } = block;
  return touched(rest);
}

/** The same block one write later: whoever read it before will lose the compare-and-swap. */
export function touched(block: BlockSpec): BlockSpec {
  return { ...block, sequenceNumber: nextSequence(block.sequenceNumber) };
}

/** Kept by a Windows node for itself: nobody's, and never given back. */
export function isWindowsReserved({ handle_id }: Attribute): boolean {
  return handle_id?.toLowerCase() === WINDOWS_RESERVED;
}

/** Nothing that somebody needs is given out. */
export function isEmpty(block: BlockSpec): boolean {
  return block.allocations.every((index) => index === null || isWindowsReserved(block.attributes[index] ?? {}));
}

/** Given out to another node than the one the block belongs to; undefined when the owner's node isn't known. */
export function isBorrowed(block: BlockSpec, ordinal: number): boolean | undefined {
  const node = attributeOf(block, ordinal)?.secondary?.['node'];
  return node === undefined ? undefined : block.affinity !== `host:${node}`;
}

export function ordinalOf(block: BlockSpec, at: Address): number | undefined {
  const cidr = parsePrefix(block.cidr);
  return containsAddress(cidr, at) ? Number(at.value - cidr.value) : undefined;
}

export function addressAt(block: BlockSpec, ordinal: number): Address {
  const { family, value } = parsePrefix(block.cidr);
  return address(family, value + BigInt(ordinal));
}

export function addressText(block: BlockSpec, ordinal: number): string {
  return formatAddress(addressAt(block, ordinal));
}
