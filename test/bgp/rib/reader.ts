import type { PeerConfig } from '../../../src/bgp/api.ts';
import type { Negotiated, NlriColumns, PeerHandle } from '../../../src/bgp/contract.ts';
import { createUpdateView, decodeUpdate, MESSAGE } from '../../../src/bgp/wire/index.ts';

export const ASN = 64512;
const view = createUpdateView();

/** A peer that reads as fast as it is told to, and remembers what it was sent. */
export class Reader implements PeerHandle {
  readonly config: PeerConfig;
  readonly negotiated: Negotiated;
  readonly backlog = 0;
  readonly received: Uint8Array[] = [];
  /** Next hops as numbers; by address, or with ADD-PATH by address and path identifier. */
  readonly table = new Map<number, number>();
  endOfRibs = 0;
  /** What it was sent, in order: an UPDATE, or a ROUTE-REFRESH with its subtype. */
  readonly kinds: ('update' | 'request' | 'begin' | 'end')[] = [];
  stuck = false;

  constructor(address: string, more: Partial<Negotiated> = {}, config: Partial<PeerConfig> = {}) {
    this.config = { address, remoteAs: ASN, ...config };
    this.negotiated = {
      peerAs: ASN,
      localAs: ASN,
      ibgp: true,
      peerRouterId: Number(address.split('.')[3]),
      localRouterId: 1,
      holdTime: 90,
      keepaliveTime: 30,
      families: ['ipv4-unicast'],
      fourOctetAs: true,
      extendedMessages: false,
      routeRefresh: true,
      enhancedRouteRefresh: false,
      addPathSend: [],
      addPathReceive: [],
      extendedNextHop: [],
      localAddress: '10.0.0.1',
      peerAddress: address,
      ...more,
    };
  }

  write(messages: Uint8Array): boolean {
    this.received.push(messages);
    for (let at = 0; at < messages.length; ) {
      const end = at + ((messages[at + 16] << 8) | messages[at + 17]);
      if (messages[at + 18] === MESSAGE.ROUTE_REFRESH) {
        this.kinds.push((['request', 'begin', 'end'] as const)[messages[at + 21]]);
        at = end;
        continue;
      }
      this.kinds.push('update');
      const errors = decodeUpdate(messages, at, end, this.negotiated, view);
      if (errors.length > 0) throw new Error(errors[0].reason);
      for (let nlri = 0; nlri < view.withdrawn4.count; nlri++) this.table.delete(keyOf(view.withdrawn4, nlri));
      for (let nlri = 0; nlri < view.announced4.count; nlri++) {
        this.table.set(keyOf(view.announced4, nlri), view.nextHop4);
      }
      if (view.endOfRib) this.endOfRibs++;
      at = end;
    }
    return !this.stuck;
  }

  reset(): void {}
}

function keyOf({ addresses, pathIds }: NlriColumns, nlri: number): number {
  return addresses[nlri] + pathIds[nlri] * 2 ** 32;
}
