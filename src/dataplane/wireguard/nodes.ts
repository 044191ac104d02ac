import { type Entries, EntriesWriter } from '../../base/index.ts';
import type { DesiredWireguardPeer } from '../../calc/desired/index.ts';

/** Peers → the addresses that they have in the underlay, as elements of a set. A change of one peer is one element. */
export class WireguardNodes {
  /** Address → how many peers have it: one, but for a moment. */
  readonly #counts = new Map<string, number>();
  readonly #elements = new EntriesWriter<string>(Object.is);
  #seen: Entries<DesiredWireguardPeer> | undefined;
  /** By node. */
  readonly #counted = new Map<string, string>();

  run(peers: Entries<DesiredWireguardPeer>): Entries<string> {
    for (const [node, now] of peers.since(this.#seen)) {
      const [address, before] = [now && addressOf(now), this.#counted.get(node)];
      if (address === before) continue;
      if (before !== undefined) this.#count(before, -1);
      if (address === undefined) this.#counted.delete(node);
      else {
        this.#counted.set(node, address);
        this.#count(address, 1);
      }
    }
    this.#seen = peers;
    return this.#elements.commit();
  }

  #count(address: string, by: number): void {
    const count = (this.#counts.get(address) ?? 0) + by;
    if (count === 0) this.#counts.delete(address);
    else this.#counts.set(address, count);
    this.#elements.set(address, count === 0 ? undefined : address);
  }
}

function addressOf({ endpoint }: DesiredWireguardPeer): string {
  return endpoint.replace(/:\d+$/, '');
}
