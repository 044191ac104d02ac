import type { PeerConfig, SessionEnds, SessionRecord } from '../api.ts';
import { peerName } from '../peer-name.ts';
import type { BgpConnection } from './connection.ts';

/** Tells of one peer's messages, and of its coming and going, to those who keep records (BMP, MRT). */
export class SessionRecords {
  readonly #tell: (record: SessionRecord) => void;
  readonly #asn: number;
  /** The ends of the session that is up. */
  #up: SessionEnds | undefined;

  constructor(asn: number, tell: (record: SessionRecord) => void) {
    this.#asn = asn;
    this.#tell = tell;
  }

  /** Whole messages, one or several. */
  messages(of: BgpConnection, config: PeerConfig, direction: 'sent' | 'received', bytes: Uint8Array): void {
    const ends = this.#ends(of, config);
    if (ends === undefined) return;
    for (let at = 0; at < bytes.length; ) {
      const end = at + ((bytes[at + 16] << 8) | bytes[at + 17]);
      this.#tell({ ...ends, kind: 'message', direction, bytes: bytes.subarray(at, end) });
      at = end;
    }
  }

  up(of: BgpConnection, config: PeerConfig): void {
    this.#up = this.#ends(of, config);
    if (this.#up) this.#tell({ ...this.#up, kind: 'up' });
  }

  down(reason: string): void {
    if (this.#up) this.#tell({ ...this.#up, kind: 'down', reason });
    this.#up = undefined;
  }

  #ends({ tcp, negotiated }: BgpConnection, config: PeerConfig): SessionEnds | undefined {
    if (tcp === undefined) return undefined;
    return {
      peer: peerName(config),
      peerAs: negotiated?.peerAs ?? config.remoteAs,
      localAs: negotiated?.localAs ?? config.localAs ?? this.#asn,
      routerId: negotiated?.peerRouterId ?? 0,
      local: tcp.local,
      remote: tcp.remote,
      fourOctetAs: negotiated?.fourOctetAs ?? true,
    };
  }
}
