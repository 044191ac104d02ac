import type { SpeakerEvent } from 'bgp-speaker-ts';

/** Longer reasons are cut: they are labels of metrics too. */
const LONGEST = 160;
/** Peers that are remembered: of more, those that were heard of longest ago are forgotten. */
const MOST_PEERS = 5000;
/** Comings and goings that are remembered of each peer. */
const REMEMBERED = 32;

export interface LastError {
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A NOTIFICATION by its numbers (RFC 4271 §4.5). */
export interface LastNotification {
  readonly code: number;
  readonly subcode: number;
  readonly direction: 'sent' | 'received';
}

/** A session that came up, or one that ended with why. */
export interface SessionChange {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly isUp: boolean;
  readonly reason: string;
}

/**
 * The error that last ended each peer's session, or kept it from coming up: it stays known when the session is back.
 * And the latest comings and goings of each.
 */
export class SessionHistory {
  readonly #errors = new Map<string, LastError>();
  readonly #notifications = new Map<string, LastNotification>();
  readonly #changes = new Map<string, SessionChange[]>();

  heard(event: SpeakerEvent, at: number): void {
    if (event.kind === 'notification') {
      const { code, subcode, direction } = event;
      put(this.#notifications, event.peer, { code, subcode, direction });
      this.#note(event.peer, `${event.text} (${direction})`, at);
    }
    if (event.kind !== 'state') return;
    if (event.to === 'Established') {
      this.#change(event.peer, { at, isUp: true, reason: event.reason });
      return;
    }
    const { reason } = this.#endOf(event, at);
    if (event.from === 'Established') this.#change(event.peer, { at, isUp: false, reason });
  }

  of(peer: string): LastError | undefined {
    return this.#errors.get(peer);
  }

  notificationOf(peer: string): LastNotification | undefined {
    return this.#notifications.get(peer);
  }

  /** The latest comings and goings, the oldest of them first. */
  changesOf(peer: string): readonly SessionChange[] {
    return this.#changes.get(peer) ?? [];
  }

  /** The NOTIFICATION that ended a session says more than the state that follows. */
  #endOf({ peer, from, to, reason }: Extract<SpeakerEvent, { kind: 'state' }>, at: number): LastError {
    const known = this.#errors.get(peer);
    if (from === 'Established' && known?.at === at) return known;
    if (from === 'Established' || to === 'Idle' || to === 'Active') this.#note(peer, reason, at);
    return { reason: reason.slice(0, LONGEST), at };
  }

  #note(peer: string, reason: string, at: number): void {
    if (reason !== '') put(this.#errors, peer, { reason: reason.slice(0, LONGEST), at });
  }

  #change(peer: string, change: SessionChange): void {
    const changes = this.#changes.get(peer) ?? [];
    changes.push(change);
    if (changes.length > REMEMBERED) changes.shift();
    put(this.#changes, peer, changes);
  }
}

/** Keeps the map in the order of hearing, and bounded. */
function put<Value>(known: Map<string, Value>, peer: string, value: Value): void {
  known.delete(peer);
  known.set(peer, value);
  const [oldest] = known.keys();
  if (known.size > MOST_PEERS && oldest !== undefined) known.delete(oldest);
}
