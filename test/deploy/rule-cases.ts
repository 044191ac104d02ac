/** Series as promtool writes them: what is there every minute. */
type Series = Readonly<Record<string, string>>;

/** When an alert fires, and when it does not though it comes near. `at`: when that is looked at. */
export interface RuleCase {
  readonly at: string;
  readonly firing: Series;
  readonly quiet: Series;
}

const NODE = 'job="vrouter",instance="n1"';
const PATH = 'node="n2",path="overlay",afi="ipv4"';
const CNI = (result: string): string => `vrouter_cni_operation_seconds_count{${NODE},op="add",result="${result}"}`;
const prefixes = (direction: string): string =>
  `vrouter_bgp_prefixes{${NODE},peer="10.0.0.2",direction="${direction}"}`;
const programmed = (le: string): string => `vrouter_policy_program_seconds_bucket{${NODE},le="${le}"}`;
const up = (peer = '10.0.0.2'): string => `vrouter_bgp_session_up{${NODE},peer="${peer}",peer_as="64512"}`;
const pool = (used: number): Series => ({
  'ipam_ippool_size{job="vrouter",instance="n1",ippool="p"}': '256x90',
  'ipam_allocations_in_use{job="vrouter",instance="n1",ippool="p",node="n1"}': `${used - 10}x90`,
  'ipam_allocations_in_use{job="vrouter",instance="n1",ippool="p",node="n2"}': '10x90',
});
const ready = (nodes: number): Series =>
  Object.fromEntries(
    Array.from({ length: nodes }, (_, at) => [
      `kube_node_status_condition{node="n${at}",condition="Ready",status="true"}`,
      '1x90',
    ]),
  );

