import { type Cancel, type Clock, containsAddress, type Prefix, parsePrefix, tryParseAddress } from '../base/index.ts';
import type { PeerConfig } from './api.ts';

/** A peer that is configured by the range that it connects from. */
interface Range {
  readonly prefix: Prefix;
  readonly config: PeerConfig;
  /** Addresses of the peers there are of it. */
  readonly members: Set<string>;
  /** Those that may give up their place, the longest down last, as of when they were looked for. */
  idle: string[];
  lookedAt: number;
}

/** Most peers of one range, unless it says otherwise. */
const MAX_PEERS = 1000;
/** Milliseconds between looks at who has gone. */
const SWEEP_TIME = 10_000;
/** Milliseconds that a peer may be down before it is forgotten. */
const FORGET_TIME = 60_000;

/** Milliseconds that a peer has at least to get up, when others want its place. */
const PATIENCE = 5000;
/** Milliseconds between two looks for a place in a full range: a flood of strangers costs no more of them. */
const LOOK_TIME = 500;

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
    this.#ranges = configs.map(rangeOf).sort((a, b) => b.prefix.length - a.prefix.length);
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
    const isFull = range.members.size >= (range.config.maxPeers ?? MAX_PEERS);
    if (isFull && !(mayReplace && this.#makeRoom(range))) return undefined;
    this.#members.set(address, range);
    range.members.add(address);
    this.#cancelSweep ??= this.#clock.after(SWEEP_TIME, () => this.#sweep());
    return { ...range.config, address, passive: true };
  }

  /** Forgets the peer that has been down for longest, if it has had its chance: who says nothing shuts nobody out. */
  #makeRoom(range: Range): boolean {
    return this.#dropIdle(range) || (this.#findIdle(range) && this.#dropIdle(range));
  }

  #dropIdle({ idle, members }: Range): boolean {
    for (let address = idle.pop(); address !== undefined; address = idle.pop()) {
      if (!members.has(address) || !isIdle(this.#presence(address))) continue;
      this.#drop(address);
      return true;
    }
    return false;
  }

  /** Whether it was time to look for them again. */
  #findIdle(range: Range): boolean {
    const now = this.#clock.now();
    if (now < range.lookedAt + LOOK_TIME) return false;
    range.lookedAt = now;
    range.idle = [...range.members]
      .map((address) => ({ address, presence: this.#presence(address) }))
      .filter(({ presence }) => isIdle(presence))
      .sort((a, b) => a.presence.age - b.presence.age)
      .map(({ address }) => address);
    return true;
  }

  #drop(address: string): void {
    this.#members.get(address)?.members.delete(address);
    this.#members.delete(address);
    this.#forget(address);
  }

  stop(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #sweep(): void {
    for (const address of this.#members.keys()) {
      const { up, age, awaited } = this.#presence(address);
      if (!up && !awaited && age >= FORGET_TIME) this.#drop(address);
    }
    const again = this.#members.size > 0;
    this.#cancelSweep = again ? this.#clock.after(SWEEP_TIME, () => this.#sweep()) : undefined;
  }
}

function rangeOf(config: PeerConfig): Range {
  const prefix = parsePrefix(config.address, 'peer.address');
  return { prefix, config, members: new Set(), idle: [], lookedAt: Number.NEGATIVE_INFINITY };
}

/** Whether it may give up its place to another. */
function isIdle({ up, age, awaited }: Presence): boolean {
  return !up && !awaited && age >= PATIENCE;
}
