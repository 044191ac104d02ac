import type { PeerConfig, SessionEnds, SessionRecord } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import { peerName } from '../peer-name.ts';
import type { Connection } from '../transport/index.ts';

/** A conversation as far as records name it. */
interface Witnessed {
  readonly connection: Connection | undefined;
  readonly negotiated: Negotiated | undefined;
}

/** Tells of one peer's messages, and of its coming and going, to those who keep history. */
export class Witness {
  readonly #tell: (record: SessionRecord) => void;
  readonly #asn: number;
  /** The ends of the session that is up. */
  #up: SessionEnds | undefined;

  constructor(asn: number, tell: (record: SessionRecord) => void) {
    this.#asn = asn;
    this.#tell = tell;
  }

  /** Whole messages, one or several. */
  messages(of: Witnessed, config: PeerConfig, direction: 'sent' | 'received', bytes: Uint8Array): void {
    const ends = this.#ends(of, config);
    if (ends === undefined) return;
    for (let at = 0; at < bytes.length; ) {
      const end = at + ((bytes[at + 16] << 8) | bytes[at + 17]);
      this.#tell({ ...ends, kind: 'message', direction, bytes: bytes.subarray(at, end) });
      at = end;
    }
  }

  up(of: Witnessed, config: PeerConfig): void {
    this.#up = this.#ends(of, config);
    if (this.#up) this.#tell({ ...this.#up, kind: 'up' });
  }

  down(reason: string): void {
    if (this.#up) this.#tell({ ...this.#up, kind: 'down', reason });
    this.#up = undefined;
  }

  #ends({ connection, negotiated }: Witnessed, config: PeerConfig): SessionEnds | undefined {
    if (connection === undefined) return undefined;
    return {
      peer: peerName(config),
      peerAs: negotiated?.peerAs ?? config.remoteAs,
      localAs: negotiated?.localAs ?? config.localAs ?? this.#asn,
      routerId: negotiated?.peerRouterId ?? 0,
      local: connection.local,
      remote: connection.remote,
      fourOctetAs: negotiated?.fourOctetAs ?? true,
    };
  }
}
