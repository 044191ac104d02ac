import { type Board, NODES, PEERS } from './board.ts';

const rate = (counter: string, labels = NODES): string => `rate(${counter}{${labels}}[$__rate_interval])`;
const quantile = (part: number, histogram: string, by = 'le'): string =>
  `histogram_quantile(${part}, sum by (${by}) (${rate(`${histogram}_bucket`)}))`;
const quantiles = (histogram: string) =>
  [0.5, 0.99].map((part) => [quantile(part, histogram), `p${part * 100}`] as const);

const OVERVIEW: Board = {
  uid: 'vrouter-overview',
  title: 'vRouter / Overview',
  panels: [
    { title: 'Nodes', kind: 'stat', unit: 'short', width: 4, targets: [[`count(vrouter_build_info{${NODES}})`, '']] },
    {
      title: 'Not ready',
      kind: 'stat',
      unit: 'short',
      width: 4,
      targets: [[`count(vrouter_ready{${NODES}} == 0) or vector(0)`, '']],
    },
    {
      title: 'Sessions down',
      kind: 'stat',
      unit: 'short',
      width: 4,
      targets: [[`count(vrouter_bgp_session_up{${NODES}} == 0) or vector(0)`, '']],
    },
    {
      title: 'Pods',
      kind: 'stat',
      unit: 'short',
      width: 4,
      targets: [[`sum(vrouter_endpoints{${NODES},state="desired"})`, '']],
    },
    { title: 'Problems', kind: 'stat', unit: 'short', width: 4, targets: [[`sum(vrouter_problems{${NODES}})`, '']] },
    {
      title: 'Configuration stale',
      kind: 'stat',
      unit: 'short',
      width: 4,
      targets: [[`sum(vrouter_config_stale_bool{${NODES}})`, '']],
    },
    {
      title: 'Routes by source',
      kind: 'timeseries',
      unit: 'short',
      targets: [[`sum by (proto) (vrouter_routes{${NODES}})`, '{{proto}}']],
    },
    {
      title: 'UPDATE to kernel',
      kind: 'timeseries',
      unit: 's',
      targets: quantiles('vrouter_bgp_convergence_seconds'),
    },
    {
      title: 'CNI requests',
      kind: 'timeseries',
      unit: 'reqps',
      targets: [[`sum by (op, result) (${rate('vrouter_cni_operation_seconds_count')})`, '{{op}} {{result}}']],
    },
    {
      title: 'What the kernel refuses',
      kind: 'table',
      unit: 'short',
      width: 12,
      targets: [[`vrouter_kernel_refused{${NODES}}`, '']],
    },
    {
      title: 'Versions',
      kind: 'table',
      unit: 'short',
      width: 12,
      targets: [[`count by (version) (vrouter_build_info{${NODES}})`, '']],
    },
  ],
};

const BGP: Board = {
  uid: 'vrouter-bgp',
  title: 'vRouter / BGP',
  byPeer: true,
  panels: [
    {
      title: 'Sessions Established',
      kind: 'stat',
      unit: 'short',
      width: 6,
      targets: [[`sum(vrouter_bgp_session_up{${PEERS}})`, '']],
    },
    {
      title: 'Sessions down',
      kind: 'stat',
      unit: 'short',
      width: 6,
      targets: [[`count(vrouter_bgp_session_up{${PEERS}} == 0) or vector(0)`, '']],
    },
    {
      title: 'Losses',
      kind: 'timeseries',
      unit: 'short',
      width: 12,
      targets: [[`increase(vrouter_bgp_session_flaps_total{${PEERS}}[$__rate_interval])`, '{{instance}} {{peer}}']],
    },
    {
      title: 'State (1 Idle to 6 Established)',
      kind: 'timeseries',
      unit: 'short',
      targets: [[`vrouter_bgp_session_state{${PEERS}}`, '{{instance}} {{peer}}']],
    },
    {
      title: 'Prefixes',
      kind: 'timeseries',
      unit: 'short',
      targets: [[`sum by (instance, direction) (vrouter_bgp_prefixes{${PEERS}})`, '{{instance}} {{direction}}']],
    },
    {
      title: 'Messages',
      kind: 'timeseries',
      unit: 'cps',
      targets: [[`sum by (type, direction) (${rate('vrouter_bgp_messages_total', PEERS)})`, '{{type}} {{direction}}']],
    },
    {
      title: 'Established for',
      kind: 'table',
      unit: 's',
      width: 12,
      targets: [[`time() - (vrouter_bgp_session_established_timestamp_seconds{${PEERS}} > 0)`, '']],
    },
    {
      title: 'Last errors',
      kind: 'table',
      unit: 'dateTimeFromNow',
      width: 12,
      targets: [[`(vrouter_bgp_session_last_error_timestamp_seconds{${PEERS}} > 0) * 1000`, '']],
    },
    {
      title: 'Last NOTIFICATION',
      kind: 'table',
      unit: 'short',
      width: 12,
      targets: [[`vrouter_bgp_last_notification_info{${PEERS}} == 1`, '']],
    },
    {
      title: 'Malformed UPDATEs',
      kind: 'timeseries',
      unit: 'cps',
      width: 12,
      targets: [
        [`sum by (peer, action) (${rate('vrouter_bgp_malformed_updates_total', PEERS)})`, '{{peer}} {{action}}'],
      ],
    },
    {
      title: 'UPDATE to kernel',
      kind: 'heatmap',
      unit: 's',
      width: 24,
      targets: [[`sum by (le) (${rate('vrouter_bgp_convergence_seconds_bucket')})`, '{{le}}']],
    },
  ],
};

