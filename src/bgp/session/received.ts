import type { AddressFamily, SpeakerEvent } from '../api.ts';
import type { Negotiated, PeerHandle, SessionHandler } from '../contract.ts';
import {
  addressFamily,
  decodeRouteRefresh,
  decodeUpdate,
  type Framer,
  MESSAGE,
  strongestError,
  type UpdateError,
  type UpdateScratch,
} from '../wire/index.ts';
import type { SessionEvent } from './events.ts';

/** To whom a message of an established session matters. */
export interface Recipient {
  readonly peer: PeerHandle;
  readonly handler: SessionHandler;
  readonly view: UpdateScratch;
  tell(event: SpeakerEvent): void;
}

/** Hands on the framer's UPDATE or ROUTE-REFRESH. An event comes back when the session can't go on. */
export function receive(
  to: Recipient,
  negotiated: Negotiated,
  framer: Framer,
  receivedAt: number,
): SessionEvent | undefined {
  return framer.type === MESSAGE.ROUTE_REFRESH
    ? receiveRefresh(to, negotiated, framer)
    : receiveUpdate(to, negotiated, framer, receivedAt);
}

function receiveUpdate(
  { peer, handler, view, tell }: Recipient,
  negotiated: Negotiated,
  { bytes, start, end }: Framer,
  receivedAt: number,
): SessionEvent | undefined {
  const errors = decodeUpdate(bytes, start, end, negotiated, view);
  if (errors.length > 0) {
    for (const error of errors) tell(malformed(peer.config.address, error));
    const worst = strongestError(errors)!;
    if (worst.action === 'reset') {
      return { kind: 'update-error', notification: worst.notification, reason: worst.reason };
    }
  }
  handler.update(peer, view, receivedAt);
  return undefined;
}

function receiveRefresh(
  { peer, handler }: Recipient,
  negotiated: Negotiated,
  { bytes, start, end }: Framer,
): SessionEvent | undefined {
  const message = decodeRouteRefresh(bytes, start, end);
  if (message.kind === 'malformed') return { kind: 'route-refresh', error: message.error };
  const family: AddressFamily | undefined = addressFamily(message.afi, message.safi);
  if (family && message.subtype && negotiated.families.includes(family)) {
    handler.refresh(peer, family, message.subtype);
  }
  return undefined;
}

function malformed(peer: string, { action, attribute, reason, bytes }: UpdateError): SpeakerEvent {
  return {
    kind: 'malformed',
    peer,
    action,
    ...(attribute !== undefined && { attribute }),
    reason,
    bytes: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  };
}
