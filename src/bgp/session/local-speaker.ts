import { parseAddress } from '../../base/index.ts';
import type { AddressFamily, PeerConfig } from '../api.ts';
import { AFI, afiSafi, type Capability, type Open } from '../wire/index.ts';

/** What a session must know of the speaker that it belongs to. */
export interface LocalSpeaker {
  readonly asn: number;
  /** As an unsigned integer. */
  readonly routerId: number;
  /** Set while the speaker comes back from a restart (RFC 4724): the families whose routes are still in the kernel. */
  readonly restarted?: { readonly forwarding: readonly AddressFamily[] };
}

/** Roles of RFC 9234 by their numbers on the wire. */
export const ROLES = ['provider', 'rs', 'rs-client', 'customer', 'peer'] as const;
export type Role = (typeof ROLES)[number];

/** Seconds. */
const DEFAULT_HOLD_TIME = 90;

export function familiesOf(config: PeerConfig): readonly AddressFamily[] {
  if (config.families !== undefined) return config.families;
  return [parseAddress(bare(config.address)).family === 4 ? 'ipv4-unicast' : 'ipv6-unicast'];
}

/** The AS number that we show to the peer. */
export function localAsOf(config: PeerConfig, local: LocalSpeaker): number {
  return config.localAs ?? local.asn;
}

/** The OPEN to send to a peer. */
export function localOpen(config: PeerConfig, local: LocalSpeaker): Omit<Open, 'kind'> {
  const asn = localAsOf(config, local);
  return {
    asn,
    holdTime: config.holdTime ?? DEFAULT_HOLD_TIME,
    routerId: local.routerId,
    capabilities: capabilities(config, local, asn),
  };
}

function capabilities(config: PeerConfig, local: LocalSpeaker, asn: number): Capability[] {
  const families = familiesOf(config);
  const list: Capability[] = families.map((family) => ({ kind: 'multiprotocol', ...afiSafi(family) }));
  list.push({ kind: 'routeRefresh' }, { kind: 'enhancedRouteRefresh' }, { kind: 'extendedMessage' });
  list.push({ kind: 'fourOctetAs', asn });
  if (families.includes('ipv4-unicast') && parseAddress(bare(config.address)).family === 6) {
    list.push({ kind: 'extendedNextHop', families: [{ ...afiSafi('ipv4-unicast'), nextHopAfi: AFI.IPV6 }] });
  }
  list.push(gracefulRestart(config, local, families));
  const { addPath, longLivedStaleTime, role } = config;
  if (addPath !== undefined && addPath !== 'none') {
    list.push({ kind: 'addPath', families: families.map((family) => ({ ...afiSafi(family), mode: addPath })) });
  }
  if (config.gracefulRestart && longLivedStaleTime !== undefined) {
    const marks = families.map((family) => ({
      ...afiSafi(family),
      forwarding: keepsForwarding(local, family),
      staleTime: longLivedStaleTime,
    }));
    list.push({ kind: 'longLived', families: marks });
  }
  if (role !== undefined && config.remoteAs !== asn) list.push({ kind: 'role', role: ROLES.indexOf(role) });
  return list;
}

/** Without a restart time of our own we still say that we help others: the capability with no families. */
function gracefulRestart(config: PeerConfig, local: LocalSpeaker, families: readonly AddressFamily[]): Capability {
  const restarter = config.gracefulRestart;
  return {
    kind: 'gracefulRestart',
    restarting: restarter !== undefined && local.restarted !== undefined,
    notification: true,
    time: restarter?.time ?? 0,
    families: restarter
      ? families.map((family) => ({ ...afiSafi(family), forwarding: keepsForwarding(local, family) }))
      : [],
  };
}

function keepsForwarding(local: LocalSpeaker, family: AddressFamily): boolean {
  return local.restarted?.forwarding.includes(family) ?? false;
}

function bare(address: string): string {
  return address.split('%')[0]!;
}