/** The figures of pools are of the cluster, and come from the node that leads. */
const CLUSTER = 'cluster=~"$cluster"';
const IPAM: Board = {
  uid: 'vrouter-ipam',
  title: 'vRouter / IPAM',
  panels: [
    {
      title: 'Use of pools',
      kind: 'gauge',
      unit: 'percentunit',
      width: 12,
      targets: [
        [
          `sum by (ippool) (ipam_allocations_in_use{${CLUSTER}}) / on (ippool) max by (ippool) (ipam_ippool_size{${CLUSTER}})`,
          '{{ippool}}',
        ],
      ],
    },
    {
      title: 'Addresses in use',
      kind: 'timeseries',
      unit: 'short',
      width: 12,
      targets: [[`sum by (ippool) (ipam_allocations_in_use{${CLUSTER}})`, '{{ippool}}']],
    },
    {
      title: 'Blocks',
      kind: 'timeseries',
      unit: 'short',
      targets: [[`sum by (ippool) (ipam_blocks{${CLUSTER}})`, '{{ippool}}']],
    },
    {
      title: 'Borrowed addresses',
      kind: 'timeseries',
      unit: 'short',
      targets: [[`sum by (ippool) (ipam_allocations_borrowed{${CLUSTER}})`, '{{ippool}}']],
    },
    {
      title: 'Seem to be nobody’s, and taken back',
      kind: 'timeseries',
      unit: 'short',
      targets: [
        [`sum by (ippool) (ipam_allocations_gc_candidates{${CLUSTER}})`, '{{ippool}} nobody’s'],
        [
          `sum by (ippool) (increase(ipam_allocations_gc_reclamations{${CLUSTER}}[$__rate_interval]))`,
          '{{ippool}} taken back',
        ],
      ],
    },
    {
      title: 'Use of the blocks of each node',
      kind: 'timeseries',
      unit: 'percentunit',
      width: 12,
      targets: [[`vrouter_ipam_addresses_in_use{${NODES}} / vrouter_ipam_addresses{${NODES}}`, '{{instance}}']],
    },
    {
      title: 'Blocks of each node',
      kind: 'timeseries',
      unit: 'short',
      width: 12,
      targets: [[`vrouter_ipam_blocks{${NODES}}`, '{{instance}}']],
    },
  ],
};

const POLICY: Board = {
  uid: 'vrouter-policy',
  title: 'vRouter / Policy',
  panels: [
    {
      title: 'Packets otherwise than policy says',
      kind: 'stat',
      unit: 'short',
      width: 6,
      targets: [[`sum(vrouter_policy_disagreements{${NODES}})`, '']],
    },
    {
      title: 'Held here',
      kind: 'timeseries',
      unit: 'short',
      width: 9,
      targets: [[`sum by (what) (vrouter_policy_objects{${NODES}})`, '{{what}}']],
    },
    {
      title: 'Change to kernel',
      kind: 'timeseries',
      unit: 's',
      width: 9,
      targets: quantiles('vrouter_policy_program_seconds'),
    },
    {
      title: 'Denied packets',
      kind: 'timeseries',
      unit: 'pps',
      width: 12,
      targets: [
        [
          `sum by (tier, policy, direction) (${rate('vrouter_policy_denied_packets_total')})`,
          '{{tier}} {{policy}} {{direction}}',
        ],
      ],
    },
    {
      title: 'Denied bytes',
      kind: 'timeseries',
      unit: 'Bps',
      width: 12,
      targets: [
        [
          `sum by (tier, policy, direction) (${rate('vrouter_policy_denied_bytes_total')})`,
          '{{tier}} {{policy}} {{direction}}',
        ],
      ],
    },
    {
      title: 'Packets by rule',
      kind: 'timeseries',
      unit: 'pps',
      width: 24,
      description: 'With VROUTER_POLICY_RULE_COUNTERS=true alone.',
      targets: [
        [
          `topk(20, sum by (tier, namespace, policy, rule, verdict) (${rate('vrouter_policy_packets_total')}))`,
          '{{tier}} {{policy}} {{rule}} {{verdict}}',
        ],
      ],
    },
  ],
};

