import {
  type Entries,
  formatPrefix,
  hostPrefix,
  parseAddress,
  tryParseAddress,
  tryParsePrefix,
} from '../base/index.ts';
import type { Node } from '../model/index.ts';
import type { FelixSettings } from './felix.ts';
import { nodeAddress } from './node-bgp.ts';

/** The nodes' own addresses as CIDRs, as far as they are known. */
export class NodeCidrs {
  readonly #byNode = new Map<string, readonly string[]>();
  #seen: Entries<Node> | undefined;
  #cidrs: readonly string[] = [];

  /** The same array as before while no address has changed. */
  run(nodes: Entries<Node>): readonly string[] {
    let changed = false;
    for (const [name, now] of nodes.since(this.#seen)) {
      const cidrs = now === undefined ? [] : cidrsOf(now);
      changed ||= cidrs.join() !== (this.#byNode.get(name) ?? []).join();
      if (cidrs.length === 0) this.#byNode.delete(name);
      else this.#byNode.set(name, cidrs);
    }
    this.#seen = nodes;
    if (changed) this.#cidrs = [...new Set([...this.#byNode.values()].flat())].sort();
    return this.#cidrs;
  }
}

function cidrsOf(node: Node): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const address = nodeAddress(node, family);
    return address === undefined ? [] : [formatPrefix(hostPrefix(parseAddress(address)))];
  });
}

/**
 * Calico's `all-hosts-net`: the nodes' own addresses, and what `externalNodesList` tells of nodes that belong to us without
 * being in the datastore.
 */
export function allHosts(felix: FelixSettings, own: readonly string[]): readonly string[] {
  const external = (felix.externalNodesList ?? []).flatMap((text) => {
    const address = tryParseAddress(text);
    const network = address === undefined ? tryParsePrefix(text) : hostPrefix(address);
    return network === undefined ? [] : [formatPrefix(network)];
  });
  return external.length === 0 ? own : [...new Set([...own, ...external])].sort();
}
