import { ByteWriter } from '../../base/index.ts';
import type { AddressFamily, PeerConfig } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import {
  AFI,
  type AfiSafi,
  addressFamily,
  type Capability,
  ERROR,
  encodeCapability,
  type Notification,
  notification,
  OPEN_ERROR,
  type Open,
} from '../wire/index.ts';
import { ROLES, type Role } from './local-speaker.ts';

export type Negotiation =
  | { readonly kind: 'agreed'; readonly negotiated: Negotiated }
  | { readonly kind: 'refused'; readonly notification: Notification; readonly reason: string };

/** The text addresses of the TCP connection, which `Negotiated` passes on. */
export interface Ends {
  readonly localAddress: string;
  readonly peerAddress: string;
}

/** Which role the other side must have (RFC 9234 §4.2). */
const COUNTERPART: Readonly<Record<Role, Role>> = {
  provider: 'customer',
  customer: 'provider',
  rs: 'rs-client',
  'rs-client': 'rs',
  peer: 'peer',
};

/**
 * Compares the OPEN that we sent with the one that came. What the codec has checked already (version, hold times
 * of 1 and 2 s, identifier 0) is not looked at again.
 */
export function negotiate(ours: Omit<Open, 'kind'>, theirs: Open, config: PeerConfig, ends: Ends): Negotiation {
  const isExpected = config.remoteAs === 0 ? theirs.asn !== ours.asn : theirs.asn === config.remoteAs;
  if (!isExpected) {
    const expected = config.remoteAs === 0 ? 'any but our own' : config.remoteAs;
    return refuse(OPEN_ERROR.BAD_PEER_AS, `the peer is in AS ${theirs.asn}, configured is ${expected}`);
  }
  const ibgp = theirs.asn === ours.asn;
  if (ibgp && theirs.routerId === ours.routerId) {
    return refuse(OPEN_ERROR.BAD_BGP_IDENTIFIER, 'the peer has our own BGP identifier');
  }
  const wrongRole = ibgp ? undefined : checkRole(config, theirs);
  if (wrongRole !== undefined) return refuse(OPEN_ERROR.ROLE_MISMATCH, wrongRole);
  const families = commonFamilies(ours, theirs);
  if (families.length === 0) {
    const wanted = new ByteWriter();
    for (const capability of all(ours, 'multiprotocol')) encodeCapability(capability, wanted);
    return refuse(OPEN_ERROR.UNSUPPORTED_CAPABILITY, 'no address family in common', wanted.finish());
  }
  const holdTime = Math.min(ours.holdTime, theirs.holdTime);
  return {
    kind: 'agreed',
    negotiated: Object.freeze({
      peerAs: theirs.asn,
      localAs: ours.asn,
      ibgp,
      peerRouterId: theirs.routerId,
      localRouterId: ours.routerId,
      holdTime,
      keepaliveTime: Math.min(holdTime / 3, config.keepaliveTime || Number.POSITIVE_INFINITY),
      families,
      fourOctetAs: both(ours, theirs, 'fourOctetAs'),
      extendedMessages: both(ours, theirs, 'extendedMessage'),
      routeRefresh: both(ours, theirs, 'routeRefresh'),
      enhancedRouteRefresh: both(ours, theirs, 'enhancedRouteRefresh'),
      addPathSend: families.filter((family) => addPath(ours, family, 'send') && addPath(theirs, family, 'receive')),
      addPathReceive: families.filter((family) => addPath(ours, family, 'receive') && addPath(theirs, family, 'send')),
      extendedNextHop: families.filter((family) => nextHop6(ours, family) && nextHop6(theirs, family)),
      ...gracefulRestart(ours, theirs, families),
      ...role(config, ibgp),
      ...ends,
    }),
  };
}

function checkRole(config: PeerConfig, theirs: Open): string | undefined {
  const claimed = new Set(all(theirs, 'role').map(({ role }) => role));
  if (claimed.size > 1) return 'the peer claims several roles';
  if (config.role === undefined) return undefined;
  const [number] = claimed;
  if (number === undefined) return config.strictRole ? 'the peer names no role' : undefined;
  const wanted = COUNTERPART[config.role];
  return ROLES[number] === wanted ? undefined : `the peer's role is ${ROLES[number] ?? number}, expected ${wanted}`;
}

/** A speaker without multiprotocol capabilities means IPv4 unicast. */
function commonFamilies(ours: Omit<Open, 'kind'>, theirs: Open): AddressFamily[] {
  const offered = all(theirs, 'multiprotocol').map(familyOf);
  if (offered.length === 0) offered.push('ipv4-unicast');
  return all(ours, 'multiprotocol')
    .map(familyOf)
    .filter((family) => family !== undefined)
    .filter((family) => offered.includes(family));
}

function gracefulRestart(
  ours: Omit<Open, 'kind'>,
  theirs: Open,
  families: readonly AddressFamily[],
): Pick<Negotiated, 'gracefulRestart' | 'longLived'> {
  // Should the capability be there twice, the last counts (RFC 4724 §3).
  const mine = all(ours, 'gracefulRestart').at(-1);
  const peers = all(theirs, 'gracefulRestart').at(-1);
  if (mine === undefined || peers === undefined) return {};
  const known = <T extends AfiSafi>(marks: readonly T[]) =>
    marks.flatMap((mark) => {
      const family = familyOf(mark);
      return family !== undefined && families.includes(family) ? [{ ...mark, family }] : [];
    });
  const longLived = all(theirs, 'longLived').at(-1);
  return {
    gracefulRestart: {
      restartTime: peers.time,
      restarting: peers.restarting,
      notification: mine.notification && peers.notification,
      families: known(peers.families).map(({ family, forwarding }) => ({ family, forwarding })),
    },
    ...(longLived && {
      longLived: known(longLived.families).map(({ family, staleTime, forwarding }) => ({
        family,
        staleTime,
        forwarding,
      })),
    }),
  };
}

/** Our own role counts: what OTC does (RFC 9234 §5) depends on it, whether or not the peer named its own. */
function role(config: PeerConfig, ibgp: boolean): { role?: number } {
  return config.role === undefined || ibgp ? {} : { role: ROLES.indexOf(config.role) };
}

function addPath(open: Omit<Open, 'kind'>, family: AddressFamily, mode: 'send' | 'receive'): boolean {
  const marks = all(open, 'addPath').flatMap(({ families }) => families);
  return marks.some((mark) => familyOf(mark) === family && (mark.mode === mode || mark.mode === 'both'));
}

function nextHop6(open: Omit<Open, 'kind'>, family: AddressFamily): boolean {
  const marks = all(open, 'extendedNextHop').flatMap(({ families }) => families);
  return marks.some((mark) => familyOf(mark) === family && mark.nextHopAfi === AFI.IPV6);
}

function both(ours: Omit<Open, 'kind'>, theirs: Open, kind: Capability['kind']): boolean {
  return all(ours, kind).length > 0 && all(theirs, kind).length > 0;
}

function all<K extends Capability['kind']>(open: Omit<Open, 'kind'>, kind: K): Extract<Capability, { kind: K }>[] {
  return open.capabilities.filter((one): one is Extract<Capability, { kind: K }> => one.kind === kind);
}

function familyOf({ afi, safi }: AfiSafi): AddressFamily | undefined {
  return addressFamily(afi, safi);
}

function refuse(subcode: number, reason: string, data?: Uint8Array): Negotiation {
  return { kind: 'refused', notification: notification(ERROR.OPEN, subcode, data), reason };
}
