import type { AddressFamily, Filter, PeerConfig } from '../../api.ts';
import type { Negotiated } from '../../contract.ts';
import { type UpdateEncoding, updateEncoding } from '../../wire/index.ts';

/**
 * Everything that the bytes of an exported route depend on, besides the route. Peers with equal contexts share an
 * export group. The group's key is the text of this very object and the encoder sees nothing else, so a property
 * that matters can't be forgotten in the key.
 */
export interface ExportContext extends UpdateEncoding {
  readonly kind: 'ibgp' | 'ebgp';
  readonly localAs: number;
  readonly localAddress: string;
  readonly nextHop: 'auto' | 'self' | 'keep';
  /** Set when the peers are our reflection clients (RFC 4456). */
  readonly clusterId: string | null;
  readonly extendedNextHop: boolean;
  readonly longLived: boolean;
  /** Our role towards the peers (RFC 9234). */
  readonly role: number | null;
  /** The peers' AS, where private ones but that are taken out of paths. */
  readonly removePrivateAs: number | null;
  /** Bits a second of the link to us, for routes with us as next hop. */
  readonly linkBandwidth: number | null;
  readonly filter: Filter | null;
}

export function exportContext(family: AddressFamily, config: PeerConfig, negotiated: Negotiated): ExportContext {
  return {
    ...updateEncoding(negotiated, family),
    kind: negotiated.ibgp ? 'ibgp' : 'ebgp',
    localAs: negotiated.localAs,
    localAddress: config.localAddress ?? negotiated.localAddress,
    nextHop: config.nextHop ?? 'auto',
    clusterId: config.routeReflector?.clusterId ?? null,
    extendedNextHop: negotiated.extendedNextHop.includes(family),
    longLived: negotiated.longLived !== undefined,
    role: negotiated.role ?? null,
    removePrivateAs: config.removePrivateAs && !negotiated.ibgp ? negotiated.peerAs : null,
    linkBandwidth: config.linkBandwidth ?? null,
    filter: config.exportFilter ?? null,
  };
}

export function exportKey(context: ExportContext): string {
  return JSON.stringify(context);
}
