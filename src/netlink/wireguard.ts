/** A WireGuard device as wg(8) shows it. Keys are base64 text; the private key is written, and never read back. */
export interface WireguardDevice {
  /** Absent until the device has a private key. */
  readonly publicKey?: string;
  /** UDP; 0 before the device was first up without one. */
  readonly listenPort: number;
  /** Mark of the packets that the device itself sends; 0 for none. */
  readonly mark: number;
  readonly peers: readonly WireguardPeer[];
}

export interface WireguardPeer {
  readonly publicKey: string;
  /** `192.0.2.1:51820` or `[2001:db8::1]:51820`; absent until it is set or heard from. */
  readonly endpoint?: string;
  /** CIDRs: what is sent to the peer, and what it may send. */
  readonly allowedIps: readonly string[];
  /** Seconds; 0 for off. */
  readonly keepalive: number;
  /** Seconds since 1970; 0 when there was none. */
  readonly latestHandshake: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** A change of a device; fields that are not named stay as they are. */
export interface WireguardChange {
  readonly privateKey?: string;
  readonly listenPort?: number;
  readonly mark?: number;
  readonly peers?: readonly WireguardPeerChange[];
}

/** A peer to add or change. An allowed address that another peer had is taken from it. */
export type WireguardPeerChange =
  | {
      readonly publicKey: string;
      readonly endpoint?: string;
      /** In place of those that it had. */
      readonly allowedIps?: readonly string[];
      readonly keepalive?: number;
      readonly remove?: undefined;
    }
  | { readonly publicKey: string; readonly remove: true };
