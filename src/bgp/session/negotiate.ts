import { ByteWriter } from '../../base/index.ts';
import type { PeerConfig } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import { ERROR, encodeCapability, type Notification, notification, OPEN_ERROR, type Open } from '../wire/index.ts';
import { all } from './agreement.ts';
import { ROLES, type Role } from './local-speaker.ts';
import type { Offer } from './offer.ts';

export type Negotiation =
  | { readonly kind: 'agreed'; readonly negotiated: Negotiated }
  | { readonly kind: 'refused'; readonly notification: Notification; readonly reason: string };

/** The text addresses of the TCP connection, which `Negotiated` passes on. */
export interface Ends {
  readonly localAddress: string;
  readonly peerAddress: string;
}

/** The role that the other side must have (RFC 9234 §4.2). */
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
export function negotiate(offer: Offer, theirs: Open, config: PeerConfig, ends: Ends): Negotiation {
  const ours = offer.open;
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
  const agreement = offer.agreement(theirs.capabilities);
  if (agreement.families.length === 0) {
    const wanted = new ByteWriter();
    for (const capability of all(ours.capabilities, 'multiprotocol')) encodeCapability(capability, wanted);
    return refuse(OPEN_ERROR.UNSUPPORTED_CAPABILITY, 'no address family in common', wanted.finish());
  }
  const holdTime = Math.min(ours.holdTime, theirs.holdTime);
  const negotiated: Negotiated = {
    ...agreement,
    peerAs: theirs.asn,
    localAs: ours.asn,
    ibgp,
    peerRouterId: theirs.routerId,
    localRouterId: ours.routerId,
    holdTime,
    keepaliveTime: keepaliveTimeOf(holdTime, config),
    localAddress: ends.localAddress,
    peerAddress: ends.peerAddress,
    ...role(config, ibgp),
  };
  return { kind: 'agreed', negotiated: Object.freeze(negotiated) };
}

/** RFC 4271 §4.4: a third of the hold time at most, and a second at least. */
function keepaliveTimeOf(holdTime: number, { keepaliveTime }: PeerConfig): number {
  return Math.min(holdTime / 3, Math.max(1, keepaliveTime || Number.POSITIVE_INFINITY));
}

function checkRole(config: PeerConfig, theirs: Open): string | undefined {
  const claimed = new Set(all(theirs.capabilities, 'role').map(({ role }) => role));
  if (claimed.size > 1) return 'the peer claims several roles';
  if (config.role === undefined) return undefined;
  const [number] = claimed;
  if (number === undefined) return config.strictRole ? 'the peer names no role' : undefined;
  const wanted = COUNTERPART[config.role];
  return ROLES[number] === wanted ? undefined : `the peer's role is ${ROLES[number] ?? number}, expected ${wanted}`;
}

/** Our own role counts: what OTC does (RFC 9234 §5) depends on it, whether or not the peer named its own. */
function role(config: PeerConfig, ibgp: boolean): { role?: number } | undefined {
  return config.role === undefined || ibgp ? undefined : { role: ROLES.indexOf(config.role) };
}

function refuse(subcode: number, reason: string, data?: Uint8Array): Negotiation {
  return { kind: 'refused', notification: notification(ERROR.OPEN, subcode, data), reason };
}
