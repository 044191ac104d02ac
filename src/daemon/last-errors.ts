import type { SpeakerEvent } from '../bgp/index.ts';

/** Longer reasons are cut: they are labels of metrics too. */
const LONGEST = 160;

export interface LastError {
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What ended each peer's session the last time, or kept it from coming up: it stays known when the session is back. */
export class LastErrors {
  readonly #errors = new Map<string, LastError>();

  heard(event: SpeakerEvent, at: number): void {
    if (event.kind === 'notification') this.#note(event.peer, `${event.text} (${event.direction})`, at);
    if (event.kind !== 'state' || event.to === 'Established') return;
    // The NOTIFICATION that ended it says more than the state that follows.
    if (event.from === 'Established' && this.#errors.get(event.peer)?.at === at) return;
    if (event.from === 'Established' || event.to === 'Idle' || event.to === 'Active')
      this.#note(event.peer, event.reason, at);
  }

  of(peer: string): LastError | undefined {
    return this.#errors.get(peer);
  }

  /** Peers that are gone are forgotten. */
  keep(peers: ReadonlySet<string>): void {
    for (const peer of this.#errors.keys()) if (!peers.has(peer)) this.#errors.delete(peer);
  }

  #note(peer: string, reason: string, at: number): void {
    if (reason !== '') this.#errors.set(peer, { reason: reason.slice(0, LONGEST), at });
  }
}
