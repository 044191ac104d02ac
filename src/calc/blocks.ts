import { containsAddress, containsPrefix, hostCidr, networkAddress, parsePrefix } from '../base/index.ts';
import type { BlockAffinity, IPAMBlock } from '../model/index.ts';
import type { Announcement, DesiredBlock, DesiredPool, DesiredWorkload } from './desired.ts';

/**
 * This node's own blocks: an affinity that is confirmed *and* a block that says it is ours. Either alone is the trace
 * of a claim under way or gone wrong, and announcing it could draw another node's traffic.
 */
export function ownBlocks(
  nodename: string,
  affinities: ReadonlyMap<string, BlockAffinity>,
  blocks: ReadonlyMap<string, IPAMBlock>,
): DesiredBlock[] {
  const mine = new Map(
    [...blocks.values()]
      .filter((block) => block.spec.affinity === `host:${nodename}`)
      .map((block) => [block.spec.cidr, block]),
  );
  return [...affinities.values()]
    .filter(({ spec }) => spec.node === nodename && (spec.state === 'confirmed' || spec.state === '') && !spec.deleted)
    .flatMap(({ spec }) => {
      const block = mine.get(spec.cidr);
      return block === undefined ? [] : [desiredBlock(block)];
    })
    .sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
}

function desiredBlock({ spec }: IPAMBlock): DesiredBlock {
  const inUse = spec.allocations.filter((allocation) => allocation !== null).length;
  return { cidr: spec.cidr, inUse, size: spec.allocations.length };
}

/**
 * What the node announces: its own blocks, and outside them the addresses that its pods borrowed from other nodes' blocks
 * and their floating IPs. Addresses outside every enabled pool stay at home, as in Calico.
 */
export function announcements(
  blocks: readonly DesiredBlock[],
  workloads: readonly DesiredWorkload[],
  pools: readonly DesiredPool[],
): Announcement[] {
  const own = blocks.map((block) => parsePrefix(block.cidr));
  const open = pools.map((pool) => ({ ...pool, prefix: parsePrefix(pool.cidr) }));
  const hidden = open.filter((pool) => pool.disableBgpExport);
  const announced: Announcement[] = blocks.map(({ cidr }) => ({ cidr, why: 'own block' }));
  for (const one of workloads.flatMap(reachedBy)) {
    const address = networkAddress(parsePrefix(one.cidr));
    if (own.some((block) => containsAddress(block, address))) continue;
    if (open.some((pool) => containsAddress(pool.prefix, address))) announced.push(one);
  }
  return announced.filter(({ cidr }) => !hidden.some((pool) => containsPrefix(pool.prefix, parsePrefix(cidr))));
}

function reachedBy({ key, interfaceName, addresses, floatingIps }: DesiredWorkload): Announcement[] {
  return [
    ...addresses.map((cidr) => ({ cidr, why: `borrowed by ${key}`, interfaceName })),
    ...floatingIps.map(({ external }) => ({
      cidr: hostCidr(external),
      why: `floating IP of ${key}`,
      interfaceName,
    })),
  ];
}
