import type { AddressFamily, PeerConfig } from '../api.ts';
import { AFI, afiSafi, type Capability, encodeOpen, type Open } from '../wire/index.ts';
import { type Agreement, agreementOf } from './agreement.ts';
import { type LocalSpeaker, ROLES } from './local-speaker.ts';

/** Seconds. */
const DEFAULT_HOLD_TIME = 90;

/** All that the OPEN to a peer depends on, beside the speaker. */
interface Terms {
  readonly asn: number;
  readonly holdTime: number;
  readonly families: readonly AddressFamily[];
  /** IPv4 over IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** Seconds; none for a speaker that only helps others. */
  readonly restartTime: number | undefined;
  readonly staleTime: number | undefined;
  /** The N bit (RFC 8538). */
  readonly notification: boolean;
  readonly addPath: 'send' | 'receive' | 'both' | undefined;
  readonly role: number | undefined;
}

/** The OPEN for all peers that are offered the same: made and encoded once. */
export class Offer {
  /** Whose it is. */
  readonly local: LocalSpeaker;
  readonly terms: Terms;
  readonly open: Omit<Open, 'kind'>;
  readonly bytes: Uint8Array;
  #met: readonly Capability[] | undefined;
  #agreement: Agreement | undefined;

  constructor(local: LocalSpeaker, terms: Terms) {
    const { asn, holdTime } = terms;
    this.local = local;
    this.terms = terms;
    this.open = { asn, holdTime, routerId: local.routerId, capabilities: capabilities(terms, local) };
    this.bytes = encodeOpen(this.open);
  }

  /** The agreement with a peer of these capabilities. The peers of a network tend to have the same ones. */
  agreement(theirs: readonly Capability[]): Agreement {
    if (this.#agreement === undefined || this.#met !== theirs) {
      this.#met = theirs;
      this.#agreement = agreementOf(this.open.capabilities, theirs);
    }
    return this.#agreement;
  }
}

/** Offers that are kept: a configuration that changes all the time must not leave them behind. */
const KEPT = 64;

/** The offers that each speaker makes: few, since peers mostly have like configurations. */
const OFFERS = new WeakMap<LocalSpeaker, Offer[]>();

/** The offer of the speaker, as it is now, to a peer. */
export function offerTo(config: PeerConfig, local: LocalSpeaker): Offer {
  let offers = OFFERS.get(local);
  if (offers === undefined) {
    offers = [];
    OFFERS.set(local, offers);
  }
  const terms = termsOf(config, local);
  let offer = offers.find((one) => sameTerms(one.terms, terms));
  if (offer === undefined) {
    offer = new Offer(local, terms);
    offers.push(offer);
    if (offers.length > KEPT) offers.shift();
  }
  return offer;
}

const IPV4: readonly AddressFamily[] = ['ipv4-unicast'];
const IPV6: readonly AddressFamily[] = ['ipv6-unicast'];

function termsOf(config: PeerConfig, local: LocalSpeaker): Terms {
  const asn = config.localAs ?? local.asn;
  const overIpv6 = config.address.includes(':');
  const families = config.families ?? (overIpv6 ? IPV6 : IPV4);
  const { addPath, role } = config;
  return {
    asn,
    holdTime: config.holdTime ?? DEFAULT_HOLD_TIME,
    families,
    extendedNextHop: overIpv6 && families.includes('ipv4-unicast'),
    restartTime: config.gracefulRestart?.time,
    staleTime: config.gracefulRestart && config.longLivedStaleTime,
    notification: config.gracefulNotification ?? false,
    addPath: addPath === 'none' ? undefined : addPath,
    role: role === undefined || config.remoteAs === asn ? undefined : ROLES.indexOf(role),
  };
}

function sameTerms(a: Terms, b: Terms): boolean {
  return (
    a.asn === b.asn &&
    a.holdTime === b.holdTime &&
    a.extendedNextHop === b.extendedNextHop &&
    a.restartTime === b.restartTime &&
    a.staleTime === b.staleTime &&
    a.notification === b.notification &&
    a.addPath === b.addPath &&
    a.role === b.role &&
    a.families.length === b.families.length &&
    a.families.every((family, at) => family === b.families[at])
  );
}

function capabilities(terms: Terms, local: LocalSpeaker): Capability[] {
  const { asn, families, extendedNextHop, addPath, staleTime, role } = terms;
  const forwarding = (family: AddressFamily): boolean => local.restarted?.forwarding.includes(family) ?? false;
  const list: Capability[] = families.map((family) => ({ kind: 'multiprotocol', ...afiSafi(family) }));
  list.push({ kind: 'routeRefresh' }, { kind: 'enhancedRouteRefresh' }, { kind: 'extendedMessage' });
  list.push({ kind: 'fourOctetAs', asn });
  if (extendedNextHop) {
    list.push({ kind: 'extendedNextHop', families: [{ ...afiSafi('ipv4-unicast'), nextHopAfi: AFI.IPV6 }] });
  }
  list.push(gracefulRestart(terms, local, forwarding));
  if (addPath !== undefined) {
    list.push({ kind: 'addPath', families: families.map((family) => ({ ...afiSafi(family), mode: addPath })) });
  }
  if (staleTime !== undefined) {
    const marks = families.map((family) => ({ ...afiSafi(family), forwarding: forwarding(family), staleTime }));
    list.push({ kind: 'longLived', families: marks });
  }
  if (role !== undefined) list.push({ kind: 'role', role });
  return list;
}

/** Without a restart time of our own we still say that we help others: the capability with no families. */
function gracefulRestart(
  { families, restartTime, notification }: Terms,
  local: LocalSpeaker,
  forwarding: (family: AddressFamily) => boolean,
): Capability {
  const restarts = restartTime !== undefined;
  return {
    kind: 'gracefulRestart',
    restarting: restarts && local.restarted !== undefined,
    notification,
    time: restartTime ?? 0,
    families: restarts ? families.map((family) => ({ ...afiSafi(family), forwarding: forwarding(family) })) : [],
  };
}
