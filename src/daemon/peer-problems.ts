import type { PeerReport } from '../routing/index.ts';

/** What is wrong with what peers say, for the node's status: each with what to do. */
export function peerProblems(reports: readonly Pick<PeerReport, 'status' | 'bfd'>[]): string[] {
  return [...reports.flatMap(malformed), ...reports.flatMap(unwatched)];
}

/** A peer that is up, and that BFD does not watch though it was asked to: it may be gone for long before that is noticed. */
function unwatched({ status, bfd }: Pick<PeerReport, 'status' | 'bfd'>): string[] {
  if (status.state !== 'Established' || bfd?.reason === undefined || bfd.isMeant) return [];
  return [`BGP peer ${status.name}: BFD does not watch it: ${bfd.reason}`];
}

function malformed({ status }: Pick<PeerReport, 'status'>): string[] {
  const { last, withdrawn } = status.malformed;
  if (withdrawn.count === 0) return [];
  const routes = withdrawn.count === 1 ? 'a route' : `${withdrawn.count} routes`;
  const named = withdrawn.prefixes.join(', ');
  const more = withdrawn.count > withdrawn.prefixes.length ? ', …' : '';
  return [
    `BGP peer ${status.name}: ${routes} left out, since it announced them in malformed UPDATEs: ${named}${more} ` +
      `(${last?.reason ?? 'see the log'}). Mend what the peer sends; the log has the whole UPDATE`,
  ];
}
