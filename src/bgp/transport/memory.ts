import type { Clock } from '../../base/index.ts';
import { Admissions } from './admissions.ts';
import { canonicalAddress } from './canonical-address.ts';
import { InFlight } from './in-flight.ts';
import { type Carrier, MemoryConnection, type Parcel } from './memory-connection.ts';
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
export class MemoryNetwork implements Carrier {
  readonly #deliver: (parcel: Parcel) => void;
  /** By address, then by port. */
  readonly #listeners = new Map<string, Map<number, Open>>();
  readonly #silent = new Set<string>();
  readonly #connections = new Set<MemoryConnection>();
  #nextPort = 32_768;
  #nextConnection = 0;

  constructor({ clock, latency = 1, deliver }: MemoryNetworkOptions) {
    if (deliver) {
      this.#deliver = (parcel) => deliver(`connection ${parcel.connection} ${parcel.from}`, () => this.#land(parcel));
    } else {
      const inFlight = new InFlight(clock, latency, (parcel) => this.#land(parcel));
      this.#deliver = (parcel) => inFlight.send(parcel);
    }
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

  send(parcel: Parcel): void {
    if (!this.#isSilent(parcel)) this.#deliver(parcel);
  }

  forget(connection: MemoryConnection): void {
    this.#connections.delete(connection);
  }

  #land(parcel: Parcel): void {
    if (!this.#isSilent(parcel)) parcel.arrive();
  }

  #dial(from: string, options: DialOptions, receiver: DialReceiver): () => void {
    let cancelled = false;
    const to = canonicalAddress(options.address);
    const connection = this.#nextConnection++;
    const local = { address: from, port: this.#nextPort++ };
    const remote = { address: to, port: options.port };
    const there = (arrive: () => void): void => this.send({ from, to, connection, arrive });
    const back = (arrive: () => void): void => this.send({ from: to, to: from, connection, arrive });
    there(() => {
      const listener = this.#listeners.get(to)?.get(options.port);
      if (listener === undefined) {
        back(() => cancelled || receiver.failed('connection refused'));
        return;
      }
      const near = new MemoryConnection(local, remote, connection, this);
      const far = new MemoryConnection(remote, local, connection, this);
      near.join(far);
      this.#connections.add(near).add(far);
      back(() => {
        if (cancelled) near.destroy();
        else receiver.connected(near);
      });
      // The host answers for its program, which learns of the connection only when the handshake is over.
      there(() => {
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
    const admissions = new Admissions();
    const open: Open = { accept, admissions };
    const ports = this.#listeners.get(bound) ?? new Map<number, Open>();
    this.#listeners.set(bound, ports.set(port, open));
    const adjust: Listener['adjust'] = (changed, gone) => {
      for (const from of gone) admissions.delete(from);
      for (const admission of changed) admissions.set(admission);
      return [];
    };
    return {
      address: bound,
      port,
      admit: (all) => adjust(all, admissions.without(all)),
      adjust,
      close: () => ports.delete(port),
    };
  }

  #isSilent(parcel: Parcel): boolean {
    return this.#silent.size > 0 && this.#silent.has(linkOf(parcel.from, parcel.to));
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
