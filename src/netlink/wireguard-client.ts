import { NetlinkClient, type OpenSocket } from './client.ts';
import { isKernelError, KernelError, unsupportedKind } from './errors.ts';
import { decodeFamily, encodeFamilyGet } from './wire/generic.ts';
import {
  decodeWireguard,
  encodeWireguardGet,
  encodeWireguardSet,
  joinWireguard,
  WG_GENL_NAME,
} from './wire/wireguard.ts';
import type { WireguardChange, WireguardDevice } from './wireguard.ts';

/**
 * WireGuard devices over generic netlink. The socket is opened, and the family's number asked for, at the first use: most
 * nodes have no such device.
 */
export class WireguardClient {
  readonly #open: OpenSocket;
  #client: NetlinkClient | undefined;
  #family: number | undefined;

  constructor(open: OpenSocket) {
    this.#open = open;
  }

  async get(dev: string): Promise<WireguardDevice> {
    const what = `wireguard show ${dev}`;
    const { client, family } = await this.#ready(what);
    return joinWireguard(await client.dump(encodeWireguardGet(family, dev), what, decodeWireguard));
  }

  async set(dev: string, change: WireguardChange): Promise<void> {
    const what = `wireguard set ${dev}`;
    const { client, family } = await this.#ready(what);
    for (const message of encodeWireguardSet(family, dev, change)) await client.request(message, what);
  }

  close(): void {
    this.#client?.close();
  }

  async #ready(what: string): Promise<{ readonly client: NetlinkClient; readonly family: number }> {
    this.#client ??= new NetlinkClient(this.#open);
    const family = (this.#family ??= await this.#ask(this.#client, what));
    return { client: this.#client, family };
  }

  async #ask(client: NetlinkClient, what: string): Promise<number> {
    try {
      const family = await client.get(encodeFamilyGet(WG_GENL_NAME), what, decodeFamily);
      if (family !== undefined) return family;
      throw new KernelError('MALFORMED', what, 'the kernel did not say what number WireGuard has');
    } catch (error) {
      if (isKernelError(error, 'ENOENT')) throw unsupportedKind(what, WG_GENL_NAME, error);
      throw error;
    }
  }
}
