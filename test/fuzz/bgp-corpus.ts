import type { Negotiated } from '../../src/bgp/contract.ts';
import {
  createUpdateView,
  decodeNotification,
  decodeOpen,
  decodeRouteRefresh,
  decodeUpdate,
  encodeEndOfRib,
  encodeNotification,
  encodeOpen,
  encodeRouteRefresh,
  type Framer,
  HEADER_LENGTH,
  hardReset,
  KEEPALIVE,
  MAX_EXTENDED_MESSAGE,
  MESSAGE,
  notification,
  notificationText,
  shutdownData,
  strongestError,
} from '../../src/bgp/wire/index.ts';
import { decodeAttributes, encodeAttributes } from '../bgp/wire/attributes.ts';
import { session, update } from '../bgp/wire/wire.ts';

/** Good messages of every type, with every attribute and capability, to make bad ones from. */
export const CORPUS: readonly Uint8Array[] = [
  KEEPALIVE,
  encodeOpen({ asn: 65000, holdTime: 90, routerId: 1, capabilities: [] }),
  encodeOpen({
    asn: 400000,
    holdTime: 90,
    routerId: 0x0a000001,
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'multiprotocol', afi: 2, safi: 1 },
      { kind: 'routeRefresh' },
      { kind: 'enhancedRouteRefresh' },
      { kind: 'extendedMessage' },
      { kind: 'fourOctetAs', asn: 400000 },
      { kind: 'role', role: 3 },
      { kind: 'fqdn', host: 'node', domain: 'lab' },
      { kind: 'extendedNextHop', families: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
      { kind: 'addPath', families: [{ afi: 1, safi: 1, mode: 'both' }] },
      {
        kind: 'gracefulRestart',
        restarting: true,
        notification: true,
        time: 120,
        families: [{ afi: 1, safi: 1, forwarding: true }],
      },
      { kind: 'longLived', families: [{ afi: 1, safi: 1, forwarding: true, staleTime: 3600 }] },
    ],
  }),
  encodeOpen({
    asn: 1,
    holdTime: 0,
    routerId: 1,
    capabilities: Array.from({ length: 50 }, (_, afi) => ({ kind: 'multiprotocol' as const, afi, safi: 1 })),
  }),
  encodeNotification(notification(6, 2, shutdownData('maintenance'))),
  encodeNotification(hardReset(notification(6, 4, shutdownData('drain')))),
  encodeRouteRefresh(1, 1),
  encodeRouteRefresh(2, 1, 'begin'),
  encodeEndOfRib('ipv4-unicast'),
  encodeEndOfRib('ipv6-unicast'),
  update('40 01 01 00 40 02 00 40 03 04 0a000002 40 05 04 00000064', '18 0a0001 1a 0a0002c0 20 0a000301', '10 0a01'),
  update('40 01 01 00 40 02 0a 02 02 0000fde9 00061a80 40 03 04 0a000002 80 04 04 00000001 40 06 00', '18 0a0001'),
  update('40 01 01 00 40 02 06 02 02 5ba0 fde9 40 03 04 0a000002 c0 11 0a 02 02 00061a80 0000fde9', '18 0a0001'),
  update(
    '40 01 01 00 40 02 04 02 01 fde9 40 03 04 0a000002 c0 07 06 5ba0 0a000001 c0 12 08 00061a80 0a000001',
    '18 0a0001',
  ),
  update(
    '40 01 01 00 40 02 00 40 03 04 0a000002 c0 08 08 fde80001 ffffff01 80 09 04 0a000007 80 0a 04 0a000001' +
      'c0 10 08 0002fde800000064 c0 20 18 000000010000000200000003 000000010000000200000003 c0 23 04 0000fde8',
    '18 0a0001',
  ),
  update(`90 0e 001f 0002 01 10 20010db8 ${'00'.repeat(11)} 01 00 40 20010db800000001 00 40 01 01 00 40 02 00`),
  update('80 0f 0c 0002 01 40 20010db800000001'),
  update('00000000', ''),
  update(
    '40 01 01 00 40 02 00 40 03 04 0a000002 c0 16 05 0006000000 c0 17 04 000d0000 80 1a 0b 01 000b 0000000000000001' +
      'c0 28 0a 01 0007 00 0000 00000064 c0 80 04 0000fde8 e0 63 03 010203',
    '18 0a0001',
  ),
];

