import { createPrivateKey, createPublicKey } from 'node:crypto';
import { formatPrefix, parsePrefix } from '../../src/base/index.ts';
import type { WireguardChange, WireguardDevice, WireguardPeer } from '../../src/netlink/index.ts';

/** What a WireGuard device of the fake kernel keeps, and how it changes. */
export class FakeWireguard {
  #publicKey: string | undefined;
  #listenPort = 0;
  #mark = 0;
  readonly #peers = new Map<string, WireguardPeer>();

  shown(): WireguardDevice {
    const key = this.#publicKey === undefined ? {} : { publicKey: this.#publicKey };
    return { ...key, listenPort: this.#listenPort, mark: this.#mark, peers: [...this.#peers.values()] };
  }

  set({ privateKey, listenPort, mark, peers = [] }: WireguardChange): void {
    if (privateKey !== undefined) this.#publicKey = publicKeyOf(privateKey);
    this.#listenPort = listenPort ?? this.#listenPort;
    this.#mark = mark ?? this.#mark;
    // A device has no peer with its own key.
    if (this.#publicKey !== undefined) this.#peers.delete(this.#publicKey);
    for (const change of peers) {
      if (change.remove) this.#peers.delete(change.publicKey);
      else if (change.publicKey !== this.#publicKey) this.#setPeer(change);
    }
  }

  #setPeer(change: Exclude<NonNullable<WireguardChange['peers']>[number], { readonly remove: true }>): void {
    const { publicKey, endpoint, keepalive } = change;
    const before = this.#peers.get(publicKey) ?? fresh(publicKey);
    const allowedIps = change.allowedIps?.map((cidr) => formatPrefix(parsePrefix(cidr)));
    for (const cidr of allowedIps ?? []) this.#takeAway(cidr);
    this.#peers.set(publicKey, {
      ...before,
      ...(endpoint !== undefined && { endpoint }),
      ...(keepalive !== undefined && { keepalive }),
      ...(allowedIps !== undefined && { allowedIps }),
    });
  }

  #takeAway(cidr: string): void {
    for (const [key, peer] of this.#peers) {
      this.#peers.set(key, { ...peer, allowedIps: peer.allowedIps.filter((other) => other !== cidr) });
    }
  }
}

function fresh(publicKey: string): WireguardPeer {
  return { publicKey, allowedIps: [], keepalive: 0, latestHandshake: 0, receivedBytes: 0, sentBytes: 0 };
}

/** X25519 in PKCS #8: sixteen fixed bytes, then the key. */
function publicKeyOf(privateKey: string): string {
  const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
  const der = Buffer.concat([prefix, Buffer.from(privateKey, 'base64')]);
  const { x = '' } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  });
  return Buffer.from(x, 'base64url').toString('base64');
}