export const RULE_CASES: Readonly<Record<string, RuleCase>> = {
  BGPSessionDown: { at: '5m', firing: { [up()]: '0x90' }, quiet: { [up()]: '0 0 1 0 1 0' } },
  BGPAllSessionsDown: {
    at: '3m',
    firing: { [up()]: '0x90', [up('10.0.0.3')]: '0x90' },
    quiet: { [up()]: '0x90', [up('10.0.0.3')]: '1x90' },
  },
  BFDSessionDown: {
    at: '5m',
    firing: { [`vrouter_bfd_session_up{${NODE},peer="10.0.0.2"}`]: '0x90' },
    quiet: { [`vrouter_bfd_session_up{${NODE},peer="10.0.0.2"}`]: '1x90' },
  },
  BGPFlapping: {
    at: '12m',
    firing: { [`vrouter_bgp_session_flaps_total{${NODE},peer="10.0.0.2"}`]: '0+1x90' },
    quiet: { [`vrouter_bgp_session_flaps_total{${NODE},peer="10.0.0.2"}`]: '0 1 2 2x90' },
  },
  BGPPrefixesDropped: {
    at: '40m',
    firing: { [prefixes('received')]: '100x20 40x60' },
    quiet: { [prefixes('received')]: '100x20 60x60' },
  },
  BGPNotAdvertisingBlocks: {
    at: '10m',
    firing: { [prefixes('advertised')]: '0x90', [`vrouter_ipam_blocks{${NODE}}`]: '1x90', [up()]: '1x90' },
    quiet: { [prefixes('advertised')]: '0x90', [`vrouter_ipam_blocks{${NODE}}`]: '0x90', [up()]: '1x90' },
  },
  ConfigNotLoaded: {
    at: '10m',
    firing: { [`vrouter_config_loaded_bool{${NODE}}`]: '0x90' },
    quiet: { [`vrouter_config_loaded_bool{${NODE}}`]: '0x3 1x90' },
  },
  ConfigStale: {
    at: '10m',
    firing: { [`vrouter_config_stale_bool{${NODE}}`]: '1x90' },
    quiet: { [`vrouter_config_stale_bool{${NODE}}`]: '0x5 1x90' },
  },
  DatastoreStale: {
    at: '10m',
    firing: { [`vrouter_datastore_last_event_age_seconds{${NODE}}`]: '1000+60x90' },
    quiet: {
      [`vrouter_datastore_connected{${NODE},type="etcd"}`]: '1x90',
      [`vrouter_datastore_last_event_age_seconds{${NODE}}`]: '30x90',
    },
  },
  ComponentStalled: {
    at: '5m',
    firing: { [`vrouter_component_heartbeat_age_seconds{${NODE},component="filter"}`]: '0+60x90' },
    quiet: { [`vrouter_component_heartbeat_age_seconds{${NODE},component="filter"}`]: '59x90' },
  },
  NftProgrammingFailing: {
    at: '15m',
    firing: { [`vrouter_nft_transaction_failures_total{${NODE}}`]: '0+1x90' },
    quiet: { [`vrouter_nft_transaction_failures_total{${NODE}}`]: '0 1x90' },
  },
  RoutesRefused: {
    at: '10m',
    firing: { [`vrouter_routes_failed{${NODE}}`]: '2x90' },
    quiet: { [`vrouter_routes_failed{${NODE}}`]: '2 0x90' },
  },
  TunnelDrops: {
    at: '20m',
    firing: { [`vrouter_tunnel_drops_total{${NODE},device="tunl0",direction="transmit"}`]: '0+120x90' },
    quiet: { [`vrouter_tunnel_drops_total{${NODE},device="tunl0",direction="transmit"}`]: '0+30x90' },
  },
  PathLossHigh: {
    at: '10m',
    firing: { [`vrouter_path_loss_ratio{${NODE},${PATH}}`]: '0.06x90' },
    quiet: { [`vrouter_path_loss_ratio{${NODE},${PATH}}`]: '0.05x90' },
  },
  PathMtuBlackhole: {
    at: '10m',
    firing: { [`vrouter_path_mtu_bytes{${NODE},${PATH}}`]: '1400x90', [`vrouter_pod_mtu_bytes{${NODE}}`]: '1450x90' },
    quiet: {
      [`vrouter_path_mtu_bytes{${NODE},${PATH}}`]: '1450x90',
      // Where nothing gets through, its size is not the reason.
      [`vrouter_path_mtu_bytes{${NODE},${PATH.replace('n2', 'n3')}}`]: '0x90',
      [`vrouter_pod_mtu_bytes{${NODE}}`]: '1450x90',
    },
  },
  CNIFailures: {
    at: '15m',
    firing: { [CNI('ok')]: '0+4x90', [CNI('error')]: '0+1x90' },
    quiet: { [CNI('ok')]: '0+40x90', [CNI('error')]: '0+1x90' },
  },
  ScrapeMissing: {
    at: '20m',
    firing: { ...ready(2), [`vrouter_build_info{${NODE},version="1"}`]: '1x90' },
    quiet: { ...ready(1), [`vrouter_build_info{${NODE},version="1"}`]: '1x90' },
  },
  IPPoolNearlyFull: { at: '10m', firing: pool(220), quiet: pool(215) },
  IPPoolAlmostFull: { at: '10m', firing: pool(250), quiet: pool(240) },
  IPAMLeak: {
    at: '95m',
    firing: { 'ipam_allocations_gc_candidates{job="vrouter",instance="n1",ippool="p",node="n1"}': '3x120' },
    quiet: { 'ipam_allocations_gc_candidates{job="vrouter",instance="n1",ippool="p",node="n1"}': '3x80 0x5 3x40' },
  },
  PolicyProgrammingSlow: {
    at: '15m',
    firing: { [programmed('5')]: '0+1x90', [programmed('10')]: '0+10x90', [programmed('+Inf')]: '0+10x90' },
    quiet: { [programmed('5')]: '0+10x90', [programmed('10')]: '0+10x90', [programmed('+Inf')]: '0+10x90' },
  },
  PolicyDisagreement: {
    at: '5m',
    firing: { [`vrouter_policy_disagreements{${NODE}}`]: '1x90' },
    quiet: { [`vrouter_policy_disagreements{${NODE}}`]: '0x90' },
  },
};
