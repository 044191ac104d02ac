import type { PeerReport } from '../routing/index.ts';

type Reported = Pick<PeerReport, 'status' | 'bfd'> & { readonly desired?: Partial<PeerReport['desired']> };

/** Per cent of its limit at which a peer is near it, unless its BGPPeer says otherwise. */
const NEAR = 75;

/** The faults in what peers say, for the node's status: each with what to do. */
export function peerProblems(reports: readonly Reported[]): string[] {
  return reports.flatMap((report) => [
    ...malformed(report),
    ...unwatched(report),
    ...guarded(report),
    ...nearLimit(report),
  ]);
}

/**
 * A peer that is up, and that BFD does not watch though it was asked to: it may be gone for long before that is
 * noticed.
 */
function unwatched({ status, bfd }: Reported): string[] {
  if (status.state !== 'Established' || bfd?.reason === undefined || bfd.isMeant) return [];
  return [`BGP peer ${status.name}: BFD does not watch it: ${bfd.reason}`];
}

function malformed({ status }: Reported): string[] {
  const { last, withdrawn } = status.malformed;
  if (withdrawn.count === 0) return [];
  const routes = withdrawn.count === 1 ? 'a route' : `${withdrawn.count} routes`;
  return [
    `BGP peer ${status.name}: ${routes} left out, since it announced them in malformed UPDATEs: ${named(withdrawn)} ` +
      `(${last?.reason ?? 'see the log'}). Mend what the peer sends; the log has the whole UPDATE`,
  ];
}

/** The announcements of peers for prefixes that are the cluster's own. */
function guarded({ status, desired }: Reported): string[] {
  if (status.guarded === undefined) return [];
  const { count } = status.guarded;
  return [
    `BGP peer ${status.name} announces ${count === 1 ? 'a route' : `${count} routes`} inside the cluster’s own pools or services, ` +
      `not believed: ${named(status.guarded)}. Mend what it sends; or if it carries the cluster’s routes, annotate BGPPeer ` +
      `${desired?.name ?? ''} with vrouter.projectcalico.org/acceptOwnPrefixes=true`,
  ];
}

function nearLimit({ status, desired }: Reported): string[] {
  const { maxPrefixes, maxPrefixesWarning = NEAR, name } = desired ?? {};
  if (maxPrefixes === undefined || status.prefixes.largest * 100 < maxPrefixes * maxPrefixesWarning) return [];
  return [
    `BGP peer ${status.name} announces ${status.prefixes.largest} of at most ${maxPrefixes} prefixes; with more the session ends ` +
      `(vrouter.projectcalico.org/maxPrefixes of BGPPeer ${name})`,
  ];
}

function named({ count, prefixes }: { readonly count: number; readonly prefixes: readonly string[] }): string {
  return `${prefixes.join(', ')}${count > prefixes.length ? ', …' : ''}`;
}