/** Sessions of each kind that decoding depends on. */
export const SESSIONS: readonly Negotiated[] = [
  session(),
  session({ ibgp: false, peerAs: 65001 }),
  session({ fourOctetAs: false }),
  session({ addPathReceive: ['ipv4-unicast', 'ipv6-unicast'], extendedNextHop: ['ipv4-unicast'] }),
  session({ families: ['ipv6-unicast'], ibgp: false, fourOctetAs: false }),
];

const view = createUpdateView();

/** A promise of the decoders that some input broke. */
export class BrokenPromise extends Error {}

function demand(holds: boolean, promise: string): void {
  if (!holds) throw new BrokenPromise(promise);
}

/**
 * Feeds the bytes to framing and to the decoder of each message found, and checks what they promise of any input:
 * no exception, nothing beyond the message, errors that can be answered, results that can be written again (looked at only if `thorough`, being slower than decoding).
 */
export function execute(framer: Framer, bytes: Uint8Array, settled: Negotiated, thorough = true): void {
  framer.maxLength = MAX_EXTENDED_MESSAGE;
  framer.push(bytes);
  let messages = 0;
  while (framer.next() === 'message') {
    demand(++messages <= bytes.length / HEADER_LENGTH, 'no more messages than fit');
    decodeMessage(framer, settled, thorough);
  }
}

function decodeMessage({ type, bytes, start, end }: Framer, settled: Negotiated, thorough: boolean): void {
  if (type === MESSAGE.UPDATE) checkUpdate(bytes, start, end, settled, thorough);
  else if (type === MESSAGE.OPEN) {
    const open = decodeOpen(bytes, start, end);
    if (open.kind === 'malformed') demand(open.error.code === 2, 'an OPEN error');
    else if (thorough) {
      const again = encodeOpen(open);
      demand(decodeOpen(again, 0, again.length).kind === 'open', 'an OPEN that writes again');
    }
  } else if (type === MESSAGE.NOTIFICATION) {
    const received = decodeNotification(bytes, start, end);
    if (thorough) demand(notificationText(received).length > 0, 'a text');
  } else if (type === MESSAGE.ROUTE_REFRESH) {
    const refresh = decodeRouteRefresh(bytes, start, end);
    if (refresh.kind === 'malformed') demand(refresh.error.code === 7, 'a ROUTE-REFRESH error');
  }
}

function checkUpdate(bytes: Uint8Array, start: number, end: number, settled: Negotiated, thorough: boolean): void {
  const errors = decodeUpdate(bytes, start, end, settled, view);
  const announced = view.announced4.count + view.mpAnnounced.count;
  const withdrawn = view.withdrawn4.count + view.mpWithdrawn.count;
  demand(announced + withdrawn <= end - start, 'no more prefixes than octets');
  const worst = errors.length === 0 ? undefined : strongestError(errors);
  demand(view.treatAsWithdraw === (worst?.action === 'withdraw'), 'withdraw is said where it is meant');
  if (worst?.action === 'reset') {
    demand(announced + withdrawn === 0 && view.endOfRib === undefined, 'nothing is left after a reset');
    demand(worst.notification.code === 3 && worst.notification.subcode > 0, 'an UPDATE error');
  } else if (thorough && announced > 0 && view.attributesLength > 0) {
    const attributes = decodeAttributes(view.attributes, view.attributesLength);
    // Only the Partial bit of attributes we know has no place in the value.
    const again = encodeAttributes(attributes);
    demand(again.length === view.attributesLength, 'canonical bytes that write again');
  }
}
