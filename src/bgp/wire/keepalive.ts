import { frame, MESSAGE } from './message.ts';

/** The one KEEPALIVE (RFC 4271 §4.4): 19 octets, shared by all sessions. Typed arrays can't be frozen: never write to it. */
export const KEEPALIVE: Readonly<Uint8Array> & Uint8Array = frame(MESSAGE.KEEPALIVE, new Uint8Array(0));
