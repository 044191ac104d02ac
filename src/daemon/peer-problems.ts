import type { PeerReport } from '../routing/index.ts';

/** What is wrong with what peers say, for the node's status: each with what to do. */
export function peerProblems(reports: readonly Pick<PeerReport, 'status'>[]): string[] {
  return reports.flatMap(({ status }) => {
    const { last, withdrawn } = status.malformed;
    if (withdrawn.count === 0) return [];
    const routes = withdrawn.count === 1 ? 'a route' : `${withdrawn.count} routes`;
    const named = withdrawn.prefixes.join(', ');
    const more = withdrawn.count > withdrawn.prefixes.length ? ', …' : '';
    return [
      `BGP peer ${status.name}: ${routes} left out, since it announced them in malformed UPDATEs: ${named}${more} ` +
        `(${last?.reason ?? 'see the log'}). Mend what the peer sends; the log has the whole UPDATE`,
    ];
  });
}
