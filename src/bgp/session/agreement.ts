import type { AddressFamily } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import { AFI, type AfiSafi, addressFamily, type Capability } from '../wire/index.ts';

/** The part of `Negotiated` that follows from the capabilities of both sides. */
export type Agreement = Pick<
  Negotiated,
  | 'families'
  | 'fourOctetAs'
  | 'extendedMessages'
  | 'routeRefresh'
  | 'enhancedRouteRefresh'
  | 'addPathSend'
  | 'addPathReceive'
  | 'extendedNextHop'
  | 'gracefulRestart'
  | 'longLived'
>;

type Capabilities = readonly Capability[];

/** The agreement that two lists of capabilities (RFC 5492) come to. */
export function agreementOf(ours: Capabilities, theirs: Capabilities): Agreement {
  const families = commonFamilies(ours, theirs);
  return Object.freeze({
    families,
    fourOctetAs: both(ours, theirs, 'fourOctetAs'),
    extendedMessages: both(ours, theirs, 'extendedMessage'),
    routeRefresh: both(ours, theirs, 'routeRefresh'),
    enhancedRouteRefresh: both(ours, theirs, 'enhancedRouteRefresh'),
    addPathSend: families.filter((family) => addPath(ours, family, 'send') && addPath(theirs, family, 'receive')),
    addPathReceive: families.filter((family) => addPath(ours, family, 'receive') && addPath(theirs, family, 'send')),
    extendedNextHop: families.filter((family) => nextHop6(ours, family) && nextHop6(theirs, family)),
    ...gracefulRestart(ours, theirs, families),
  });
}

/** The capabilities of one kind: some may be there several times. */
export function all<K extends Capability['kind']>(list: Capabilities, kind: K): Extract<Capability, { kind: K }>[] {
  return list.filter((one): one is Extract<Capability, { kind: K }> => one.kind === kind);
}

/** A speaker without multiprotocol capabilities means IPv4 unicast. */
function commonFamilies(ours: Capabilities, theirs: Capabilities): AddressFamily[] {
  const offered = all(theirs, 'multiprotocol').map(familyOf);
  if (offered.length === 0) offered.push('ipv4-unicast');
  return all(ours, 'multiprotocol')
    .map(familyOf)
    .filter((family) => family !== undefined)
    .filter((family) => offered.includes(family));
}

function gracefulRestart(
  ours: Capabilities,
  theirs: Capabilities,
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

function addPath(list: Capabilities, family: AddressFamily, mode: 'send' | 'receive'): boolean {
  const marks = all(list, 'addPath').flatMap(({ families }) => families);
  return marks.some((mark) => familyOf(mark) === family && (mark.mode === mode || mark.mode === 'both'));
}

function nextHop6(list: Capabilities, family: AddressFamily): boolean {
  const marks = all(list, 'extendedNextHop').flatMap(({ families }) => families);
  return marks.some((mark) => familyOf(mark) === family && mark.nextHopAfi === AFI.IPV6);
}

function both(ours: Capabilities, theirs: Capabilities, kind: Capability['kind']): boolean {
  return all(ours, kind).length > 0 && all(theirs, kind).length > 0;
}

function familyOf({ afi, safi }: AfiSafi): AddressFamily | undefined {
  return addressFamily(afi, safi);
}
