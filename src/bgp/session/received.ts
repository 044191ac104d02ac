import type { AddressFamily } from '../api.ts';
import type { Negotiated, PeerHandle } from '../contract.ts';
import {
  addressFamily,
  decodeRouteRefresh,
  decodeUpdate,
  type Framer,
  MESSAGE,
  strongestError,
} from '../wire/index.ts';
import type { SessionEvent } from './events.ts';
import type { Malformed } from './malformed.ts';
import type { SessionEnvironment } from './session-environment.ts';

/** Hands on the framer's UPDATE or ROUTE-REFRESH of an established session. An event comes back when it can't go on. */
export function receive(
  peer: PeerHandle,
  to: SessionEnvironment,
  negotiated: Negotiated,
  framer: Framer,
  receivedAt: number,
  malformed: Malformed,
): SessionEvent | undefined {
  return framer.type === MESSAGE.ROUTE_REFRESH
    ? receiveRefresh(peer, to, negotiated, framer)
    : receiveUpdate(peer, to, negotiated, framer, receivedAt, malformed);
}

function receiveUpdate(
  peer: PeerHandle,
  { handler, view }: SessionEnvironment,
  negotiated: Negotiated,
  { bytes, start, end }: Framer,
  receivedAt: number,
  malformed: Malformed,
): SessionEvent | undefined {
  const errors = decodeUpdate(bytes, start, end, negotiated, view);
  if (errors.length > 0) {
    malformed.heard(errors, bytes.subarray(start, end), view);
    const worst = strongestError(errors)!;
    if (worst.action === 'reset') {
      return { kind: 'update-error', notification: worst.notification, reason: worst.reason };
    }
  }
  handler.update(peer, view, receivedAt);
  return undefined;
}

function receiveRefresh(
  peer: PeerHandle,
  { handler }: SessionEnvironment,
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
