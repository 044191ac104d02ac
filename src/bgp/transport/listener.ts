import { createServer, type Server, type Socket } from 'node:net';
import { type Clock, type Family, reasonOf, tryParseAddress } from '../../base/index.ts';
import { Admissions, admissionKey } from './admissions.ts';
import { canonicalAddress } from './canonical-address.ts';
import { descriptorOf } from './descriptor.ts';
import { TransportError } from './errors.ts';
import { needsSocketOptions, setFullHopLimit, setHopLimits, setPassword, usesGtsm } from './socket-options.ts';
import { HIGH_WATER, TcpConnection } from './tcp-connection.ts';
import type { Admission, AdmissionRefusal, Connection, Listener, ListenOptions } from './transport.ts';

const MAX_HALF_OPEN = 1024;

/** Opens a port. Resolves once connections can arrive; rejects with what stands in the way. */
export function listenTcp(
  options: ListenOptions,
  accept: (connection: Connection) => void,
  clock: Clock,
): Promise<Listener> {
  const { promise, resolve, reject } = Promise.withResolvers<Listener>();
  const server = createServer({ allowHalfOpen: true, highWaterMark: HIGH_WATER });
  const { address: host, port } = options;
  server.once('error', (error) => {
    reject(new TransportError('LISTEN', `can't listen on ${host} port ${port}: ${error.message}`, { cause: error }));
  });
  server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
    server.removeAllListeners('error');
    resolve(new TcpListener(server, options, accept, clock));
  });
  return promise;
}

class TcpListener implements Listener {
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #family: Family;
  readonly #accept: (connection: Connection) => void;
  readonly #clock: Clock;
  readonly #maxHalfOpen: number;
  /** How many there are, by the text of who was let in. */
  readonly #halfOpen = new Map<string, number>();
  readonly #admissions = new Admissions();
  /** Peers whose keys the kernel has. */
  readonly #keys = new Map<string, Admission>();

  constructor(server: Server, options: ListenOptions, accept: (connection: Connection) => void, clock: Clock) {
    this.#server = server;
    this.#accept = accept;
    this.#clock = clock;
    this.#maxHalfOpen = options.maxHalfOpen ?? MAX_HALF_OPEN;
    this.#family = tryParseAddress(options.address.split('%')[0]!)?.family ?? 4;
    this.address = options.address;
    const bound = server.address();
    this.port = typeof bound === 'object' && bound ? bound.port : options.port;
    server.on('connection', (socket) => this.#connected(socket));
    // Running out of descriptors shows here; the peer retries, so there is nothing to do but go on.
    server.on('error', () => {});
  }

  admit(admissions: readonly Admission[]): readonly AdmissionRefusal[] {
    return this.adjust(admissions, this.#admissions.without(admissions));
  }

  adjust(changed: readonly Admission[], gone: readonly Admission['from'][]): readonly AdmissionRefusal[] {
    const refusals: AdmissionRefusal[] = [];
    for (const from of gone) this.#refuse(from);
    for (const admission of changed) {
      if (this.#familyOf(admission) !== this.#family) continue;
      try {
        if (admission.password === undefined) this.#removeKey(admission.from);
        else this.#installKey(admission, admission.password);
        if (usesGtsm(admission)) setFullHopLimit(this.#fd(), this.#family);
        this.#admissions.set(admission);
      } catch (error) {
        this.#refuse(admission.from);
        refusals.push({ from: admission.from, reason: reasonOf(error) });
      }
    }
    return refusals;
  }

  close(): void {
    this.#server.close();
  }

  #installKey(admission: Admission, password: string): void {
    const key = admissionKey(admission.from);
    if (this.#keys.get(key)?.password === password) return;
    setPassword(this.#fd(), admission.from, password);
    this.#keys.set(key, admission);
  }

  #removeKey(from: Admission['from']): void {
    if (this.#keys.delete(admissionKey(from))) setPassword(this.#fd(), from, undefined);
  }

  #refuse(from: Admission['from']): void {
    this.#admissions.delete(from);
    this.#removeKey(from);
  }

  #connected(socket: Socket): void {
    const admission = this.#admissions.find(canonicalAddress(socket.remoteAddress ?? ''));
    if (admission === undefined || this.#halfOpenOf(admissionKey(admission.from)) >= this.#maxHalfOpen) {
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    try {
      if (needsSocketOptions(admission)) setHopLimits(openDescriptor(socket), this.#family, admission);
    } catch {
      socket.destroy();
      return;
    }
    this.#count(socket, admissionKey(admission.from));
    this.#accept(new TcpConnection(socket, this.#clock));
  }

  /** Counts the socket among the half-open ones until its first byte or its end. */
  #count(socket: Socket, key: string): void {
    this.#halfOpen.set(key, this.#halfOpenOf(key) + 1);
    const settled = (): void => {
      socket.off('data', settled).off('close', settled);
      const left = this.#halfOpenOf(key) - 1;
      if (left > 0) this.#halfOpen.set(key, left);
      else this.#halfOpen.delete(key);
    };
    socket.on('data', settled).on('close', settled);
  }

  #halfOpenOf(key: string): number {
    return this.#halfOpen.get(key) ?? 0;
  }

  #familyOf({ from }: Admission): Family {
    return typeof from === 'string' ? (tryParseAddress(from.split('%')[0]!)?.family ?? 4) : from.family;
  }

  #fd(): number {
    return openDescriptor(this.#server);
  }
}

function openDescriptor(holder: Server | Socket): number {
  const descriptor = descriptorOf(holder);
  if (descriptor === undefined) throw new TransportError('SOCKET_OPTION', 'the socket is closed');
  return descriptor;
}
