import { formatAddress, tryParseInterfaceAddress } from '../base/index.ts';
import type { IPAMBlock, WorkloadEndpoint } from '../model/index.ts';
import type { Attribute } from './attributes.ts';
import { addressText, attributeOf } from './block.ts';
import { tunnelType } from './handle.ts';
import type { Sequence } from './sequence.ts';

/** An address that is given out, as the collector looks at it. */
export interface Allocation {
  readonly address: string;
  readonly block: string;
  readonly owner: Attribute;
  readonly sequenceNumber: Sequence;
}

/**
 * `live`: its pod or node is there. `dead`: its pod isn't. `orphaned`: nor is the node it was on.
 * `unknown`: it says of no pod and no tunnel, so only a person can tell.
 */
export type Life = 'live' | 'dead' | 'orphaned' | 'unknown';

const tunnelTypes = new Set(Object.values(tunnelType));

/** Everything given out, by handle; what has no handle stands for itself. Addresses that cool down are passed over. */
export function allocationsByOwner(blocks: readonly IPAMBlock[]): ReadonlyMap<string, readonly Allocation[]> {
  const all = blocks.flatMap(({ spec }) =>
    [...spec.allocations.keys()].flatMap((ordinal): Allocation[] => {
      const owner = attributeOf(spec, ordinal);
      if (owner === undefined || owner.releasedAt !== undefined) return [];
      const sequenceNumber = spec.sequenceNumberForAllocation?.[ordinal] ?? 0n;
      return [{ address: addressText(spec, ordinal), block: spec.cidr, owner, sequenceNumber }];
    }),
  );
  return Map.groupBy(all, ({ owner, address }) => owner.handle_id ?? `address ${address}`);
}

/** The pods and nodes that exist, as found in the store. */
export class Census {
  readonly #nodes: ReadonlySet<string>;
  readonly #addresses = new Map<string, Set<string>>();

  constructor(nodes: readonly string[], endpoints: readonly WorkloadEndpoint[]) {
    this.#nodes = new Set(nodes);
    for (const { metadata, spec } of endpoints) {
      const pod = podKey(metadata.namespace, spec.pod ?? spec.workload, spec.node);
      const known = this.#addresses.get(pod) ?? new Set();
      this.#addresses.set(pod, known);
      for (const network of spec.ipNetworks ?? []) {
        const at = tryParseInterfaceAddress(network)?.address;
        if (at !== undefined) known.add(formatAddress(at));
      }
    }
  }

  hasNode(name: string): boolean {
    return this.#nodes.has(name);
  }

  /** Judges all addresses of one owner together: if one is in use, none is given back. */
  verdict(allocations: readonly Allocation[]): Life {
    const each = allocations.map((allocation) => this.#judge(allocation));
    return each.find((verdict) => verdict === 'live' || verdict === 'unknown') ?? each[0] ?? 'unknown';
  }

  #judge({ address, owner: { secondary = {} } }: Allocation): Life {
    const { pod, namespace, node, type } = secondary;
    const nodeIsGone = node !== undefined && !this.#nodes.has(node);
    if (type !== undefined && tunnelTypes.has(type)) return nodeIsGone ? 'orphaned' : 'live';
    if (pod === undefined || namespace === undefined) return 'unknown';
    const used = this.#addresses.get(podKey(namespace, pod, node));
    if (used?.has(address)) return 'live';
    return nodeIsGone && used === undefined ? 'orphaned' : 'dead';
  }
}

function podKey(namespace: string | undefined, pod: string | undefined, node: string | undefined): string {
  return `${namespace ?? 'default'}/${pod ?? ''}@${node ?? ''}`;
}
