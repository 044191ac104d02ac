import { type Cancel, type Clock, containsAddress, type Prefix, parsePrefix, tryParseAddress } from '../base/index.ts';
import type { PeerConfig } from './api.ts';

/** A peer that is configured by the range that it connects from. */
interface Range {
  readonly prefix: Prefix;
  readonly config: PeerConfig;
}

/** Most peers of one range, unless it says otherwise. */
const MAX_PEERS = 1000;
/** Milliseconds between looks at who has gone. */
const SWEEP_TIME = 10_000;
/** Milliseconds that a peer may be down before it is forgotten. */
const FORGET_TIME = 60_000;

/** Milliseconds that a peer has at least to get up, when others want its place. */
const PATIENCE = 5000;

/** A peer of a range, as far as forgetting it goes. */
export interface Presence {
  readonly up: boolean;
  /** For how long, in milliseconds. */
  readonly age: number;
  /** Its routes are kept for its return. */
  readonly awaited: boolean;
}

export function isRange({ address }: PeerConfig): boolean {
  return address.includes('/');
}

/** Peers whose addresses nobody wrote down: who connects from within a range gets a session, and loses it when gone. */
export class DynamicNeighbours {
  readonly #clock: Clock;
  readonly #presence: (address: string) => Presence;
  readonly #forget: (address: string) => void;
  /** By address, with the range that let it in. */
  readonly #members = new Map<string, Range>();
  #ranges: readonly Range[] = [];
  #cancelSweep: Cancel | undefined;

  constructor(clock: Clock, presence: (address: string) => Presence, forget: (address: string) => void) {
    this.#clock = clock;
    this.#presence = presence;
    this.#forget = forget;
  }

  /** Sets the ranges. Gives the configurations of the peers that there are, as far as they may stay. */
  configure(configs: readonly PeerConfig[], named: ReadonlySet<string>): readonly PeerConfig[] {
    this.#ranges = configs
      .map((config) => ({ prefix: parsePrefix(config.address, 'peer.address'), config }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
    const addresses = [...this.#members.keys()].filter((address) => !named.has(address));
    this.#members.clear();
    return addresses.flatMap((address) => this.#admit(address, false) ?? []);
  }

  get ranges(): readonly PeerConfig[] {
    return this.#ranges.map(({ config }) => config);
  }

  /** Whether the peer of this address came from within a range. */
  has(address: string): boolean {
    return this.#members.has(address);
  }

  /** The configuration for a peer that connects from here; none if no range has room for it. */
  admit(address: string): PeerConfig | undefined {
    return this.#admit(address, true);
  }

  #admit(address: string, mayReplace: boolean): PeerConfig | undefined {
    const value = tryParseAddress(address.split('%')[0]);
    const range = value && this.#ranges.find(({ prefix }) => containsAddress(prefix, value));
    if (range === undefined) return undefined;
    const present = [...this.#members].filter(([, one]) => one === range).map(([member]) => member);
    const isFull = present.length >= (range.config.maxPeers ?? MAX_PEERS);
    if (isFull && !(mayReplace && this.#makeRoom(present))) return undefined;
    this.#members.set(address, range);
    this.#cancelSweep ??= this.#clock.after(SWEEP_TIME, () => this.#sweep());
    return { ...range.config, address, passive: true };
  }

  /** Forgets the peer that has been down for longest, if it has had its chance: who says nothing shuts nobody out. */
  #makeRoom(members: readonly string[]): boolean {
    let [longest, oldest] = ['', PATIENCE];
    for (const address of members) {
      const { up, age, awaited } = this.#presence(address);
      if (!up && !awaited && age >= oldest) [longest, oldest] = [address, age];
    }
    if (longest === '') return false;
    this.#members.delete(longest);
    this.#forget(longest);
    return true;
  }

  stop(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #sweep(): void {
    for (const address of this.#members.keys()) {
      const { up, age, awaited } = this.#presence(address);
      if (up || awaited || age < FORGET_TIME) continue;
      this.#members.delete(address);
      this.#forget(address);
    }
    const again = this.#members.size > 0;
    this.#cancelSweep = again ? this.#clock.after(SWEEP_TIME, () => this.#sweep()) : undefined;
  }
}
