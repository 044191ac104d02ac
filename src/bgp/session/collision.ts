import type { SessionState } from '../api.ts';

/**
 * Connection collision (RFC 4271 §6.8, RFC 6286 §2.3). Two speakers that dial each other make two connections;
 * one must go, and both sides must choose the same one.
 *
 * The rule: the connection made by the dominant side stays. Left at that, both can be lost: one side finishes the
 * other connection and rejects the dominant one as a latecomer, while the other side chooses the dominant one. So a
 * connection that is not the dominant side's does not become Established while the dominant one is coming up, for
 * a second at most; then no message order lets the two sides disagree.
 */
export type Initiator = 'self' | 'peer';

export interface SpeakerIdentity {
  readonly routerId: number;
  readonly asn: number;
}

/** Higher identifier, then higher AS number. Equal in both is refused when OPENs are compared. */
export function dominant(self: SpeakerIdentity, peer: SpeakerIdentity): Initiator {
  if (self.routerId !== peer.routerId) return self.routerId > peer.routerId ? 'self' : 'peer';
  return self.asn > peer.asn ? 'self' : 'peer';
}

/** The fate of the connection that a message came on, and of the other one. */
export type Resolution = 'go' | 'go, end the other' | 'wait' | 'end this';

/** An acceptable OPEN came on the connection that `initiator` made; the other one is in state `other`. */
export function onOpen(initiator: Initiator, other: SessionState, winner: Initiator): Resolution {
  switch (other) {
    case 'Idle':
    case 'Connect':
    case 'Active':
      return 'go, end the other';
    case 'OpenSent':
      return 'go';
    case 'OpenConfirm':
      return initiator === winner ? 'go, end the other' : 'end this';
    case 'Established':
      return 'end this';
  }
}

/** The KEEPALIVE that would make it Established came. `overdue`: it has waited long enough. */
export function onKeepalive(
  initiator: Initiator,
  other: SessionState,
  winner: Initiator,
  overdue: boolean,
): Resolution {
  switch (other) {
    case 'Idle':
    case 'Connect':
    case 'Active':
      return 'go, end the other';
    case 'OpenSent':
    case 'OpenConfirm':
      return initiator === winner || overdue ? 'go, end the other' : 'wait';
    case 'Established':
      return 'end this';
  }
}
