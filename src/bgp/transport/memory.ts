import type { Clock } from '../../base/index.ts';
import { Admissions } from './admissions.ts';
import { canonicalAddress } from './canonical-address.ts';
import { MemoryConnection } from './memory-connection.ts';
import type { Connection, DialOptions, DialReceiver, Listener, ListenOptions, Transport } from './transport.ts';

/** How a delivery from one address to another comes to happen. Deliveries of one channel must stay in order. */
export type Deliver = (channel: string, action: () => void) => void;

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Milliseconds one way; default 1. */
  readonly latency?: number;
  /** Takes the place of clock and latency: for tests that choose the order of deliveries themselves. */
  readonly deliver?: Deliver;
}

interface Open {
  readonly accept: (connection: Connection) => void;
  admissions: Admissions;
}

/**
 * Hosts joined in memory. Each `host` is a Transport with one address; connections between them deliver in order
 * after a latency. Links can be silenced (packets vanish) and severed (connections break).
 */
export class MemoryNetwork {
  readonly #deliver: Deliver;
  readonly #listeners = new Map<string, Open>();
  readonly #silent = new Set<string>();
  readonly #connections = new Set<MemoryConnection>();
  #nextPort = 32_768;
  #nextConnection = 0;

  constructor({ clock, latency = 1, deliver }: MemoryNetworkOptions) {
    this.#deliver = deliver ?? ((_channel, action) => clock.after(latency, action));
  }

  /** The network as the host with this address sees it. */
  host(address: string): Transport {
    const own = canonicalAddress(address);
    return {
      dial: (options, receiver) => this.#dial(options.localAddress ?? own, options, receiver),
      listen: async (options, accept) => this.#listen(own, options, accept),
    };
  }

  /** From now on (or no more) nothing that is sent between the two arrives. */
  silence(a: string, b: string, silent = true): void {
    const link = linkOf(a, b);
    if (silent) this.#silent.add(link);
    else this.#silent.delete(link);
  }

  /** Breaks all connections between the two; both ends learn it. */
  sever(a: string, b: string): void {
    for (const connection of [...this.#connections]) {
      if (linkOf(connection.local.address, connection.remote.address) === linkOf(a, b)) connection.break('reset');
    }
  }

  /** Ends of connections that are open: two for each whole one. */
  get open(): readonly Connection[] {
    return [...this.#connections];
  }

  #dial(from: string, options: DialOptions, receiver: DialReceiver): () => void {
    let cancelled = false;
    const to = canonicalAddress(options.address);
    const name = `connection ${this.#nextConnection++}`;
    const local = { address: from, port: this.#nextPort++ };
    const remote = { address: to, port: options.port };
    this.#send(from, to, `${name} ${from}`, () => {
      const listener = this.#listeners.get(`${to} ${options.port}`);
      if (listener === undefined) {
        this.#send(to, from, `${name} ${to}`, () => cancelled || receiver.failed('connection refused'));
        return;
      }
      const wire = (source: string, target: string) => (action: () => void) =>
        this.#send(source, target, `${name} ${source}`, action);
      const near = new MemoryConnection(local, remote, wire(from, to), this.#connections);
      const far = new MemoryConnection(remote, local, wire(to, from), this.#connections);
      near.join(far);
      this.#send(to, from, `${name} ${to}`, () => {
        if (cancelled) near.destroy();
        else receiver.connected(near);
      });
      // The host answers for its program, which learns of the connection only when the handshake is over.
      this.#send(from, to, `${name} ${from}`, () => {
        if (listener.admissions.find(from)) listener.accept(far);
        else far.destroy();
      });
    });
    return () => {
      cancelled = true;
    };
  }

  #listen(own: string, { address, port }: ListenOptions, accept: (connection: Connection) => void): Listener {
    const bound = /^(0\.0\.0\.0|::)$/.test(address) ? own : canonicalAddress(address);
    const key = `${bound} ${port}`;
    const open: Open = { accept, admissions: new Admissions([]) };
    this.#listeners.set(key, open);
    return {
      address: bound,
      port,
      admit: (admissions) => {
        open.admissions = new Admissions(admissions);
        return [];
      },
      close: () => this.#listeners.delete(key),
    };
  }

  #isSilent(a: string, b: string): boolean {
    return this.#silent.size > 0 && this.#silent.has(linkOf(a, b));
  }

  #send(from: string, to: string, channel: string, action: () => void): void {
    if (this.#isSilent(from, to)) return;
    this.#deliver(channel, () => {
      if (!this.#isSilent(from, to)) action();
    });
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
