import type { Registry } from 'prom-client';
import { counter, gauge } from './define.ts';
import type { NodeFigures } from './figures.ts';
import { FSM_STATES, type NodeReport, type ReportedPeer } from './report.ts';

const DIRECTIONS = ['received', 'sent'] as const;
const MESSAGES = ['open', 'update', 'notification', 'keepalive', 'refresh'] as const;
const ACTIONS = ['discard', 'withdraw', 'reset'] as const;

/** Sessions by the address of their peer, and nothing that grows with what peers say. Each series is there from the peer's first day. */
export function defineBgpMetrics(
  registers: Registry[],
  status: () => NodeReport,
  figures: () => Pick<NodeFigures, 'peers'>,
): void {
  const peers = (): readonly ReportedPeer[] => status().bgp?.peers ?? [];
  gauge(registers, 'vrouter_bgp_info', 'The AS number and the router ID of this node', ['asn', 'router_id'], () => {
    const { bgp } = status();
    return bgp === undefined ? [] : [[{ asn: String(bgp.asn), router_id: bgp.routerId }, 1]];
  });
  gauge(registers, 'vrouter_bgp_session_up', 'Whether the session is Established', ['peer', 'peer_as', 'type'], () =>
    peers().map((peer) => [
      { peer: peer.address, peer_as: String(peer.remoteAs), type: peer.type },
      peer.session === 'Established' ? 1 : 0,
    ]),
  );
  gauge(registers, 'vrouter_bgp_session_state', 'FSM state: 1 Idle to 6 Established', ['peer'], () =>
    peers().map((peer) => [{ peer: peer.address }, FSM_STATES.indexOf(peer.session) + 1]),
  );
  gauge(
    registers,
    'vrouter_bgp_session_established_timestamp_seconds',
    'Since when the session is Established, in seconds since 1970; 0 while it is not',
    ['peer'],
    () => peers().map((peer) => [{ peer: peer.address }, peer.session === 'Established' ? peer.since / 1000 : 0]),
  );
  counter(
    registers,
    'vrouter_bgp_session_flaps_total',
    'Sessions that were Established and are no more',
    ['peer'],
    () => peers().map(({ address, flaps = 0 }) => [{ peer: address }, flaps]),
  );
  gauge(
    registers,
    'vrouter_bgp_session_last_error_timestamp_seconds',
    'When a session ended with an error the last time, or could not begin, in seconds since 1970, and why; 0 for never',
    ['peer', 'reason'],
    () =>
      peers().map(({ address, lastError }) => [
        { peer: address, reason: lastError?.reason ?? '' },
        (lastError?.at ?? 0) / 1000,
      ]),
  );
  gauge(
    registers,
    'vrouter_bgp_last_notification_info',
    'The last NOTIFICATION of a session by its numbers (RFC 4271, 4.5); 0 and without numbers: none since the start',
    ['peer', 'code', 'subcode', 'direction'],
    () => {
      const known = new Map(figures().peers.map(({ peer, notification }) => [peer, notification]));
      return peers().map(({ address: peer }) => {
        const last = known.get(peer);
        if (last === undefined) return [{ peer, code: '', subcode: '', direction: '' }, 0];
        return [{ peer, code: String(last.code), subcode: String(last.subcode), direction: last.direction }, 1];
      });
    },
  );
  gauge(
    registers,
    'vrouter_bgp_prefixes',
    'Prefixes of each peer; guarded: inside the cluster’s own, and not believed',
    ['peer', 'direction'],
    () =>
      peers().flatMap(({ address: peer, received, accepted, advertised, guarded = 0 }) =>
        Object.entries({ received, accepted, filtered: received - accepted, guarded, advertised }).map(
          ([direction, count]) => [{ peer, direction }, count] as const,
        ),
      ),
  );
  counter(registers, 'vrouter_bgp_messages_total', 'BGP messages', ['peer', 'type', 'direction'], () =>
    figures().peers.flatMap(({ peer, messages }) =>
      DIRECTIONS.flatMap((direction) =>
        MESSAGES.map((type) => [{ peer, type, direction }, messages[direction][type] ?? 0] as const),
      ),
    ),
  );
  counter(
    registers,
    'vrouter_bgp_malformed_updates_total',
    'Malformed UPDATEs by what was done about them (RFC 7606)',
    ['peer', 'action'],
    () =>
      peers().flatMap(({ address: peer, malformed }) =>
        ACTIONS.map((action) => [{ peer, action }, malformed?.[action] ?? 0] as const),
      ),
  );
  gauge(
    registers,
    'vrouter_bgp_routes_withdrawn_by_error',
    'Routes left out because the peer announced them in malformed UPDATEs',
    ['peer'],
    () => peers().map((peer) => [{ peer: peer.address }, peer.malformed?.withdrawn.count ?? 0]),
  );
}
