import { createSocket, type Socket } from 'node:dgram';
import { type Cancel, type Clock, reasonOf } from '../../base/index.ts';
import type { BfdNeighbour, BfdWay } from '../session/index.ts';
import { markControl, requireFullHopLimit } from './socket-options.ts';

/** RFC 5881 §4, RFC 5883 §5. */
const PORT = { single: 3784, multihop: 4784 } as const;
/** Source ports (RFC 5881 §4). */
const [FIRST_SOURCE, LAST_SOURCE] = [49152, 65535];
const FULL_HOP_LIMIT = 255;
/** Milliseconds until a port that is somebody else's is asked for again. */
const RETRY = 2000;
/** Turns of the loop in which what has arrived is waited for, so that a flood can't put off a decision for ever. */
const MOST_TURNS = 64;

/** Datagrams counted since the start. `unheard`: those of no session, or that the RFC discards. */
export interface BfdTotals {
  sent: number;
  received: number;
  unheard: number;
  unsent: number;
}

export interface UdpEnvironment {
  readonly clock: Clock;
  readonly totals: BfdTotals;
  /** Makes a call of libc's at a moment that is good for it. */
  readonly native: <T>(call: () => T) => T;
  /** Takes a payload; tells why it was discarded, if it was. */
  readonly received: (payload: Uint8Array, address: string, multihop: boolean) => string | undefined;
  /** A port can't be listened on, with why; undefined: now it can. */
  readonly listening: (port: number, problem: string | undefined) => void;
}

/**
 * UDP as BFD wants it: for each family and number of hops one socket that listens, and for each neighbour one that
 * sends, from a port of its own in the range that the RFC gives. Single-hop packets leave with a hop limit of 255, and
 * others are not let in.
 */
export class UdpTransport {
  readonly #environment: UdpEnvironment;
  readonly #receivers = new Map<string, Socket | undefined>();
  readonly #retries = new Set<Cancel>();

  constructor(environment: UdpEnvironment) {
    this.#environment = environment;
  }

  open(neighbour: BfdNeighbour): BfdWay {
    const family = neighbour.address.includes(':') ? 6 : 4;
    this.#listen(family, neighbour.multihop);
    return new Sender(neighbour, family, this.#environment);
  }

  /** Runs `action` after a turn of the loop in which nothing came. */
  caughtUp(action: () => void): void {
    const { clock, totals } = this.#environment;
    const look = (before: number, turns: number): void => {
      clock.soon(() => {
        if (totals.received === before || turns === 0) action();
        else look(totals.received, turns - 1);
      });
    };
    look(totals.received, MOST_TURNS);
  }

  close(): void {
    for (const cancel of this.#retries) cancel();
    for (const socket of this.#receivers.values()) socket?.close();
    this.#receivers.clear();
  }

  #listen(family: 4 | 6, multihop: boolean): void {
    const key = `${family} ${multihop}`;
    if (this.#receivers.has(key)) return;
    this.#receivers.set(key, undefined);
    this.#bind(key, family, multihop);
  }

  #bind(key: string, family: 4 | 6, multihop: boolean): void {
    const { clock, totals, native, received, listening } = this.#environment;
    const port = multihop ? PORT.multihop : PORT.single;
    const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
    const failed = (reason: string): void => {
      listening(port, reason);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.close();
      const cancel = clock.after(RETRY, () => {
        this.#retries.delete(cancel);
        if (this.#receivers.has(key)) this.#bind(key, family, multihop);
      });
      this.#retries.add(cancel);
    };
    socket.once('error', (error) => failed(reasonOf(error)));
    socket.on('message', (payload, { address }) => {
      totals.received++;
      if (received(payload, address, multihop) !== undefined) totals.unheard++;
    });
    socket.bind({ port }, () => {
      if (!multihop && !native(() => requireFullHopLimit(socket, family))) {
        failed("the kernel takes no filter for the packets' hop limit");
        return;
      }
      if (!this.#receivers.has(key)) return void socket.close();
      this.#receivers.set(key, socket);
      socket.removeAllListeners('error').on('error', () => {});
      listening(port, undefined);
    });
  }
}

/** Keeps the last packet sent before the socket is bound, which says all, until then. */
class Sender implements BfdWay {
  readonly #neighbour: BfdNeighbour;
  readonly #family: 4 | 6;
  readonly #totals: BfdTotals;
  readonly #native: UdpEnvironment['native'];
  #socket: Socket | undefined;
  #isBinding = false;
  #waiting: Uint8Array | undefined;
  #closed = false;

  constructor(neighbour: BfdNeighbour, family: 4 | 6, { totals, native }: UdpEnvironment) {
    this.#neighbour = neighbour;
    this.#family = family;
    this.#totals = totals;
    this.#native = native;
  }

  send(packet: Uint8Array): void {
    const { address, multihop } = this.#neighbour;
    if (this.#socket === undefined) {
      this.#waiting = packet;
      // An address of ours that was not there when it was asked for may be by now.
      if (!this.#isBinding) this.#bind();
      return;
    }
    this.#socket.send(packet, multihop ? PORT.multihop : PORT.single, address, (error) => {
      if (error) this.#totals.unsent++;
      else this.#totals.sent++;
    });
  }

  /**
   * Closes at once, and nothing sent is lost: a datagram to an address that needs no look-up goes to the kernel in the
   * call.
   */
  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }

  #bind(): void {
    this.#isBinding = true;
    const { localAddress } = this.#neighbour;
    const family = this.#family;
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      // Addresses are no names to be looked up.
      lookup: (host, _, answer) => answer(null, host, family),
    });
    socket.on('error', () => {
      if (this.#socket !== undefined) return;
      this.#totals.unsent++;
      this.#isBinding = false;
      socket.close();
    });
    const port = FIRST_SOURCE + Math.floor(Math.random() * (LAST_SOURCE - FIRST_SOURCE + 1));
    socket.bind({ port, ...(localAddress !== undefined && { address: localAddress }) }, () => {
      if (this.#closed) return void socket.close();
      this.#socket = socket;
      socket.setTTL(FULL_HOP_LIMIT);
      this.#native(() => markControl(socket, family));
      if (this.#waiting !== undefined) this.send(this.#waiting);
      this.#waiting = undefined;
    });
  }
}
