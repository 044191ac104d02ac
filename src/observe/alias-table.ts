import type { AliasSet } from './alias-names.ts';
import { type Alias, type AliasLabels, type AliasSample, alias, type ReadSamples } from './alias-shape.ts';
import { FSM_STATES } from './report.ts';

const objects = (name: string, help: string, ...kinds: readonly string[]): Alias => ({
  ...alias(name, 'gauge', 'vrouter_datastore_objects', help),
  samples: (read) => {
    const counted = read('vrouter_datastore_objects').filter(({ labels }) => kinds.includes(labels['kind']));
    return counted.length === 0 ? [] : [{ labels: {}, value: counted.reduce((sum, { value }) => sum + value, 0) }];
  },
});

const BOTH = () => [{ ip_version: '4' }, { ip_version: '6' }];

const FELIX: readonly Alias[] = [
  alias('felix_active_local_endpoints', 'gauge', 'vrouter_endpoints', 'Pods of this node', {
    where: { state: 'desired' },
  }),
  alias('felix_active_local_policies', 'gauge', 'vrouter_policy_objects', 'Policies that act on this node', {
    where: { what: 'policies' },
  }),
  objects('felix_cluster_num_hosts', 'Nodes of the cluster', 'Node'),
  objects('felix_cluster_num_workload_endpoints', 'Pods of the cluster', 'WorkloadEndpoint'),
  objects('felix_cluster_num_host_endpoints', 'Host endpoints of the cluster', 'HostEndpoint'),
  objects('felix_cluster_num_policies', 'Policies of the cluster', 'NetworkPolicy', 'GlobalNetworkPolicy'),
  objects('felix_cluster_num_profiles', 'Profiles of the cluster', 'Profile'),
  objects('felix_cluster_num_tiers', 'Tiers of the cluster', 'Tier'),
  alias('felix_resync_state', 'gauge', 'vrouter_datastore_connected', 'The datastore: 2 is being read, 3 in sync', {
    value: (isInSync) => (isInSync === 1 ? 3 : 2),
  }),
  alias('felix_int_dataplane_apply_time_seconds', 'summary', 'vrouter_apply_seconds', 'Turns of the main loop'),
  alias(
    'felix_int_dataplane_failures',
    'untyped',
    'vrouter_nft_transaction_failures_total',
    'Attempts at the data plane that failed',
  ),
  alias('felix_ipsets_calico', 'gauge', 'vrouter_policy_objects', 'Sets of addresses that policy looks into', {
    where: { what: 'sets' },
    labels: BOTH,
  }),
  alias('felix_ipsets_total', 'untyped', 'vrouter_policy_objects', 'Sets of addresses of both families', {
    where: { what: 'sets' },
    value: (sets) => 2 * sets,
  }),
  alias('felix_nft_calls', 'untyped', 'vrouter_nft_transactions_total', 'Transactions of the packet filter'),
  alias(
    'felix_nft_errors',
    'untyped',
    'vrouter_nft_transaction_failures_total',
    'Transactions of the packet filter that failed',
  ),
  alias('felix_route_table_num_routes', 'gauge', 'vrouter_routes', 'Routes that Felix would keep', {
    labels: ({ table }) => ({ table }),
  }),
  alias(
    'felix_route_table_partial_resync_seconds',
    'summary',
    'vrouter_route_program_seconds',
    "From a change in the wanted routes to the kernel's answer",
  ),
];

const perNode = ({ node }: AliasLabels): AliasLabels => ({ node });
const CALICO: readonly Alias[] = [
  alias('ipam_allocations_per_node', 'gauge', 'ipam_allocations_in_use', 'Addresses in use, by node', {
    labels: perNode,
  }),
  alias(
    'ipam_allocations_borrowed_per_node',
    'gauge',
    'ipam_allocations_borrowed',
    'Addresses out of blocks of others',
    {
      labels: perNode,
    },
  ),
  alias('ipam_blocks_per_node', 'gauge', 'ipam_blocks', 'Blocks, by node', { labels: perNode }),
];

/** IPv6 addresses have more than one colon, with or without a port after them. */
const family = (peer: string): 4 | 6 => (peer.split(':').length > 2 ? 6 : 4);
const state = (value: number): string => FSM_STATES[value - 1] ?? 'Idle';
const up = (value: number): number => Number(value === FSM_STATES.indexOf('Established') + 1);

/** Since the session is up, in seconds, by the last beat of the loop; 0 while it is not. */
function uptimes(read: ReadSamples): readonly AliasSample[] {
  const now = read('vrouter_heartbeat_timestamp_seconds')[0]?.value ?? 0;
  return read('vrouter_bgp_session_established_timestamp_seconds').map(({ labels, value }) => {
    return { labels, value: value === 0 ? 0 : Math.max(0, now - value) };
  });
}
const UPTIME = ['vrouter_bgp_session_established_timestamp_seconds', 'vrouter_heartbeat_timestamp_seconds'];

