import type { MessageName } from '../api.ts';
import { MESSAGE } from '../wire/index.ts';

/** By their numbers, which begin with 1 (RFC 4271 §4.1, RFC 2918). */
const MESSAGE_TYPES: readonly MessageName[] = ['open', 'update', 'notification', 'keepalive', 'refresh'];

export interface MessageCounters {
  received: number;
  sent: number;
  updatesReceived: number;
  updatesSent: number;
  readonly byType: { readonly received: Record<MessageName, number>; readonly sent: Record<MessageName, number> };
}

export function noMessages(): MessageCounters {
  const none = () => ({ open: 0, update: 0, notification: 0, keepalive: 0, refresh: 0 });
  return { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0, byType: { received: none(), sent: none() } };
}

/** Counts a message of the type that was received. */
export function countReceived(type: number, counters: MessageCounters): void {
  counters.received++;
  if (type === MESSAGE.UPDATE) counters.updatesReceived++;
  const name = MESSAGE_TYPES[type - 1];
  if (name !== undefined) counters.byType.received[name]++;
}

/** Counts encoded messages that are sent. */
export function countSent(messages: Uint8Array, counters: MessageCounters): void {
  for (let at = 0; at + 19 <= messages.length; ) {
    const type = messages[at + 18];
    counters.sent++;
    if (type === MESSAGE.UPDATE) counters.updatesSent++;
    const name = MESSAGE_TYPES[type - 1];
    if (name !== undefined) counters.byType.sent[name]++;
    at += Math.max(19, (messages[at + 16] << 8) | messages[at + 17]);
  }
}
