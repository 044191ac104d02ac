import { containsPrefix, formatPrefix, parsePrefix, prefixSize } from '../base/index.ts';
import type { IPAMBlock } from '../model/index.ts';
import { addressAt } from './block.ts';
import type { Pool } from './pools.ts';
import type { Reservations } from './reservations.ts';

/** Numbers of addresses. `available` are neither in use nor reserved. */
export interface Usage {
  readonly cidr: string;
  readonly capacity: bigint;
  readonly inUse: bigint;
  readonly reserved: bigint;
  readonly available: bigint;
}

export interface BlockUsage extends Usage {
  readonly affinity?: string | undefined;
}

export interface PoolUsage extends Usage {
  /** Absent for blocks whose pool is gone. */
  readonly name?: string | undefined;
  readonly blocks: readonly BlockUsage[];
}

/** How full the pools are, and below each its blocks, in order of address. Blocks without a pool come last, one by one. */
export function utilization(
  pools: readonly Pool[],
  blocks: readonly IPAMBlock[],
  reservations: Reservations,
): readonly PoolUsage[] {
  const usages = blocks
    .map((block) => ({ cidr: parsePrefix(block.spec.cidr), usage: blockUsage(block, reservations) }))
    .sort((a, b) => (a.cidr.value < b.cidr.value ? -1 : a.cidr.value > b.cidr.value ? 1 : 0));
  const ofPools = pools.map((pool): PoolUsage => {
    const own = usages.filter(({ cidr }) => containsPrefix(pool.cidr, cidr)).map(({ usage }) => usage);
    const inUse = own.reduce((sum, usage) => sum + usage.inUse, 0n);
    const taken = own.reduce((sum, usage) => sum + usage.capacity - usage.available, 0n);
    const unclaimedReserved =
      reservations.countIn(pool.cidr) -
      usages
        .filter(({ cidr }) => containsPrefix(pool.cidr, cidr))
        .reduce((sum, { cidr }) => sum + reservations.countIn(cidr), 0n);
    const reserved = own.reduce((sum, usage) => sum + usage.reserved, 0n) + unclaimedReserved;
    const capacity = prefixSize(pool.cidr);
    const available = capacity - taken - unclaimedReserved;
    return { name: pool.name, cidr: formatPrefix(pool.cidr), capacity, inUse, reserved, available, blocks: own };
  });
  const orphans = usages
    .filter(({ cidr }) => !pools.some((pool) => containsPrefix(pool.cidr, cidr)))
    .map(({ usage }): PoolUsage => ({ ...usage, blocks: [usage] }));
  return [...ofPools, ...orphans];
}

/** An address that is in use and reserved counts as in use. */
function blockUsage({ spec }: IPAMBlock, reservations: Reservations): BlockUsage {
  const capacity = BigInt(spec.allocations.length);
  const free = BigInt(spec.unallocated.length);
  const held = reservations.touches(parsePrefix(spec.cidr))
    ? spec.unallocated.filter((ordinal) => reservations.has(addressAt(spec, ordinal))).length
    : 0;
  const reserved = BigInt(held);
  const { cidr, affinity } = spec;
  return { cidr, affinity, capacity, inUse: capacity - free, reserved, available: free - reserved };
}
