import { type Entries, EntriesWriter } from '../base/index.ts';
import type { Node } from '../model/index.ts';
import { nodeAddress } from './node-bgp.ts';

/**
 * Nodes that can't be sent to through `tunl0` yet, by address: a node says that its device is there by the tunnel's address
 * in its Node. Whoever sends before that sends into nothing, and while a pool changes to IPIP each node is ready at another
 * moment.
 */
export class IpipLacking {
  readonly #writer = new EntriesWriter<string>(Object.is);
  readonly #byNode = new Map<string, string>();
  #seen: Entries<Node> | undefined;

  /** Address → node. The same object as before while nothing has changed. */
  run(nodes: Entries<Node>): Entries<string> {
    for (const [name, now] of nodes.since(this.#seen)) {
      const former = this.#byNode.get(name);
      const lacks = now !== undefined && !now.spec.bgp?.ipv4IPIPTunnelAddr;
      const address = lacks ? nodeAddress(now, 4) : undefined;
      if (former !== undefined && former !== address) this.#writer.set(former, undefined);
      if (address === undefined) this.#byNode.delete(name);
      else {
        this.#byNode.set(name, address);
        this.#writer.set(address, name);
      }
    }
    this.#seen = nodes;
    return this.#writer.commit();
  }
}
