import { MESSAGE } from '../wire/index.ts';

export interface MessageCounters {
  received: number;
  sent: number;
  updatesReceived: number;
  updatesSent: number;
}

/** Counts encoded messages that are sent. */
export function countSent(messages: Uint8Array, counters: MessageCounters): void {
  for (let at = 0; at + 19 <= messages.length; ) {
    counters.sent++;
    if (messages[at + 18] === MESSAGE.UPDATE) counters.updatesSent++;
    at += Math.max(19, (messages[at + 16] << 8) | messages[at + 17]);
  }
}
