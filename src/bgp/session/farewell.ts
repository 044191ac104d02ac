import { CEASE, ERROR, hardReset, type Notification, notification, shutdownData } from '../wire/index.ts';
import type { BgpConnection } from './connection.ts';

/** How a session is to end. */
export type Farewell =
  /** Silently: the peer keeps our routes if graceful restart was agreed on. */
  | { readonly kind: 'restart' }
  /** Cease with this subcode; a shutdown for good as a Hard Reset (RFC 8538), so that routes go at once. */
  | { readonly kind: 'cease'; readonly subcode: number; readonly text?: string };

/** Cease subcodes after which nobody should wait for the session to return (RFC 8538 §4). */
const FOR_GOOD: readonly number[] = [CEASE.ADMINISTRATIVE_SHUTDOWN, CEASE.PEER_DECONFIGURED];

/** The last NOTIFICATION to the peer, if any. */
export function lastWords(connection: BgpConnection, farewell: Farewell): Notification | undefined {
  if (farewell.kind === 'restart') return undefined;
  const { subcode, text } = farewell;
  const plain = notification(ERROR.CEASE, subcode, text === undefined ? undefined : shutdownData(text));
  const agreed = connection.state === 'Established' && connection.negotiated?.gracefulRestart?.notification;
  return agreed && FOR_GOOD.includes(subcode) ? hardReset(plain) : plain;
}
