import { createSocket, type Socket } from 'node:dgram';
import { reasonOf } from '../../base/index.ts';
import { neverFragment } from './socket-options.ts';

/** Sockets by their own address: what is answered leaves from the address that was asked. */
export interface PathSockets {
  /** Opens sockets for these addresses and closes others; called again and again, since an address may come late. */
  bind(addresses: readonly string[]): void;
  /** Sends a datagram; where there is no socket yet, or the kernel refuses it, it is lost. */
  send(local: string, remote: string, payload: Uint8Array): void;
  problems(): readonly string[];
  close(): void;
}

interface Opened {
  readonly socket: Socket;
  isBound: boolean;
}

/** UDP as probes want it: from one port to the same port, whole or not at all. */
export class UdpSockets implements PathSockets {
  readonly #received: (payload: Uint8Array, local: string, remote: string) => void;
  readonly #port: number;
  readonly #sockets = new Map<string, Opened>();
  readonly #problems = new Map<string, string>();

  constructor(received: (payload: Uint8Array, local: string, remote: string) => void, port: number) {
    this.#received = received;
    this.#port = port;
  }

  bind(addresses: readonly string[]): void {
    const wanted = new Set(addresses);
    for (const [address, { socket, isBound }] of this.#sockets) {
      if (wanted.has(address)) continue;
      this.#sockets.delete(address);
      // One that is being bound is closed when it is.
      if (isBound) socket.close();
    }
    for (const address of this.#problems.keys()) if (!wanted.has(address)) this.#problems.delete(address);
    for (const address of wanted) if (!this.#sockets.has(address)) this.#open(address);
  }

  send(local: string, remote: string, payload: Uint8Array): void {
    const opened = this.#sockets.get(local);
    if (opened?.isBound) opened.socket.send(payload, this.#port, remote, () => {});
  }

  problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  close(): void {
    this.bind([]);
  }

  #open(address: string): void {
    const family = address.includes(':') ? 6 : 4;
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      // Addresses are no names to be looked up.
      lookup: (host, _, answer) => answer(null, host, family),
    });
    const opened: Opened = { socket, isBound: false };
    this.#sockets.set(address, opened);
    const isWanted = (): boolean => this.#sockets.get(address) === opened;
    const failed = (reason: string): void => {
      if (isWanted()) {
        this.#sockets.delete(address);
        this.#problems.set(address, `paths to other nodes can't be probed from ${address}: ${reason}`);
      }
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.close();
    };
    socket.once('error', (error) => failed(reasonOf(error)));
    socket.on('message', (payload, { address: remote }) => this.#received(payload, address, remote));
    socket.bind({ port: this.#port, address }, () => {
      if (!isWanted()) return void socket.close();
      if (!neverFragment(socket, family)) return failed('the kernel sends no packets that must not be fragmented');
      socket.removeAllListeners('error').on('error', () => {});
      opened.isBound = true;
      this.#problems.delete(address);
    });
  }
}
