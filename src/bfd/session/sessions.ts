import type { Clock } from '../../base/index.ts';
import { type BfdState, decodeControlPacket } from '../wire/index.ts';
import type { BfdTimers } from './intervals.ts';
import { BfdSession, type BfdSurroundings } from './session.ts';

/** A neighbour to be watched. */
export interface BfdNeighbour {
  /** The name that it is known by: no other neighbour has it. */
  readonly name: string;
  /** Its address in the one way of writing it; a link-local one with its zone (`fe80::1%eth0`). */
  readonly address: string;
  /** The address that packets come from; default: the kernel's choice. */
  readonly localAddress?: string;
  /** Several hops away (RFC 5883): port 4784, and packets from any distance. */
  readonly multihop: boolean;
  readonly timers: BfdTimers;
}

/** How a session is, as told when it changes. Intervals are in milliseconds. */
export interface BfdAccount {
  readonly name: string;
  readonly state: BfdState;
  /** The state before; the same when only what was agreed on has changed. */
  readonly from: BfdState;
  readonly remoteState: BfdState;
  /** Why it went down last, and why the neighbour did. */
  readonly diagnostic: number;
  readonly remoteDiagnostic: number;
  /** The neighbour's BFD goes on when its control plane restarts (C). */
  readonly remoteIndependent: boolean;
  readonly transmitInterval: number;
  readonly detectionTime: number;
}

/** The network and time as sessions see them. */
export interface BfdOutlook extends Pick<BfdSurroundings, 'clock' | 'random' | 'caughtUp'> {
  readonly clock: Clock;
  /** A way to a neighbour; given back by `close`. */
  readonly open: (neighbour: BfdNeighbour) => BfdWay;
  readonly told: (account: BfdAccount) => void;
}

export interface BfdWay {
  send(packet: Uint8Array): void;
  close(): void;
}

interface Watched {
  readonly neighbour: BfdNeighbour;
  readonly session: BfdSession;
  readonly way: BfdWay;
}

/** All sessions of a system. */
export interface BfdSessions {
  /** The neighbours that there should be: new ones begin, missing ones end (AdminDown), others get new timers. */
  configure(neighbours: readonly BfdNeighbour[]): void;
  /** A datagram's payload from `address` (with its zone if it is link-local). Tells why it was discarded, if it was. */
  receive(payload: Uint8Array, address: string, multihop: boolean): string | undefined;
  /** Ends all of them: neighbours are told that it is meant. */
  close(): void;
}

/** No session yet; `configure` begins them. */
export function sessionsOf(outlook: BfdOutlook): BfdSessions {
  return new Sessions(outlook);
}

class Sessions implements BfdSessions {
  readonly #outlook: BfdOutlook;
  readonly #byName = new Map<string, Watched>();
  readonly #byAddress = new Map<string, Watched>();
  readonly #discriminators = new Set<number>();

  constructor(outlook: BfdOutlook) {
    this.#outlook = outlook;
  }

  configure(neighbours: readonly BfdNeighbour[]): void {
    const wanted = new Map(neighbours.map((one) => [one.name, one]));
    for (const [name, one] of this.#byName) {
      const next = wanted.get(name);
      if (next === undefined || !sameWay(next, one.neighbour)) this.#end(one);
    }
    for (const neighbour of wanted.values()) {
      const known = this.#byName.get(neighbour.name);
      if (known === undefined) this.#begin(neighbour);
      else known.session.retime(neighbour.timers);
    }
  }

  receive(payload: Uint8Array, address: string, multihop: boolean): string | undefined {
    const packet = decodeControlPacket(payload);
    if (packet.kind === 'discarded') return packet.reason;
    const { yourDiscriminator } = packet;
    // The neighbour's address counts in both cases: a discriminator can be guessed (RFC 5880 §6.8.6 lets one check it).
    const found = this.#byAddress.get(keyOf(address, multihop));
    if (found === undefined) return 'no session with that address';
    if (yourDiscriminator !== 0 && found.session.localDiscr !== yourDiscriminator)
      return 'Your Discriminator is of no session with that address';
    found.session.receive(packet);
    return undefined;
  }

  close(): void {
    for (const one of [...this.#byName.values()]) this.#end(one);
  }

  #begin(neighbour: BfdNeighbour): void {
    const { clock, random, caughtUp, open, told } = this.#outlook;
    const way = open(neighbour);
    const { name } = neighbour;
    const session = new BfdSession(this.#discriminator(), neighbour.timers, {
      clock,
      random,
      caughtUp,
      send: (packet) => way.send(packet),
      changed: (changed, from) => told(accountOf(name, changed, from)),
    });
    const watched = { neighbour, session, way };
    this.#byName.set(name, watched);
    this.#byAddress.set(keyOf(neighbour.address, neighbour.multihop), watched);
    this.#discriminators.add(session.localDiscr);
    session.start();
  }

  #end({ neighbour, session, way }: Watched): void {
    session.close();
    way.close();
    this.#byName.delete(neighbour.name);
    this.#byAddress.delete(keyOf(neighbour.address, neighbour.multihop));
    this.#discriminators.delete(session.localDiscr);
  }

  /** Not 0, of no other session, and not easily guessed (RFC 5880 §6.8.1). */
  #discriminator(): number {
    for (;;) {
      const chosen = Math.floor(this.#outlook.random() * 2 ** 32) >>> 0;
      if (chosen !== 0 && !this.#discriminators.has(chosen)) return chosen;
    }
  }
}

function keyOf(address: string, multihop: boolean): string {
  return `${multihop ? 'multihop' : 'single'} ${address}`;
}

function sameWay(a: BfdNeighbour, b: BfdNeighbour): boolean {
  return a.address === b.address && a.localAddress === b.localAddress && a.multihop === b.multihop;
}

function accountOf(name: string, session: BfdSession, from: BfdState): BfdAccount {
  const { state, remoteState, diagnostic, remoteDiagnostic, remoteIndependent } = session;
  const { transmitInterval, detectionTime } = session;
  return {
    ...{ name, state, from, remoteState, diagnostic, remoteDiagnostic, remoteIndependent },
    ...{ transmitInterval, detectionTime },
  };
}
