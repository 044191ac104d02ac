import type { PeerConfig } from '../api.ts';
import type { DialOptions, Transport } from '../transport/index.ts';
import type { Conversation } from './conversation.ts';

const BGP_PORT = 179;

/** The one dial that may be under way to a peer. */
export class Dialler {
  readonly #transport: Transport;
  #cancel: (() => void) | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  dial(config: PeerConfig, conversation: Conversation): void {
    this.#cancel = this.#transport.dial(dialOptions(config), {
      connected: (connection) => {
        this.#cancel = undefined;
        conversation.connect(connection);
      },
      failed: (reason) => {
        this.#cancel = undefined;
        conversation.dispatch({ kind: 'tcp-fails', reason });
      },
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
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
