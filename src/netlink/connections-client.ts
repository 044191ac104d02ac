import { NetlinkClient, type OpenSocket } from './client.ts';
import type { ConnectionFilter, TrackedConnection } from './connections.ts';
import { isKernelError } from './errors.ts';
import { decodeConnection, encodeConnectionDelete, encodeConnectionDump, WireAddresses } from './wire/conntrack.ts';

/** conntrack(8)'s verbs. The socket is opened at the first use. */
export class ConnectionsClient {
  readonly #open: OpenSocket;
  #client: NetlinkClient | undefined;

  constructor(open: OpenSocket) {
    this.#open = open;
  }

  list({ addresses }: ConnectionFilter = {}): Promise<readonly TrackedConnection[]> {
    const among = addresses && new WireAddresses(addresses);
    return this.#opened().dump(encodeConnectionDump(), 'conntrack list', (body) => decodeConnection(body, among));
  }

  async delete(connections: readonly TrackedConnection[]): Promise<void> {
    const client = this.#opened();
    await Promise.all(
      connections.map(async (connection) => {
        const { source, destination } = connection.original;
        try {
          await client.request(encodeConnectionDelete(connection), `conntrack delete ${source} ${destination}`);
        } catch (error) {
          if (!isKernelError(error, 'ENOENT')) throw error;
        }
      }),
    );
  }

  close(): void {
    this.#client?.close();
  }

  #opened(): NetlinkClient {
    this.#client ??= new NetlinkClient(this.#open);
    return this.#client;
  }
}
