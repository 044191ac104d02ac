import type { PeerConfig } from '../api.ts';
import type { Connection, DialOptions, DialReceiver, Transport } from '../transport/index.ts';
import type { BgpConnection } from './connection.ts';

const BGP_PORT = 179;

/** The one dial that may be under way to a peer. */
export class Dialler implements DialReceiver {
  readonly #transport: Transport;
  /** For whom. */
  #connection: BgpConnection | undefined;
  #cancel: (() => void) | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  dial(config: PeerConfig, connection: BgpConnection): void {
    this.#connection = connection;
    this.#cancel = this.#transport.dial(dialOptions(config), this);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  connected(tcp: Connection): void {
    this.#cancel = undefined;
    this.#connection!.connect(tcp);
  }

  failed(reason: string): void {
    this.#cancel = undefined;
    this.#connection!.dispatch({ kind: 'tcp-fails', reason });
  }
}

function dialOptions(config: PeerConfig): DialOptions {
  const { address, port = BGP_PORT, localAddress, password, ttlSecurity, multihop } = config;
  return {
    address,
    port,
    ...(localAddress !== undefined && { localAddress }),
    ...(password !== undefined && { password }),
    ...(ttlSecurity !== undefined && { ttlSecurity }),
    ...(multihop !== undefined && { multihop }),
  };
}
