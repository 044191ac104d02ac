import type { SessionState } from '../api.ts';
import type { Framer, Notification, Open } from '../wire/index.ts';
import type { Conversation } from './conversation.ts';
import type { LossCause } from './effects.ts';
import type { SessionEvent } from './events.ts';
import type { Negotiation } from './negotiate.ts';

/** A message that the peer has to agree to before the state machine sees it. */
export type Threshold = 'open' | 'keepalive';

/** Whether a conversation goes on past a threshold now, later, or never. */
export type Judgement = 'go' | 'wait' | 'end';

/** Sees whole messages as they are on the wire. */
export type Overhear = (conversation: Conversation, direction: 'sent' | 'received', messages: Uint8Array) => void;

/** What a conversation asks of and tells the peer that it belongs to. */
export interface ConversationOwner {
  dial(conversation: Conversation): void;
  cancelDial(): void;
  /** The OPEN to send now, encoded. */
  open(): Uint8Array;
  negotiate(conversation: Conversation, theirs: Open): Negotiation;
  /** Whether the conversation may go on past this message: collisions are decided here. */
  judge(conversation: Conversation, threshold: Threshold, overdue: boolean): Judgement;
  /** A conversation went to this state. */
  moved(to: SessionState, reason: string): void;
  established(conversation: Conversation): void;
  lost(conversation: Conversation, cause: LossCause, reason: string): void;
  penalty(reason: string): void;
  /** All events that were waiting have been handled. */
  settled(conversation: Conversation): void;
  notification(direction: 'sent' | 'received', notification: Notification): void;
  /** An UPDATE or ROUTE-REFRESH in Established. An event comes back when the session can't go on. */
  process(conversation: Conversation, framer: Framer, receivedAt: number): SessionEvent | undefined;
  drained(conversation: Conversation): void;
  /** There only if someone wants to hear. */
  readonly witness: Overhear | undefined;
}
