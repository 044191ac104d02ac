import { containsAddress, containsPrefix, type Entries, hostCidr, networkAddress, parsePrefix } from '../base/index.ts';
import type { BlockAffinity } from '../model/index.ts';
import type { Announcement, DesiredBlock, DesiredPool, DesiredWorkload } from './desired/index.ts';
import type { BlockView } from './projections.ts';

/** All blocks → those that say they are ours, by CIDR. The same map as before while none of them has changed. */
export class OwnBlockViews {
  #seen: Entries<BlockView> | undefined;
  #own: ReadonlyMap<string, BlockView> = new Map();

  run(blocks: Entries<BlockView>): ReadonlyMap<string, BlockView> {
    const changes = blocks.since(this.#seen).filter(([, now, before]) => now?.own ?? before?.own);
    this.#seen = blocks;
    if (changes.length === 0) return this.#own;
    const own = new Map(this.#own);
    for (const [, , before] of changes) if (before?.own) own.delete(before.cidr);
    for (const [, now] of changes) if (now?.own) own.set(now.cidr, now);
    this.#own = own;
    return own;
  }
}

/**
 * This node's own blocks: an affinity of ours that is confirmed *and* a block that says it is ours. Either alone is the
 * trace of a claim under way or gone wrong, and announcing it could draw another node's traffic.
 */
export function ownBlocks(affinities: Entries<BlockAffinity>, own: ReadonlyMap<string, BlockView>): DesiredBlock[] {
  return [...affinities.values()]
    .filter(({ spec }) => (spec.state === 'confirmed' || spec.state === '') && !spec.deleted)
    .flatMap(({ spec: { cidr } }) => {
      const block = own.get(cidr)?.own;
      return block === undefined ? [] : [{ cidr, ...block }];
    })
    .sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
}

/**
 * The announcements of the node: its own blocks, and outside them the addresses that its pods borrowed from other
 * nodes' blocks and their floating IPs. Addresses outside every enabled pool stay at home, as in Calico.
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
