import type { AddressFamily } from '../api.ts';

/** The speaker that a session belongs to, as the session must know it. */
export interface LocalSpeaker {
  readonly asn: number;
  /** As an unsigned integer. */
  readonly routerId: number;
  /** Set while the speaker comes back from a restart (RFC 4724): the families whose routes are still in the kernel. */
  readonly restarted?: { readonly forwarding: readonly AddressFamily[] };
}

/** Roles of RFC 9234 by their numbers on the wire. */
export const ROLES = ['provider', 'rs', 'rs-client', 'customer', 'peer'] as const;
export type Role = (typeof ROLES)[number];
