import { spawnSync } from 'node:child_process';
import t from 'tap';
import { ALIASES } from '../../src/observe/alias-table.ts';
import { ALIAS_SETS } from '../../src/observe/index.ts';
import { allMetrics, samplesOf } from './all-metrics.ts';

t.test('without the setting nobody else’s names are there', async (t) => {
  t.same(
    samplesOf(await allMetrics().text()).filter((line) => !/^(vrouter|process|nodejs|ipam)_/.test(line)),
    [],
  );
});

t.test('each set shows what its boards ask for', async (t) => {
  const expected = {
    felix: [
      'felix_active_local_endpoints 4',
      'felix_active_local_policies 6',
      'felix_cluster_num_hosts 3',
      'felix_cluster_num_policies 7',
      'felix_resync_state 3',
      'felix_int_dataplane_apply_time_seconds_count 1',
      'felix_int_dataplane_apply_time_seconds_sum 0.5',
      'felix_ipsets_calico{ip_version="4"} 8',
      'felix_ipsets_total 16',
      'felix_nft_errors 0',
      'felix_route_table_num_routes{table="main"} 14',
    ],
    calico: ['ipam_allocations_per_node{node="n1"} 5', 'ipam_blocks_per_node{node="n1"} 1'],
    frr: [
      'frr_bgp_peer_state{vrf="default",afi="ipv4",safi="unicast",local_as="64512",peer="10.0.0.2",peer_as="64513"} 1',
      'frr_bgp_peer_state{vrf="default",afi="ipv6",safi="unicast",local_as="64512",peer="[fd00::3]:1790",peer_as="64513"} 0',
      'frr_bgp_peer_uptime_seconds{vrf="default",afi="ipv4",safi="unicast",local_as="64512",peer="10.0.0.2",peer_as="64513"} 60',
      'frr_bgp_peer_message_received_total{vrf="default",afi="ipv4",safi="unicast",local_as="64512",peer="10.0.0.2",peer_as="64513"} 10',
      'frr_bgp_peer_prefixes_filtered_count_total{vrf="default",afi="ipv4",safi="unicast",local_as="64512",peer="10.0.0.2",peer_as="64513"} 2',
      'frr_bgp_peers_count_total{vrf="default",afi="ipv4",safi="unicast"} 1',
      'frr_bgp_rib_count_total{vrf="default",afi="ipv4",safi="unicast"} 10',
    ],
    bird: [
      'bird_protocol_up{name="Mesh_10_0_0_2",proto="BGP",ip_version="4",import_filter="",export_filter="",state="Established"} 1',
      'bird_protocol_up{name="Global__fd00_3_1790",proto="BGP",ip_version="6",import_filter="",export_filter="",state="Active"} 0',
      'bird_protocol_prefix_import_count{name="Mesh_10_0_0_2",proto="BGP",ip_version="4",import_filter="",export_filter="",state="Established"} 7',
      'bird_protocol_uptime{name="Mesh_10_0_0_2",proto="BGP",ip_version="4",import_filter="",export_filter="",state="Established"} 60',
    ],
  };
  t.same(Object.keys(expected), ALIAS_SETS, 'every set is looked at');
  for (const set of ALIAS_SETS) {
    const metrics = allMetrics([set]);
    metrics.applySeconds.observe(0.5);
    const lines = samplesOf(await metrics.text());
    for (const line of expected[set]) t.ok(lines.includes(line), line);
  }
});

t.test('each alias is made from metrics that are there, and shows something', async (t) => {
  const described = new Set(
    allMetrics()
      .described()
      .map(({ name }) => name),
  );
  const text = await allMetrics(ALIAS_SETS).text();
  for (const { name, from } of Object.values(ALIASES).flat()) {
    for (const source of from) t.ok(described.has(source), `${name} is made from ${source}`);
    const isShown = /^felix_cluster_num_(workload_endpoints|host_endpoints|profiles|tiers)$/.test(name);
    t.ok(isShown || new RegExp(`^${name}(_sum)?[ {]`, 'm').test(text), `${name} has series`);
  }
});

t.test('Prometheus’ own check has nothing to say of the page, nor of all aliases', async (t) => {
  for (const aliases of [[], ALIAS_SETS]) {
    const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], {
      input: await allMetrics(aliases).text(),
      encoding: 'utf8',
    });
    t.same([status, stderr, stdout], [0, '', ''], aliases.join());
  }
});
