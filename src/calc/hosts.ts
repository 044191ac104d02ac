import {
  containsPrefix,
  type Entries,
  EntriesWriter,
  type Family,
  formatPrefix,
  hostPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
  tryParseAddress,
  tryParsePrefix,
} from '../base/index.ts';
import type { Node } from '../model/index.ts';
import type { HostAddresses } from './desired/index.ts';
import type { FelixSettings } from './felix.ts';
import { nodeAddress } from './node-bgp.ts';

/**
 * Calico's `all-hosts-net`: the nodes' own addresses, as far as they are known, and what `externalNodesList` tells of
 * nodes that belong to us without being in the datastore. A changed node is one entry.
 */
export class Hosts {
  readonly #byNode = new Map<string, readonly string[]>();
  /** How many nodes have an address: one, but for a moment. */
  readonly #counts = new Map<string, number>();
  readonly #writers = { 4: new EntriesWriter<string>(Object.is), 6: new EntriesWriter<string>(Object.is) };
  #external: ReadonlyMap<string, Prefix> = new Map();
  #list: readonly string[] | undefined;
  #seen: Entries<Node> | undefined;
  #made: HostAddresses = { 4: this.#writers[4].commit(), 6: this.#writers[6].commit() };

  /** The same object as before while no address has changed. */
  run(nodes: Entries<Node>, external: readonly string[] | undefined): HostAddresses {
    for (const [name, now] of nodes.since(this.#seen)) {
      const [cidrs, before] = [now === undefined ? [] : cidrsOf(now), this.#byNode.get(name) ?? []];
      if (cidrs.join() === before.join()) continue;
      if (cidrs.length === 0) this.#byNode.delete(name);
      else this.#byNode.set(name, cidrs);
      for (const cidr of cidrs) this.#counts.set(cidr, (this.#counts.get(cidr) ?? 0) + 1);
      for (const cidr of before) this.#giveUp(cidr);
      for (const cidr of [...before, ...cidrs]) this.#tell(cidr);
    }
    this.#seen = nodes;
    if (external !== this.#list) this.#setExternal(external ?? []);
    this.#list = external;
    const [four, six] = [this.#writers[4].commit(), this.#writers[6].commit()];
    if (four !== this.#made[4] || six !== this.#made[6]) this.#made = { 4: four, 6: six };
    return this.#made;
  }

  #giveUp(cidr: string): void {
    const count = (this.#counts.get(cidr) ?? 0) - 1;
    if (count > 0) this.#counts.set(cidr, count);
    else this.#counts.delete(cidr);
  }

  #setExternal(list: readonly string[]): void {
    const before = this.#external;
    this.#external = new Map(networks(list).map((network) => [formatPrefix(network), network]));
    for (const cidr of new Set([...before.keys(), ...this.#external.keys(), ...this.#counts.keys()])) this.#tell(cidr);
  }

  /** Leaves out networks inside another of the list: a packet filter's networks must not overlap. */
  #tell(cidr: string): void {
    const isThere = this.#external.has(cidr) || this.#counts.has(cidr);
    const network = parsePrefix(cidr);
    const isWithin = [...this.#external.values()].some(
      (outer) => outer.length < network.length && containsPrefix(outer, network),
    );
    const family: Family = cidr.includes(':') ? 6 : 4;
    const key = cidr.replace(family === 4 ? /\/32$/ : /\/128$/, '');
    this.#writers[family].set(key, isThere && !isWithin ? cidr : undefined);
  }
}

function cidrsOf(node: Node): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const address = nodeAddress(node, family);
    return address === undefined ? [] : [formatPrefix(hostPrefix(parseAddress(address)))];
  });
}

function networks(list: NonNullable<FelixSettings['externalNodesList']>): Prefix[] {
  return list.flatMap((text) => {
    const address = tryParseAddress(text);
    return (address === undefined ? tryParsePrefix(text) : hostPrefix(address)) ?? [];
  });
}
