import { containsPrefix, type Prefix, prefixSize, tryParseAddress } from '../../base/index.ts';
import { keyText, type Update } from '../../datastore/index.ts';
import { type BlockFigures, blockFigures, type Place, type Pool, poolOf, type Sweep } from '../../ipam/index.ts';
import type { IPAMBlock } from '../../model/index.ts';
import type { IpamSamples, Sample } from '../../observe/index.ts';

/** The name in kube-controllers for a pool or node that isn't there. */
const NO_POOL = 'no_ippool';
const NO_NODE = 'unknown_node';
const NO_AFFINITY = 'no_affinity';

/** The counts of the cluster's IPAM, by pool and node. */
export class ClusterFigures {
  readonly #blocks = new Map<string, BlockFigures>();
  readonly #reclamations = new Tally();
  #candidates: readonly Place[] = [];

  /** Takes in a syncer's batch; other kinds than blocks are passed over. */
  apply(batch: readonly Update[]): void {
    for (const { key, resource } of batch) {
      if (key.kind !== 'IPAMBlock') continue;
      const figures = resource && blockFigures(resource as IPAMBlock);
      if (figures === undefined) this.#blocks.delete(keyText(key));
      else this.#blocks.set(keyText(key), figures);
    }
  }

  /** All blocks of the cluster, whoever has them. */
  blocks(): readonly Prefix[] {
    return [...this.#blocks.values()].map(({ cidr }) => cidr);
  }

  /** The same, with what there is to count in each. */
  figures(): readonly BlockFigures[] {
    return [...this.#blocks.values()];
  }

  swept({ candidates, reclaimed }: Pick<Sweep, 'candidates' | 'reclaimed'>, pools: readonly Pool[]): void {
    this.#candidates = candidates;
    for (const place of reclaimed) this.#reclamations.add(poolName(pools, place), place.node ?? NO_NODE, 1);
  }

  samples(pools: readonly Pool[]): IpamSamples {
    const [blocks, inUse, borrowed, candidates] = [new Tally(), new Tally(), new Tally(), new Tally()];
    for (const { cidr, node = NO_AFFINITY, inUse: users } of this.#blocks.values()) {
      const pool = pools.find((candidate) => containsPrefix(candidate.cidr, cidr))?.name ?? NO_POOL;
      blocks.add(pool, node, 1);
      for (const [user = NO_NODE, counts] of users) {
        inUse.add(pool, user, counts.used);
        borrowed.add(pool, user, counts.borrowed);
      }
    }
    for (const place of this.#candidates) candidates.add(poolName(pools, place), place.node ?? NO_NODE, 1);
    return {
      ipam_ippool_size: pools.map(({ name, cidr }) => [{ ippool: name }, Number(prefixSize(cidr))]),
      ipam_blocks: blocks.samples(),
      ipam_allocations_in_use: inUse.samples(),
      ipam_allocations_borrowed: borrowed.samples(),
      ipam_allocations_gc_candidates: candidates.samples(),
      ipam_allocations_gc_reclamations: this.#reclamations.samples(),
    };
  }
}

class Tally {
  readonly #counts = new Map<string, Map<string, number>>();

  add(ippool: string, node: string, count: number): void {
    const nodes = this.#counts.get(ippool) ?? new Map<string, number>();
    this.#counts.set(ippool, nodes.set(node, (nodes.get(node) ?? 0) + count));
  }

  samples(): Sample[] {
    return [...this.#counts].flatMap(([ippool, nodes]) =>
      [...nodes].map(([node, count]): Sample => [{ ippool, node }, count]),
    );
  }
}

function poolName(pools: readonly Pool[], { address }: Place): string {
  const at = tryParseAddress(address);
  return (at && poolOf(pools, at)?.name) ?? NO_POOL;
}
