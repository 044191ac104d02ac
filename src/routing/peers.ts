import type { PeerConfig, PeerStatus } from 'bgp-speaker-ts';
import type { Entries } from '../base/index.ts';
import type { DesiredBgp, DesiredPeer, DesiredPool } from '../calc/desired/index.ts';
import { type PeerFilterInputs, SharedFilters } from './filters.ts';
import { type BgpTimers, endpoint, type PeerReport, peerConfig } from './peering.ts';

/** The changes of peers that the speaker is to be told. */
export interface PeerChanges {
  readonly changed: readonly PeerConfig[];
  /** Names of those that are to go. */
  readonly gone: readonly string[];
}

/**
 * The peers that the calculation asks for → what is new of them, as the BGP library takes it. A peer is known by its
 * address, or with its port where several have that address.
 */
export class Peers {
  readonly #timers: BgpTimers;
  readonly #filters = new SharedFilters();
  /** By key: the peer, and the name that the speaker knows it by. */
  readonly #known = new Map<string, { readonly peer: DesiredPeer; readonly name: string }>();
  readonly #keysAt = new Map<string, Set<string>>();
  #seen: Entries<DesiredPeer> | undefined;

  constructor(timers: BgpTimers) {
    this.#timers = timers;
  }

  take({ peers, ...rules }: Pick<DesiredBgp, 'peers'> & PeerFilterInputs, pools: readonly DesiredPool[]): PeerChanges {
    const isEveryone = this.#filters.take(rules, pools);
    const touched = new Set<string>(isEveryone ? [...this.#known.keys()] : []);
    for (const [key, now, before] of peers.since(this.#seen)) {
      touched.add(key);
      const address = (now ?? before)?.address ?? '';
      const keys = this.#keysAt.get(address) ?? new Set();
      // With a second one at its address, a peer gets another name.
      for (const other of keys) touched.add(other);
      if (now === undefined) keys.delete(key);
      else keys.add(key);
      if (keys.size === 0) this.#keysAt.delete(address);
      else this.#keysAt.set(address, keys);
    }
    this.#seen = peers;
    return this.#tell(touched, peers);
  }

  /** All of them again, with what they hear of as the last choice, or no more. */
  drain(isDraining: boolean): readonly PeerConfig[] {
    if (!this.#filters.drain(isDraining) || this.#seen === undefined) return [];
    return this.#tell(new Set(this.#known.keys()), this.#seen).changed;
  }

  /** Whether nothing has been taken yet: what is told then is the whole. */
  get isNew(): boolean {
    return this.#seen === undefined;
  }

  /** The names of all. */
  names(): string[] {
    return [...this.#known.values()].map(({ name }) => name);
  }

  /** The names of those at an address. */
  namesAt(address: string): string[] {
    return [...(this.#keysAt.get(address) ?? [])].flatMap((key) => this.#known.get(key)?.name ?? []);
  }

  /** Those that the speaker knows, ordered by address and port. */
  reports(statuses: readonly PeerStatus[]): PeerReport[] {
    const byName = new Map(statuses.map((status) => [status.name, status]));
    return [...this.#known.values()]
      .sort(({ peer: a }, { peer: b }) => (a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1))
      .flatMap(({ peer, name }) => {
        const status = byName.get(name);
        return status === undefined ? [] : [{ desired: peer, status }];
      });
  }

  #tell(touched: ReadonlySet<string>, peers: Entries<DesiredPeer>): PeerChanges {
    const changed: PeerConfig[] = [];
    const gone = new Set<string>();
    for (const key of touched) {
      const [peer, known] = [peers.get(key), this.#known.get(key)];
      const name = peer && this.#nameOf(peer);
      if (known !== undefined && known.name !== name) gone.add(known.name);
      if (peer === undefined || name === undefined) {
        this.#known.delete(key);
        continue;
      }
      this.#known.set(key, { peer, name });
      changed.push(peerConfig(peer, name, this.#filters.of(peer), this.#timers));
    }
    return { changed, gone: [...gone] };
  }

  #nameOf(peer: DesiredPeer): string {
    return this.#keysAt.get(peer.address)?.size === 1 ? peer.address : endpoint(peer);
  }
}
