import type { Alert } from './alert.ts';

const CNI = 'vrouter_cni_operation_seconds_count';

export const NODE_ALERTS: readonly Alert[] = [
  {
    name: 'ConfigNotLoaded',
    expr: 'vrouter_config_loaded_bool == 0',
    for: '5m',
    severity: 'critical',
    summary: 'A node has not applied any configuration yet',
    description: '{{ $labels.instance }} runs, and has not been able to apply what the cluster says since its start.',
    impact: 'New pods on this node get no network. What a former run left in the kernel goes on.',
    look: [
      '`vrouter status` on the node: its first line says what it waits for.',
      'The datastore: is it reachable from the node, and may the daemon read all kinds (deploy/rbac.yaml)?',
    ],
    mend: ['Mend what the status names. The daemon tries again by itself.'],
  },
  {
    name: 'ConfigStale',
    expr: 'vrouter_config_stale_bool == 1',
    for: '5m',
    severity: 'warning',
    summary: 'A node does not do what the cluster says',
    description:
      '{{ $labels.instance }} has applied something else than the cluster says now: some of it is refused, not understood, or not known.',
    impact: 'The last change has no effect on this node, in whole or in part.',
    look: [
      '`vrouter status` on the node names each object that is not understood and each part that the kernel refuses, with its reason.',
      '`vrouter_kernel_refused` has the same for all nodes.',
    ],
    mend: ['Correct the object that is named, or remove from the kernel what is in the way.'],
  },
  {
    name: 'DatastoreStale',
    expr: 'vrouter_datastore_connected == 0 or vrouter_datastore_last_event_age_seconds > 900',
    for: '5m',
    severity: 'warning',
    summary: 'A node hears nothing from the datastore',
    description:
      '{{ $labels.instance }} has not been in sync with the datastore for 5 minutes, or has not heard of it for 15.',
    impact:
      'The node goes on with what it knows. New pods on it get addresses of its own blocks at most, and changes of policy do not reach it.',
    look: [
      'The datastore itself: API server or etcd; is it one node, or all of them?',
      'The log of the daemon, component `datastore`: refused credentials, expired certificates, timeouts.',
    ],
    mend: ['Bring back the datastore, or the way to it. Nothing needs to be restarted on the node.'],
  },
  {
    name: 'ComponentStalled',
    expr: 'vrouter_component_heartbeat_age_seconds > 60',
    for: '1m',
    severity: 'critical',
    summary: 'A part of the daemon does not go on',
    description:
      '{{ $labels.component }} of {{ $labels.instance }} has been at one piece of work for {{ $value | humanizeDuration }}.',
    impact: 'What this part should bring into the kernel or to peers waits. Packets flow as before.',
    look: [
      'The processor and the disk of the node: a node that stands still stalls everything.',
      'For `filter`: `nft list tables` by hand; another program may hold the packet filter.',
      'For `routes`: the log of the kernel, and how many routes there are.',
    ],
    mend: [
      'Remove the load, or the program that holds the kernel.',
      'Restart the daemon: forwarding survives that. Keep its log and `vrouter status` for a report.',
    ],
  },
  {
    name: 'NftProgrammingFailing',
    expr: 'increase(vrouter_nft_transaction_failures_total[5m]) > 0',
    for: '5m',
    severity: 'critical',
    summary: 'The kernel refuses parts of the packet filter',
    description:
      '{{ $labels.instance }} has had {{ $value | humanize }} transactions of the packet filter refused in 5 minutes.',
    impact: 'The refused parts are not there: a policy that is refused lets nothing through. All other parts hold.',
    look: [
      '`vrouter status` and `vrouter_kernel_refused`: which part, and the words of the kernel.',
      'Whether the kernel has the modules of nftables (`vrouter_kernel_refused` then says `No such file or directory`), and enough memory.',
    ],
    mend: ['Load the module or free the memory; correct the policy that is named. It is tried again within a minute.'],
  },
  {
    name: 'RoutesRefused',
    expr: 'vrouter_routes_failed > 0',
    for: '5m',
    severity: 'warning',
    summary: 'The kernel refuses routes',
    description: '{{ $labels.instance }} has {{ $value | humanize }} routes that the kernel does not take.',
    impact: 'The pods or nodes behind these routes are not reached from this node.',
    look: [
      '`vrouter status routes` on the node: each route with the words of the kernel; most often a route of somebody else is in its place.',
    ],
    mend: ['Remove the other route, or what makes it; the command stands in `vrouter status`.'],
  },
  {
    name: 'TunnelDrops',
    expr: 'rate(vrouter_tunnel_drops_total[5m]) > 1',
    for: '10m',
    severity: 'warning',
    summary: 'A tunnel loses packets',
    description:
      '{{ $labels.device }} of {{ $labels.instance }} drops {{ $value | humanize }} packets a second ({{ $labels.direction }}).',
    impact: 'Traffic between pods on different nodes is slow, or hangs for large packets.',
    look: [
      '`ip -s link show DEVICE`, and whether the underlay carries the MTU of the tunnel: `ping -M do -s SIZE NODE`.',
      'Whether the other node still exists and has its tunnel: `vrouter status tunnels`.',
    ],
    mend: ['Give the pods an MTU that the underlay carries (FelixConfiguration), or mend the underlay.'],
  },
  {
    name: 'CNIFailures',
    expr: `sum by (job, instance, op) (rate(${CNI}{result="error"}[5m])) / sum by (job, instance, op) (rate(${CNI}[5m])) > 0.1`,
    for: '5m',
    severity: 'critical',
    summary: 'Requests of the container runtime fail',
    description: '{{ $value | humanizePercentage }} of the {{ $labels.op }} requests on {{ $labels.instance }} fail.',
    impact: 'Pods on this node do not start, or their addresses are not given back.',
    look: [
      'The log of the daemon: `CNI request failed` with the reason.',
      '`vrouter status`: full pools, a datastore that is away, a full disk.',
    ],
    mend: ['Mend the reason; the runtime asks again by itself.'],
  },
  {
    name: 'ScrapeMissing',
    expr: 'count(kube_node_status_condition{condition="Ready",status="true"} == 1) - count(vrouter_build_info) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'Fewer nodes show metrics than are ready',
    description: '{{ $value | humanize }} nodes are ready and show no metrics of vRouter.',
    impact: 'Nothing is known of these nodes, and no other alert can tell of them.',
    look: [
      'Pods of the DaemonSet on each node, and the targets page of Prometheus.',
      'Nodes that are meant to have no vRouter count here too; so does a cluster without kube-state-metrics never.',
    ],
    mend: [
      'Start the daemon there, allow Prometheus its port (9091), or silence the alert where nodes are meant to be without.',
    ],
  },
];
