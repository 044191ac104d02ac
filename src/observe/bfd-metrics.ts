import type { Registry } from 'prom-client';
import { counter, gauge } from './define.ts';
import type { NodeFigures } from './figures.ts';
import type { NodeReport, ReportedPeer } from './report.ts';

/** BFD sessions by the address of their neighbour; a peer that is not to be watched has none of these series. */
export function defineBfdMetrics(
  registers: Registry[],
  status: () => NodeReport,
  figures: () => Pick<NodeFigures, 'bfdPackets'>,
): void {
  const watched = (): readonly (ReportedPeer & Required<Pick<ReportedPeer, 'bfd'>>)[] =>
    (status().bgp?.peers ?? []).flatMap((peer) => (peer.bfd === undefined ? [] : [{ ...peer, bfd: peer.bfd }]));
  gauge(registers, 'vrouter_bfd_session_up', 'Whether the BFD session with the peer is Up', ['peer'], () =>
    watched().map(({ address, bfd }) => [{ peer: address }, bfd.state === 'Up' ? 1 : 0]),
  );
  gauge(
    registers,
    'vrouter_bfd_session_detection_seconds',
    'After how much silence the BFD session goes down, as agreed on; 0 before the first packet',
    ['peer'],
    () => watched().map(({ address, bfd }) => [{ peer: address }, (bfd.detectionTime ?? 0) / 1000]),
  );
  counter(registers, 'vrouter_bfd_session_downs_total', 'BFD sessions that were Up and failed', ['peer'], () =>
    watched().map(({ address, bfd }) => [{ peer: address }, bfd.downs]),
  );
  counter(
    registers,
    'vrouter_bfd_packets_total',
    'BFD packets; unheard: of no session or not understood; unsent: refused by the kernel',
    ['direction'],
    () => Object.entries(figures().bfdPackets).map(([direction, count]) => [{ direction }, count]),
  );
}
