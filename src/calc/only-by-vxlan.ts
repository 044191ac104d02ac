import { type Entries, EntriesWriter } from '../base/index.ts';
import type { Node } from '../model/index.ts';
import { vtepOf } from './vxlan.ts';

/**
 * Nodes that VXLAN reaches in IPv4, and `tunl0` does not yet, by name. While a pool changes from VXLAN straight to IPIP each
 * node is ready at another moment: as long as there is one of these, VXLAN stays everywhere, and leads to and from it.
 */
export class OnlyByVxlan {
  readonly #writer = new EntriesWriter<string>(Object.is);
  #seen: Entries<Node> | undefined;

  /** The same object as before while nothing has changed. */
  run(nodes: Entries<Node>): Entries<string> {
    for (const [name, now] of nodes.since(this.#seen)) {
      const isOne = now !== undefined && !now.spec.bgp?.ipv4IPIPTunnelAddr && vtepOf(now, 4) !== undefined;
      this.#writer.set(name, isOne ? name : undefined);
    }
    this.#seen = nodes;
    return this.#writer.commit();
  }
}