/** By peer as frr_exporter labels it. */
function frr(
  name: string,
  from: readonly string[],
  help: string,
  samplesOf: (read: ReadSamples) => readonly AliasSample[],
): Alias {
  const samples: Alias['samples'] = (read) => {
    const localAs = read('vrouter_bgp_info')[0]?.labels['asn'] ?? '';
    const asOf = new Map(read('vrouter_bgp_session_up').map(({ labels: { peer, peer_as } }) => [peer, peer_as]));
    return samplesOf(read).map(({ labels: { peer = '' }, value }) => {
      const ends = { local_as: localAs, peer, peer_as: asOf.get(peer) ?? '' };
      return { labels: { vrf: 'default', afi: `ipv${family(peer)}`, safi: 'unicast', ...ends }, value };
    });
  };
  return { name, type: 'untyped', help, from: [...from, 'vrouter_bgp_info', 'vrouter_bgp_session_up'], samples };
}

const prefixes = (direction: string) => (read: ReadSamples) =>
  read('vrouter_bgp_prefixes').filter(({ labels }) => labels['direction'] === direction);
const frrPrefixes = (direction: string): Alias =>
  frr(
    `frr_bgp_peer_prefixes_${direction}_count_total`,
    ['vrouter_bgp_prefixes'],
    `Prefixes ${direction}`,
    prefixes(direction),
  );
const frrMessages = (direction: 'received' | 'sent'): Alias =>
  frr(`frr_bgp_peer_message_${direction}_total`, ['vrouter_bgp_messages_total'], `Messages ${direction}`, (read) => {
    const sums = alias('', 'untyped', 'vrouter_bgp_messages_total', '', {
      where: { direction },
      labels: ({ peer }) => ({ peer }),
    });
    return sums.samples(read);
  });
/** Of the node, by the family that peers speak by. */
const frrNode = (
  name: string,
  from: string,
  help: string,
  value: (value: number) => number = (count) => count,
): Alias =>
  alias(name, 'untyped', from, help, {
    ...(from === 'vrouter_routes' && { where: { proto: 'bgp' } }),
    labels: ({ peer, afi }) => ({ vrf: 'default', afi: afi ?? `ipv${family(peer ?? '')}`, safi: 'unicast' }),
    value,
  });

const FRR: readonly Alias[] = [
  frr('frr_bgp_peer_state', ['vrouter_bgp_session_state'], 'Whether the session is Established', (read) =>
    read('vrouter_bgp_session_state').map(({ labels, value }) => ({ labels, value: up(value) })),
  ),
  frr('frr_bgp_peer_uptime_seconds', UPTIME, 'For how long the session has been Established', uptimes),
  frrMessages('received'),
  frrMessages('sent'),
  ...['received', 'accepted', 'filtered', 'advertised'].map(frrPrefixes),
  frrNode('frr_bgp_peers_count_total', 'vrouter_bgp_session_state', 'Peers', () => 1),
  frrNode('frr_bgp_rib_count_total', 'vrouter_routes', 'Routes that peers told of and that are wanted in the kernel'),
];

/** Calico's names for BIRD's protocols. */
const PROTOCOL: Readonly<Record<string, string>> = {
  'node-to-node mesh': 'Mesh',
  global: 'Global',
  'local workload': 'Local_Workload',
};

/** By protocol as bird_exporter labels it. */
function bird(
  name: string,
  from: readonly string[],
  help: string,
  samplesOf: (read: ReadSamples) => readonly AliasSample[],
): Alias {
  const samples: Alias['samples'] = (read) => {
    const states = new Map(
      read('vrouter_bgp_session_state').map(({ labels, value }) => [labels['peer'], state(value)]),
    );
    const types = new Map(read('vrouter_bgp_session_up').map(({ labels: { peer, type } }) => [peer, type]));
    return samplesOf(read).map(({ labels: { peer = '' }, value }) => ({
      labels: {
        name: `${PROTOCOL[types.get(peer) ?? ''] ?? 'Node'}_${peer.replaceAll(/[^0-9a-z]+/gi, '_')}`,
        proto: 'BGP',
        ip_version: String(family(peer)),
        import_filter: '',
        export_filter: '',
        state: states.get(peer) ?? '',
      },
      value,
    }));
  };
  return {
    name,
    type: 'untyped',
    help,
    from: [...from, 'vrouter_bgp_session_state', 'vrouter_bgp_session_up'],
    samples,
  };
}

const birdPrefixes = (what: string, direction: string): Alias =>
  bird(
    `bird_protocol_prefix_${what}_count`,
    ['vrouter_bgp_prefixes'],
    `Routes of the protocol: ${what}`,
    prefixes(direction),
  );

const BIRD: readonly Alias[] = [
  bird('bird_protocol_up', ['vrouter_bgp_session_state'], 'Whether the session is Established', (read) =>
    read('vrouter_bgp_session_state').map(({ labels, value }) => ({ labels, value: up(value) })),
  ),
  bird('bird_protocol_uptime', UPTIME, 'For how long the session has been Established, in seconds', uptimes),
  birdPrefixes('import', 'accepted'),
  birdPrefixes('export', 'advertised'),
  birdPrefixes('filter', 'filtered'),
];

/** Source and alias of each metric that has a true counterpart; what has none is not made up. */
export const ALIASES: Readonly<Record<AliasSet, readonly Alias[]>> = {
  felix: FELIX,
  calico: CALICO,
  frr: FRR,
  bird: BIRD,
};