const NODE: Board = {
  uid: 'vrouter-node',
  title: 'vRouter / Node',
  panels: [
    {
      title: 'Processor',
      kind: 'timeseries',
      unit: 'percentunit',
      targets: [[rate('process_cpu_seconds_total', NODES), '{{instance}}']],
    },
    {
      title: 'Memory',
      kind: 'timeseries',
      unit: 'bytes',
      targets: [[`process_resident_memory_bytes{${NODES}}`, '{{instance}}']],
    },
    {
      title: 'Event loop: how late',
      kind: 'timeseries',
      unit: 's',
      targets: [[`vrouter_event_loop_lag_seconds{${NODES}}`, '{{instance}}']],
    },
    {
      title: 'At one piece of work for',
      kind: 'timeseries',
      unit: 's',
      targets: [[`vrouter_component_heartbeat_age_seconds{${NODES}}`, '{{instance}} {{component}}']],
    },
    {
      title: 'Datastore: last heard of',
      kind: 'timeseries',
      unit: 's',
      targets: [[`vrouter_datastore_last_event_age_seconds{${NODES}}`, '{{instance}}']],
    },
    { title: 'Turns of the loop', kind: 'timeseries', unit: 's', targets: quantiles('vrouter_apply_seconds') },
    { title: 'Routes to kernel', kind: 'timeseries', unit: 's', targets: quantiles('vrouter_route_program_seconds') },
    {
      title: 'Packet filter',
      kind: 'timeseries',
      unit: 'ops',
      targets: [
        [`sum(${rate('vrouter_nft_transactions_total')})`, 'transactions'],
        [`sum(${rate('vrouter_nft_transaction_failures_total')})`, 'failed'],
      ],
    },
    {
      title: 'Packets that tunnels lose',
      kind: 'timeseries',
      unit: 'pps',
      targets: [[rate('vrouter_tunnel_drops_total'), '{{instance}} {{device}} {{direction}}']],
    },
    {
      title: 'Paths to other nodes: loss',
      kind: 'timeseries',
      unit: 'percentunit',
      description: 'With VROUTER_PATH_PROBE_INTERVAL alone.',
      targets: [[`vrouter_path_loss_ratio{${NODES}} > 0`, '{{instance}} {{node}} {{path}} {{afi}}']],
    },
    {
      title: 'Paths to other nodes: largest packet',
      kind: 'timeseries',
      unit: 'bytes',
      targets: [[`min by (instance, path, afi) (vrouter_path_mtu_bytes{${NODES}})`, '{{instance}} {{path}} {{afi}}']],
    },
    {
      title: 'Paths to other nodes: round trip',
      kind: 'timeseries',
      unit: 's',
      targets: [
        [quantile(0.5, 'vrouter_path_rtt_seconds', 'path, le'), '{{path}} p50'],
        [quantile(0.99, 'vrouter_path_rtt_seconds', 'path, le'), '{{path}} p99'],
      ],
    },
    {
      title: 'Routes',
      kind: 'timeseries',
      unit: 'short',
      width: 12,
      targets: [
        [`vrouter_routes_programmed{${NODES}}`, '{{instance}} programmed'],
        [`vrouter_routes_failed{${NODES}}`, '{{instance}} refused'],
      ],
    },
    {
      title: 'Objects of the datastore',
      kind: 'timeseries',
      unit: 'short',
      width: 12,
      targets: [[`max by (kind) (vrouter_datastore_objects{${NODES}})`, '{{kind}}']],
    },
  ],
};

export const BOARDS: readonly Board[] = [OVERVIEW, BGP, IPAM, POLICY, NODE];
