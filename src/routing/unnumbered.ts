import { Entries, EntriesWriter } from '../base/index.ts';
import type { DesiredPeer } from '../calc/desired/index.ts';
import { LinkNeighbours } from './link-neighbours.ts';
import type { RoutingOptions } from './options.ts';

const NOBODY = Entries.of<DesiredPeer>();

/** Peers of whom only the link is known → with the address of whoever is at the other end; without one, there is no peer. */
export class UnnumberedPeers {
  readonly #neighbours: LinkNeighbours | undefined;
  readonly #writer = new EntriesWriter<DesiredPeer>(Object.is);
  /** By key, those of whom only the link is known. */
  readonly #unnumbered = new Map<string, DesiredPeer>();
  #seen: Entries<DesiredPeer> = NOBODY;

  /** `onChange`: others are at the ends of links. */
  constructor(options: RoutingOptions, onChange: () => void) {
    const { links, hail } = options;
    if (links === undefined || hail === undefined) return;
    this.#neighbours = new LinkNeighbours({ ...options, links, hail });
    this.#neighbours.onChange = onChange;
  }

  take(peers: Entries<DesiredPeer>): Entries<DesiredPeer> {
    for (const [key, now] of peers.since(this.#seen)) {
      if (now?.address.startsWith('%')) this.#unnumbered.set(key, now);
      else this.#unnumbered.delete(key);
      this.#writer.set(key, now && this.#resolved(now));
    }
    this.#seen = peers;
    this.#neighbours?.want(new Set([...this.#unnumbered.values()].map(({ address }) => address.slice(1))));
    for (const [key, peer] of this.#unnumbered) this.#writer.set(key, this.#resolved(peer));
    return this.#writer.commit();
  }

  topologyChanged(): void {
    this.#neighbours?.topologyChanged();
  }

  stop(): void {
    this.#neighbours?.stop();
  }

  /** Links at whose other end nobody is known yet, as `%eth1`. */
  unfound(): readonly string[] {
    return [...this.#unnumbered.values()].flatMap((peer) => (this.#resolved(peer) === undefined ? [peer.address] : []));
  }

  /** The same, in sentences. */
  problems(): readonly string[] {
    return [...this.#unnumbered.values()].flatMap(({ address, name }) => {
      const found = this.#neighbours?.of(address.slice(1));
      if (found?.kind === 'found') return [];
      return [`BGPPeer ${name}: no session on ${address.slice(1)}: ${found?.why ?? 'links are not looked at'}`];
    });
  }

  #resolved(peer: DesiredPeer): DesiredPeer | undefined {
    if (!peer.address.startsWith('%')) return peer;
    const found = this.#neighbours?.of(peer.address.slice(1));
    return found?.kind === 'found' ? { ...peer, address: `${found.address}${peer.address}` } : undefined;
  }
}
